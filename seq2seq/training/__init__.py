"""Training: from corpora to a model in a run directory, with exact resumption.

run.py            a whole run: data, network, training, learning curves
run_settings.py   settings and corpora of a run on disk; what may change when it is resumed
run_directory.py  the files of a run: log, best model
directory_lock.py one process at a time in a directory
trainer.py        the loop over updates, its validations and checkpoints
train_step.py     one update of the weights
optimization.py   optimizers, schedules, clipping, weight averages
validation.py     loss and BLEU on the validation set, and whether they are better
confidence.py     the confidence of the best model, calibrated at the end
divergence.py     when a training has diverged
limits.py         when a training ends, and how much of it is done
run_state.py      the numbers that change from step to step
checkpoint.py     weights and numbers of one step on disk
recovery.py       saving and restoring a training, also after a divergence
interruption.py   signals as a request to stop
distributed.py    several processes that train together
out_of_memory.py  errors of missing memory as messages
"""
