"""Training: from files to a kept model, with exact resumption.

run.py            a whole run: data, network, training, learning curves
trainer.py        the loop, its validations and its limits
train_step.py     one update of the weights
optimization.py   optimisers, schedules, clipping, averages
validation.py     loss and BLEU on the validation set
run_state.py      what changes from step to step
checkpoint.py     that state on disk
run_directory.py  the files of a run
interruption.py   signals as a request to stop
progress.py       messages and the progress bar
distributed.py    several processes that train together
"""
