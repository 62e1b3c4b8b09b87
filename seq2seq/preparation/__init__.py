"""Text as people type it, made ready for a model: what is kept, and how words are written.

glossary.py           terms with their required target forms
parts.py              a text cut into parts: those to translate, and those to keep
part.py               one of these parts
sentences.py          a line cut into its sentences
lexicon.py            the words of a corpus, how they are written, and words with a mistake
casing.py             words as they are usually written
names.py              names and other unknown words, which are copied
rewriting.py          positions before and after words are replaced
verbatim.py           what is not language in a text
verbatim_patterns.py  patterns of these kinds
number_patterns.py    patterns of numbers
numbers.py            numbers as each language writes them
times.py              times of day as each language writes them
marks.py              list markers, and marks that enclose a sentence
kept_spans.py         what is kept of a sentence, and the words between
wrapping.py           pairs of marks around words: tags, quotation marks
"""
