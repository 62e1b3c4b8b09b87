"""Corpora made ready for a trainer: cleaned pairs on disk, vocabularies, word lists and lengths.

arguments.py   corpora and their languages on the command line
corpora.py     the pairs of several corpora, cleaned and counted
held_out.py    validation pairs that were held out of these
more_pairs.py  pairs with placeholders, and phrases, made from those of the corpora
vocabulary.py  tokenizers and word lists: trained, kept and stored
prepared.py    all of this in a folder
"""
