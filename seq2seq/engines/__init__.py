"""Engines by name: networks in torch, or as ONNX graphs, run by ONNX Runtime on a CPU.

choosing.py     the engines by name, and which one `auto` takes
torch_engine.py  a network in torch as an engine of search
prepacked.py    weights laid out for the small products of decoding on a CPU
onnx_engine.py  the graphs of a network as an engine of search
support.py      which networks can be exported, and their graphs
encoder.py      the graph of the encoder
step.py         the graphs of a step of the decoder
output.py       the graphs of the output layer, for all pieces or for those of a shortlist
shortlist.py    which pieces of the target are likely for a sentence, from its pieces
cells.py        one step of recurrent layers
attention.py    the kinds of attention
graph.py        a graph under construction: nodes, constants, linear layers in float32 or int8
"""
