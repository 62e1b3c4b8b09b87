"""What a training minimises beside the cross entropy, and how the network reads batches for that; averages.

averaging            the mean of the best weights of a run
cutoff               tokens and features that the second reading of a batch lacks
guided_alignment     attention that follows a word alignment of the training pairs
minimum_risk         the expected error of whole translations
scheduled_sampling   the decoder reads some of its own predictions
"""
