"""From token ids to translations: search, and the engines that compute its scores.

engine.py        the protocol between search and a network
search.py        greedy, beam, sampling and forced decoding
constraints.py   what may change the scores of a step
torch_engine.py  a network in torch as an engine
prepacked.py     weights laid out for the small products of decoding on a CPU
decode.py        sentences through the search, in batches
"""
