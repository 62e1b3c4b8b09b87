"""Every setting of a model, its data, its training and its decoding, as frozen dataclasses. No torch here.

model.py     the network: sizes and kinds of its parts
data.py      how text becomes training pairs
training.py  optimisation, schedule, validation, what is kept
decoding.py  how a trained model translates
settings.py  the four together
corpora.py   what a training is given besides: data, and a model to start from
reading.py   TOML recipes and JSON in, plain values out
recipes/     settings by name, such as `--recipe multi30k`
"""

from seq2seq.config.data import CleaningConfig, DataConfig
from seq2seq.config.decoding import DecodingConfig
from seq2seq.config.model import ModelConfig
from seq2seq.config.reading import find_recipe, from_dict, read_settings, recipe_names, to_dict
from seq2seq.config.settings import Settings
from seq2seq.config.training import TrainingConfig

__all__ = [
    "CleaningConfig",
    "DataConfig",
    "DecodingConfig",
    "ModelConfig",
    "Settings",
    "TrainingConfig",
    "find_recipe",
    "from_dict",
    "read_settings",
    "recipe_names",
    "to_dict",
]
