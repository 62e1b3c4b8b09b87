"""What a training minimises beside the cross entropy, and how the network reads its batches for that.

cutoff               tokens and features that the second reading of a batch lacks
scheduled_sampling   the decoder reads some of its own predictions
"""
