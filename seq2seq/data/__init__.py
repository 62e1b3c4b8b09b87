"""Parallel text: reading, cleaning, splitting, storing and batching it.

pairs.py          a sentence pair, and counts of what happened to pairs
lines.py          text files as lines: strict, with every repair counted
columns.py        which columns of a table hold the source and the target
readers/          one reader per file format
cleaning.py       what is dropped, and why
writers.py        pairs as TSV, CSV, JSONL or TMX
splitting.py      validation pairs held out of the training data
store.py          pairs on disk, larger than memory
batching.py       batches of token ids, deterministic and bucketed by length
training_data.py  from corpora to what a trainer needs
sample/           a corpus generated from a grammar
"""
