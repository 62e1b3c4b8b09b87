"""A corpus that is generated from a grammar, with its word alignments: English to French."""

from seq2seq.data.sample.grammar import Grammar, SampleCorpus, SamplePair, finish, sample_corpus, write_sample

__all__ = ["Grammar", "SampleCorpus", "SamplePair", "finish", "sample_corpus", "write_sample"]
