"""Text to numbers and back, languages, and long sentences cut into parts.

tokenizer.py           text to piece ids and back without loss, with SentencePiece
tokenizer_training.py  how a vocabulary is learned
sampled_segmentation.py  random segmentations, the same in every process
symbols.py             pieces of every vocabulary, language tags, placeholders
word_spans.py          words, and the pieces that each is made of
languages.py           language tags and their names
segmentation.py        a long sentence cut into parts that a model can take
plain_lines.py         lines of plain text, read for translation
arguments.py           checks of the texts that callers pass
"""
