"""More training pairs from a corpus, and changed ones: noise, placeholders, words and phrases.

noise.py          noise that users make, drawn in training
words.py          words of sentences, and corpora as arrays of word numbers
alignment.py      word alignment: a table, and the linked words of pairs
phrase_places.py  where phrase pairs stand, and their statistics
word_choice.py    the translations of single words
phrases.py        pairs of words and phrases of a corpus
copying.py        placeholders for what is copied, and for words that might be
"""
