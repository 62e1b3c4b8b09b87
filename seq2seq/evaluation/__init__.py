"""Scores with signatures, significance tests and figures.

metrics.py    BLEU, chrF and TER by sacreBLEU
scoring.py    a model on a test set
test_sets.py  reading test sets
figures.py    learning curves, attention maps
"""
