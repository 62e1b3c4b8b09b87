"""Parallel text: reading, cleaning, splitting, storing and batching it.

lines.py          the lines of a text file; every repair is counted
columns.py        which columns of a table are source and target
readers/          one reader per file format
writers.py        one writer per file format
cleaning.py       which pairs are dropped, and why
splitting.py      parts that share no source sentence
mixing.py         which pairs an epoch has when corpora are mixed
store.py          pairs on disk, larger than memory
batching.py       batches of token ids, deterministic and bucketed by length
sample/           a corpus generated from a grammar
"""
