"""The network: recurrent cells, attention, encoder and decoder, and their losses.

cells.py       GRU, LSTM and other cells, each class with its equations
recurrence.py  the base class of cells: the loop over time, initial weights, variational dropout
attention.py   the kinds of attention
embedding.py   token vectors
dropout.py     dropout with masks that a CPU draws quickly
encoder.py     source tokens in, one vector per token out
bridge.py      the decoder's first state
decoder.py     the base class of decoders: embedding, layers, readout, output layer, copying
decoders.py    the kinds of decoder, each class with its equations
losses.py      cross entropy and R-Drop
model.py       the whole network, built from a config
summary.py     a network as a table of layers
padding.py     token lists of different lengths as one tensor
"""
