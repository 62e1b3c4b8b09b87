"""Models on disk: the model directory, its card, and how a model is found by name.

model_directory.py  the files of a model: weights, tokenizers, settings, scores
card.py             the model card, written from metrics.json
finding.py          a folder, a bundled model, or a model of the Hugging Face Hub
"""
