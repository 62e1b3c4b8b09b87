"""How fast training and translating are, and which share of the machine they use: `scripts/benchmark.py`.

matrix_rate.py        matrix products a second: what the machine can do
multiply_adds.py      what an update or a translation needs of them
texts.py              the sentence pairs that are read: of files, or generated
training.py           updates of a recipe or of a model
translating.py        translations by engine, threads, beam and batch size
first_translation.py  a new process, from its start to its first translation
peers.py              another program, in turn with ours
tables.py             the figures as text
"""
