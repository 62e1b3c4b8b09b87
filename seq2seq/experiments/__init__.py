"""Experiments: several settings side by side, and gradients through time.

setting.py            a setting of a comparison, as it is written on the command line
comparison.py         trains settings on the same data and compares their scores
comparison_table.py   the table and the curves of a comparison
job.py                one training with a test at its end, as files in its run directory
worker.py             the process of a job: `python -m seq2seq.experiments.worker job.json`
worker_pool.py        runs jobs, several at once, each in a process of its own
gradients.py          how far gradients reach back in time
recall_task.py        a task that needs memory, and cells that learn it
gradient_report.py    the table and the curves of gradients
"""
