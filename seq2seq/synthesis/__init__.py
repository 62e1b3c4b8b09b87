"""Training pairs that translators make.

texts.py   the texts to translate: lines of one language, or a side of parallel data
making.py  pairs of these texts and their translations
"""
