"""Models on disk: the model directory, its record and card, and how a model is found by name.

model_directory.py  the files of a model: weights, tokenizers, settings
checksums.py        SHA-256 of the weights, tokenizers and word lists
weights.py          the weights on disk: float32, float16 or int8
shortlist_file.py   the table of likely pieces of each source piece
onnx_files.py       the network for ONNX Runtime, beside its weights
directions.py       the language pairs that a model translates
record.py           metrics.json: scores, data, settings, versions, facts
facts.py            what a person says about a model, read from a TOML file
card.py             README.md, written from metrics.json
versions.py         versions of the software that a model depends on
finding.py          a model by its folder, its direction or its Hub id
combining.py       ensembles of models, and a reverse model
starting.py         a model that a training starts from
hub.py              download from the Hugging Face Hub
"""
