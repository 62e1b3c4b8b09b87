"""A generated corpus of English and French sentences with word alignments.

grammar.py     the grammar, the splits, writing the files
vocabulary.py  the words and French spelling
words.toml     the words
"""

from seq2seq.data.sample.grammar import Grammar, SampleCorpus, SamplePair, finish, sample_corpus, write_sample

__all__ = ["Grammar", "SampleCorpus", "SamplePair", "finish", "sample_corpus", "write_sample"]
