"""The network: recurrent cells, attention, encoder and decoder, and their losses.

recurrence.py  the walk over time that all cells share
cells.py       GRU, LSTM and other cells, each class with its equations
attention.py   what the decoder reads of the source
embedding.py   token vectors
dropout.py     dropout with fast masks on a CPU
encoder.py     source tokens in, one vector a token out
decoder.py     target tokens in, scores of the next token out
losses.py      cross entropy and R-Drop
model.py       all of it together; the only file here that reads a config
summary.py     a network as a table of layers
padding.py     token lists of different lengths as one tensor
"""
