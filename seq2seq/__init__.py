"""Train your own translator from parallel text, and use it anywhere.

from seq2seq import Translator
translator = Translator.from_pretrained("en-fr")
print(translator.translate("Good morning."))
"""

from seq2seq.config import VERSION as __version__
from seq2seq.translation import Translation, Word
from seq2seq.translator import Translator

__all__ = ["Translation", "Translator", "Word", "__version__"]
