"""Train your own translator from parallel text, and use it anywhere.

    from seq2seq import Translator
    translator = Translator.from_pretrained("en-fr")
    print(translator.translate("Good morning."))

The names below are loaded when they are first used (PEP 562), so that `import seq2seq` does not load torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from seq2seq.alternatives import Alternative
    from seq2seq.completion import Completion
    from seq2seq.live import LiveTranslator
    from seq2seq.preparation.glossary import Glossary
    from seq2seq.translation import Translation, Word
    from seq2seq.translator import Translator

__version__ = "0.1.0"
__all__ = [
    "Alternative",
    "Completion",
    "Glossary",
    "LiveTranslator",
    "Translation",
    "Translator",
    "Word",
    "__version__",
]

_MODULES = {
    "Alternative": "seq2seq.alternatives",
    "Completion": "seq2seq.completion",
    "Glossary": "seq2seq.preparation.glossary",
    "LiveTranslator": "seq2seq.live",
    "Translation": "seq2seq.translation",
    "Translator": "seq2seq.translator",
    "Word": "seq2seq.translation",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
