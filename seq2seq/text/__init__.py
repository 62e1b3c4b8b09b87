"""Text to numbers and back, languages, and text as people type it, made ready for a model.

tokenizer.py           text to piece ids and back without loss, with SentencePiece
tokenizer_training.py  how a vocabulary is learned
symbols.py             pieces of every vocabulary, language tags, placeholders
word_spans.py          words, and the pieces that each is made of
languages.py           language tags and their names
lexicon.py             the words of a corpus, how they are written, and words with a mistake
casing.py              words as they are usually written
rewriting.py           positions before and after words are replaced
sentences.py           a line cut into its sentences
segmentation.py        a long sentence cut into parts that a model can take
verbatim.py            what is not language in a text
verbatim_patterns.py   patterns of these kinds
number_patterns.py     patterns of numbers
numbers.py             numbers as each language writes them
times.py               times of day as each language writes them
marks.py               list markers, and marks that enclose a sentence
kept_spans.py          what is kept of a sentence, and the words between
wrapping.py            pairs of marks around words: tags, quotation marks
preparation.py         a text cut into parts: those to translate, and those to keep
plain_lines.py         lines of plain text, read and written
"""
