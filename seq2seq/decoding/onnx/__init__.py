"""Networks as ONNX graphs, built in memory from their weights and run by ONNX Runtime on a CPU.

graph.py      a graph under construction: nodes, constants, linear layers in float32 or int8
cells.py      one step of recurrent layers
attention.py  the kinds of attention
encoder.py    the graph of the encoder
step.py       the graph of a step of the decoder
support.py    which networks can be exported
engine.py     both graphs as an engine of search
"""
