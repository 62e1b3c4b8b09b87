"""Trainings as experiments: several settings side by side, and gradients through time.

worker.py      a training in a process of its own
comparison.py  settings trained alike: one table, one figure
gradients.py   how far gradients reach back in time
"""
