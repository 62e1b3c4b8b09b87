"""Text in and out of numbers: the tokenizer, languages, and long texts cut into parts.

tokenizer.py     SentencePiece, without loss, and the place of each piece in the text
languages.py     language codes and their names
segmentation.py  a text as lines, sentences and parts that a model can take
"""
