"""Training: from corpora to a model in a run directory, with exact resumption.

run.py            a whole run: data, network, training, learning curves
run_settings.py   settings and corpora of a run on disk; what may change when it is resumed
run_directory.py  the files of a run: log, best model
trainer.py        the loop over updates, its validations and checkpoints
train_step.py     one update of the weights
optimization.py   optimizers, schedules, clipping, weight averages
batch_fitting.py  the size of a batch that fits into memory and data
translating.py    validation pairs translated and scored, by direction
validation.py     loss and BLEU on the validation set, and whether they are better
confidence.py     the best model at the end: its score with beam search, its confidence
divergence.py     when a training has diverged
limits.py         when a training ends, and how much of it is done
run_state.py      the numbers that change from step to step
checkpoint.py     weights and numbers of one step on disk
recovery.py       saving and restoring a training, also after a divergence
out_of_memory.py  errors of missing memory as messages
"""
