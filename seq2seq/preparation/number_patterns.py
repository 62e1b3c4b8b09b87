"""What numbers look like in a text, with sign, currency, percent and unit. Their value: numbers.py."""

from __future__ import annotations

from seq2seq.preparation.numbers import CURRENCY, SPACE

LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
SPACED = rf"{LATIN}\u00b5\u0370-\u052f"
"""Letters of scripts in which a digit after a letter belongs to its word."""


def words(text: str) -> str:
    """An alternation of the words in `text`."""
    return "|".join(text.split())


_AFTER = rf"(?![{SPACED}0-9_])"
_CODES = words("USD EUR GBP JPY CHF CAD AUD NZD CNY INR BRL MXN SEK NOK DKK PLN CZK HUF RUB TRY ILS KRW")
_LARGE = words(
    "hundred thousand million billion trillion cents? mille milliers? millions? milliards? billions?"
)
_UNITS = words(
    "k?m/h m/s nm [µμ]m mm cm dm km in ft yd mi mg kg lbs? oz m[lL] c[lL] dl ms min hrs? [kKMGT]B [KMG]b "
    "[kKMG]bps [kMG]?Hz [kMG]?Wh? m[AV] kV m?Ah kJ k?cal [hk]?Pa bar dB px pt em rem vh vw dpi fps rpm "
    "mph kph bn [KMBXDGCFVAJ] [a-dghj-mptwx] (?<!0)s"
)
# International symbols of units, which may stand after a space. No words, and no other single letters.
_SYMBOLS = words(
    "k?m/h m/s [kcdmµμn]?m[²³]? [mµμk]?g [mcd]?[lL] [mµμn]?s min [kKMGT]B [KMG]b [kKMG]bps [kMG]?Hz "
    "h [kMG]?Wh? [mk]?[AV] m?Ah kJ kcal [hk]Pa dB"
)
_NO_WORD = r"(?![\w'’-])"
_DOT = r"""\.(?!["'”’»]*+\s*+\Z)"""  # a stop that ends the text is that of the sentence
# "am" is a preposition in German: "um 9:30 am Montag".
_TIME = rf"""
    (?: [01]?[0-9] (?::[0-5][0-9])? {SPACE}?
        (?: [ap]\.m(?:{_DOT})? | [AP]\.M(?:{_DOT})? | pm | AM | PM | am (?![ ](?:[A-ZÄÖÜ]|\w{{3,20}}en\b)) )
      | (?:[01]?[0-9]|2[0-3]) {SPACE}?h (?:{SPACE}?[0-5][0-9](?!{SPACE}?[0-9%]))?
        (?:{SPACE}d(?:u{SPACE}(?:matin|soir)|e{SPACE}l['’]après-midi))?
    ) {_NO_WORD}
"""
_ENDINGS = words("st nd rd th am pm AM PM s er ers ère ères e es ème èmes eme nde d ª º")
_ISO = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]++)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?"
)
_AMOUNT = rf"""
    (?: {_ISO}
      | 0[0-9](?:{SPACE}[0-9]{{2}}){{4}} | (?:[0-9][ ])?[0-9]{{3}}[ ][0-9]{{3}}[ -][0-9]{{4}}
      | [0-9]{{4}}(?:[ ][0-9]{{4}}){{2,4}}
      | [0-9]{{1,3}}(?:{SPACE}[0-9]{{3}}(?![0-9]))++(?:[.,][0-9]++)?
      | [0-9]++(?:\.[0-9]++)?[eE][+-]?[0-9]++
      | [0-9]++(?:[.,:/'’–×xh-][0-9]++)*+
      | (?<![\w.])\.[0-9]++ )
"""
_TELEPHONE = r"""
    (?<![\w+]) \+[0-9]{1,3}
    (?: [0-9]{6,12} | (?:[ .-]{0,2}(?:\([0-9]{1,4}\)|[ .-][0-9]{1,4})){2,5} ) (?![0-9])
  | (?<![\w(]) \([0-9]{3}\)[ -]?[0-9]{3}[ -][0-9]{4} (?![0-9])
"""
# "$5 million" is a number without its sign: "million" is language and stands before the sign in French.
_PREFIX = rf"(?:{CURRENCY}|(?:{_CODES})){SPACE}?(?![0-9.,]++{SPACE}(?:{_LARGE})\b)"
NUMBER = rf"""
    {_TELEPHONE}
  | (?=[-−+±.0-9\$€£¥₹₽₩₺₴₫₪₿฿₦₱A-Z]) (?<![{SPACED}0-9_])
    (?: (?<![.,:/’'-]) {_TIME}
      | (?:(?<![\w)\]}}%])[-−+±])? (?:{_PREFIX})? [-−]? {_AMOUNT} (?:[-–]{CURRENCY}{_AMOUNT})?
        (?:(?:{_UNITS})[²³]?{_AFTER}|{SPACE}(?:{_SYMBOLS}){_NO_WORD})?
      | [-−+±]? {_AMOUNT} )
    [½⅓⅔¼¾⅛]? (?: {SPACE}?(?:[%‰]|{CURRENCY}(?![0-9])|°[CF]?|(?:{_CODES})(?!\w)) )?
    (?:{_AFTER} | (?=(?:{_ENDINGS}){_AFTER}))
"""
