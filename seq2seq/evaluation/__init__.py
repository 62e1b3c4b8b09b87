"""Scores with signatures, significance tests and figures.

metrics.py         BLEU, chrF and TER by sacreBLEU
paper_style.py     BLEU of lower-cased Moses tokens, as in papers
significance.py    comparison of two systems by resampling
scoring.py         scores of a model on a test set
details.py         where translations differ, and where they are weak
calibration.py     confidence fitted to references, and how far it is from the truth
test_sets.py       reading test sets
invented_words.py  words of translations that nobody ever wrote
figures.py         learning curves, attention maps
"""
