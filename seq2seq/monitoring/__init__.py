"""What a training says while it runs and at its end. No torch module is trained here.

progress.py       messages and the progress bar
losses.py         loss of a model on batches, and what the source adds to it
"""
