"""What a training says while it runs and at its end. No weights are changed here.

progress.py       messages and the progress bar
summary.py        the line that a training begins with
samples.py        the same few sentences, translated at each validation
losses.py         loss of a model on batches, and what the source adds to it
unigram.py        what guessing by word frequency would reach
curve.py          the curve of a training, from the records of its log
early.py          what is wrong with a curve, its likeliest cause, and how to check
facts.py          what the rules of early.py must know of a run
show_pairs.py     the shell command that prints some pairs of a corpus
closing.py        the verdict at the end: go on, overfitting, ready
monitor.py        follows a training by the records of its log
board.py          curves for TensorBoard
micro_batches.py  batches cut into parts, when an update does not fit into memory
"""
