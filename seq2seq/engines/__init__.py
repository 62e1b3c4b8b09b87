"""Engines by name, and the one that is not torch: networks as ONNX graphs, run by ONNX Runtime on a CPU.

choosing.py     the engines by name, and which one `auto` takes
onnx_engine.py  the graphs of a network as an engine of search
support.py      which networks can be exported, and their two graphs
encoder.py      the graph of the encoder
step.py         the graph of a step of the decoder
cells.py        one step of recurrent layers
attention.py    the kinds of attention
graph.py        a graph under construction: nodes, constants, linear layers in float32 or int8
"""
