"""What is decided and checked before a training starts. Nothing is written here.

text_facts.py   script, alphabet and lengths of one side
languages.py    the language of a side, guessed when it is sure
look.py         a first look at a corpus, bounded in time and memory
directions.py   that look at each direction of a model with several
machine.py      what the machine has: cores, memory, disk, products in half precision
choosing.py     settings by the amount of data, its texts and the machine (anchors.toml), with reasons
few_words.py    texts of few words, such as generated ones
pieces.py       what a tokenizer makes of a sample
expectation.py  the BLEU to expect, from runs of our own (runs.toml)
needs.py        memory and disk that a training needs
problems.py     what cannot work, and what deserves a warning
report.py       all of this as lines for a terminal
"""
