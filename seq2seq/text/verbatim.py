"""Finds what is not language in a text: addresses, files, placeholders, markup, code, emoji, numbers.

A translation keeps these spans. How a number is written in the target language: numbers.py. Which sentences
and words there are: segmentation.py, word_spans.py.

One pattern per kind. Each takes linear time on any text: it begins only where a word or a sign begins, and
its repetitions are possessive or bounded.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from seq2seq.text.numbers import CURRENCY, SPACE


@dataclass(frozen=True)
class Verbatim:
    """A span of a text that a translation keeps: text[start:end].

    Kinds: `url` (also bare domains), `email`, `mention` (@name, #tag), `file` (names, paths, typed escapes
    such as \\n), `placeholder`, `tag` (markup, entities), `code` (quoted code, identifiers, options, product
    codes), `emoji` (a run of them; also :-) and :name:), `number` (with sign, currency, percent, attached
    unit; also times, dates, telephone numbers, versions), `script` (words that the model has no pieces for).
    """

    start: int
    end: int
    kind: str


_LATIN = "A-Za-z\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f"
_SPACED = (
    rf"{_LATIN}\u00b5\u0370-\u052f"  # letters of scripts in which a digit after a letter belongs to its word
)


def _words(words: str) -> str:
    """An alternation of the words in `words`."""
    return "|".join(words.split())


# A file and a domain end with one of these, so that "end.Then", "e.g." and "U.S." are neither.
_EXTENSIONS = _words(
    "txt md rst rtf tex bib pdf docx? odt pptx? odp xlsx? ods epub mobi csv tsv json jsonl xml ya?ml toml "
    "ini cfg conf log sql db sqlite parquet html? css scss jsx? tsx? mjs py pyi pyc ipynb java kt swift "
    "cpp cc cxx hpp cs vb php rb rs lua jl scala sh bash zsh bat ps1 exe dll jar whl deb rpm msi dmg apk "
    "iso img zip tar gz bz2 xz 7z rar tgz png jpe?g gif svg bmp tiff? webp ico psd mp[34] wav ogg flac "
    "aac avi mkv mov webm m4[av] srt vtt po pot tmx xliff? ttf otf woff2? npy npz pth onnx safetensors "
    "bak tmp dat env lock"
)
_DOMAINS = _words(
    "com org net edu gov mil info biz mobi io ai app dev xyz wiki cloud tech online site website shop "
    "blog eu ac ae af ar au ba bd bg bh br by ch cl cn cr cz de dk dz ec ee eg fi fm fr ge gg gr gt hk hr "
    "hu id ie il iq ir jp ke kr kw kz lk lt lu lv ly mk mx ng nl np nz pk pl pt qa ro ru rw sg sk sn th "
    "tn tr tt tv tw tz ua ug uk uy uz ve vn za zm"
)
_DOMAINS_LIKE_WORDS = _words("am as at be ca co es in is it la ma me my no pe sa se si so to us va")
_ROOTS = _words("bin boot data dev etc home lib media mnt opt proc root run sbin srv sys tmp usr var")

# A URL goes on after a punctuation mark only if more of it follows, and its brackets are balanced.
_CHAR = r"""[^\s<>"`{}()\[\]|\\^.,;:!?'*…«»“”‘’、。，；：！？（）「」『』《》【】]"""
_MARK = r"[.,;:!?'’*]"
_INSIDE = rf"(?:{_CHAR}|{_MARK})*+"
_BRACKETS = rf"(?:\((?:{_CHAR}|{_MARK}|\({_INSIDE}\))*+\)|\[{_INSIDE}\]|[{{]{_INSIDE}[}}])"
_REST = rf"(?:{_CHAR}++|{_BRACKETS}|{_MARK}++(?={_CHAR}|{_BRACKETS}))"

_LABELS = rf"(?:[{_LATIN}0-9][{_LATIN}0-9-]*+\.(?=[{_LATIN}0-9]))++"
_URL = rf"""
    (?<![{_LATIN}0-9]) (?:[a-z][a-z0-9+.-]{{1,15}}+:// | (?:mailto|tel|magnet|doi):)
    (?=[\w\[{{]|/[\w.]) {_REST}++
  | (?=[{_LATIN}0-9]) (?<![{_LATIN}0-9_@./\\-])
    (?: localhost:[0-9]++ | (?:[0-9]{{1,3}}\.){{3}}[0-9]{{1,3}} (?=:[0-9]|/\w)
      | www\. {_LABELS} [{_LATIN}]{{2,}}+
      | {_LABELS} (?:{_DOMAINS}|{_DOMAINS.upper()}|(?:{_DOMAINS_LIKE_WORDS})(?=/\w|:[0-9]))
      | (?:[{_LATIN}0-9-]{{2,}}+\.(?=[{_LATIN}0-9])){{2,}}+ (?:{_DOMAINS_LIKE_WORDS})
    ) (?![{_LATIN}0-9_-]) (?::[0-9]{{1,5}}+)? (?: / {_REST}*+ | [?\#] {_REST}++ )?
"""
_EMAIL = rf"(?<![\w.+@%-]) [\w+%] [\w.+%-]*+ @ {_LABELS} [{_LATIN}]{{2,}}+ (?![\w-])"
_MENTION = rf"""
    (?<![\w@/.&]) @ [^\W\d]\w*+ (?:[.-]\w++)*+ (?:@{_LABELS}[{_LATIN}]{{2,}}+)?
  | (?<![\w#/&]) \# \w++ (?:-\w++)*+
"""

_NAME = rf"(?:\w[\w+-]*+(?:\([0-9]{{1,3}}\))?\.(?=\w))++(?:(?i:{_EXTENSIONS}))(?![\w-])"
_STEP = r"(?:[\w@+=%~-]|[.:](?=\w))++"
_SEGMENT = r"(?:[\w$~+@&#%=-]|[.,'()](?=[\w$~-]))++"
_FILE = rf"""
    (?<!\w) [A-Za-z]:\\ (?:{_SEGMENT}(?:[ ]{_SEGMENT}){{0,3}}+\\)*+ (?:{_SEGMENT})?
  | \\\\{_SEGMENT} (?:\\{_SEGMENT})++
  | (?=[~./]) (?<![\w/\\.)\]}}>~<%@-])
    (?: (?:~|\.\.?)(?:/{_STEP})++ | (?:/{_STEP}){{2,}}+ | /(?:{_ROOTS})(?![\w.-])
      | /(?=[\w-]*+[._0-9]){_STEP} ) /?
  | (?=[\w@+=%~.-]) (?<![\w.+@/\\:~<%=-])
    (?: (?:{_STEP}[/\\])*+ {_NAME} | (?=[\w./-]*?_)(?:{_STEP}/)++{_STEP}/? | (?:{_STEP}/){{2,}}+(?!\S) )
  | (?<![\w.)\]]) \.(?:{_EXTENSIONS}|gitignore|gitattributes|bashrc|zshrc|profile|vimrc|htaccess)(?!\w)
  | (?<!\w) lib\w++\.so (?:\.[0-9]++)*+ (?!\w)
  | \\(?:x[0-9A-Fa-f]{{2}}|u[0-9A-Fa-f]{{4}}|U[0-9A-Fa-f]{{8}}|[nrtbfv0"'\\])
"""

_BRACES = r"(?:[^{}]|[{](?:[^{}]|[{][^{}]*+[}])*+[}])*+"
_PLACEHOLDER = rf"""
    [{{]{{2}} [^{{}}\n]{{0,200}}+ [}}]{{2}} | [{{]% [^{{}}%\n]{{0,200}}+ %[}}]
  | [$#@%][{{] [^{{}}\n]{{0,200}}+ [}}]
  | [{{][ ]?[^\s{{}}]{{0,100}}+[ ]?[}}]
  | [{{]\s*+\w++\s*+,\s*+(?:plural|select|selectordinal|number|date|time)\b {_BRACES} [}}]
  | (?<![\w%]) % (?: \(\w++\)[sdfrxiu] | [A-Z_][A-Z0-9_]++% | % )
  | (?<![\d%]) (?<!\d[ \u00a0\u202f])
    % (?:[0-9]\$)? [-+\#0]? [0-9]{{0,3}}+ (?:\.[0-9]{{1,2}})? (?:hh?|ll?|z)? [sdifguxXeEcp@] (?![A-Za-z]{{3}})
  | \$ [A-Za-z_]\w*+ | (?<!_)_{{2,}}+(?!\w)
"""
_TAG = r"""
    <(?: /?[A-Za-z][\w:.-]*+ (?:\s(?:[^<>"']|"[^"<]*+"|'[^'<]*+')*+)? /?
       | !--(?:[^<>-]|-(?!-))*+-- | [!?][A-Za-z][^<>]*+ )>
  | & (?:[A-Za-z][A-Za-z0-9]{1,9}+|\#[0-9]{1,7}+|\#x[0-9A-Fa-f]{1,6}+);
  | \[/?(?:b|i|u|s|url|img|quote|code|list|size|color)(?:=[^\s\[\]]*+)?\]
"""

# A number with a point after one of these words is a version or the number of a part.
_INTRODUCED = _words(
    "Version version Versions versions Release release Section section Chapter chapter Chapitre chapitre "
    "Figure figure Table table Tableau tableau Python Windows Ubuntu Debian Android iOS macOS Java PHP HTTP "
    "USB Bluetooth Firefox Chrome Node Django CUDA"
)
_INTRODUCED = "|".join(f"(?<={word}[ ])" for word in _INTRODUCED.split("|"))  # each as long as its word
_CODE = rf"""
    (?<!`) (`++) [^`\n]++ \1 (?!`)
  | (?<!\w) (?=[\w-])
    (?: (?<!\.) (?=[A-Za-z_]) (?=(?:\w|\.(?=\w))*?(?:[a-z][A-Z]|[^\W_]_++[^\W_]|\b__?+[A-Za-z]|\(\)))
        (?!(?:PhDs?|[MBD]Sc|[a-z][A-Z]{{3,}}+|_[^\W_]++_)(?!\w)) [A-Za-z_]\w*+ (?:\.\w++)*+ (?:\(\))?
      | (?=[A-Za-z_])
        (?: \w++(?:::\w++)++ (?:\(\))?
          | (?<![.-]) [A-Za-z]++[0-9]\w*+ (?:[.-][0-9]\w*+)*+ (?!\w)
          | (?<!-) (?!(?:Mid|Post|Pre|Under|Over|Top|Non)-) [A-Z][A-Za-z]*+-[0-9]\w*+ (?:-\w++)*+
          | [A-Za-z]\w*+ (?:\+\+|\#) (?!\w) )
      | (?<![.,:-]) (?=[0-9a-f])
        (?: [0-9a-f]{{8}}(?:-[0-9a-f]{{4}}){{3}}-[0-9a-f]{{12}} (?!\w)
          | (?=[0-9]*+[a-f]) [0-9a-f]{{7,64}}+ (?!\w)
          | [0-9]++ (?!(?:AM|PM|ST|ND|RD|TH|S)(?!\w)) [a-z]*+[A-Z]\w*+ | 0x[0-9A-Fa-f]++ (?!\w) )
      | (?<!-) --[A-Za-z][\w-]*+ (?:=[^\s"'.,;!?]++)?
      | (?=[0-9]++\.[0-9]) (?<=[A-Za-z][ ]) (?:{_INTRODUCED}) [0-9]++(?:\.[0-9]++)++ )
"""

# Unicode Technical Standard 51, with single regional indicators; then emoticons and names between colons.
_FACE = r"""
    \p{Regional_Indicator}{1,2}+ | [0-9\#*]\ufe0f?\u20e3
  | \p{Extended_Pictographic}[\ufe0e\ufe0f\p{Emoji_Modifier}]*+[\U000e0020-\U000e007f]*+
    (?:\u200d\p{Extended_Pictographic}[\ufe0e\ufe0f\p{Emoji_Modifier}]*+)*+
  | \p{Emoji_Modifier}
"""
_EMOJI = rf"""
    (?:{_FACE})++ | (?<![\w:]) :[a-z][a-z0-9_+-]{{1,40}}+: (?![\w:])
  | (?<![^\s(]) (?:[:;=]['’]?-?[()DPpOo/|*\[\]]|<3|\^_?\^) (?![^\s.,!?)])
"""

_AFTER = rf"(?![{_SPACED}0-9_])"
_CODES = _words("USD EUR GBP JPY CHF CAD AUD NZD CNY INR BRL MXN SEK NOK DKK PLN CZK HUF RUB TRY ILS KRW")
_LARGE = _words(
    "hundred thousand million billion trillion cents? mille milliers? millions? milliards? billions?"
)
_UNITS = _words(
    "k?m/h m/s nm [µμ]m mm cm dm km in ft yd mi mg kg lbs? oz m[lL] c[lL] dl ms min hrs? [kKMGT]B [KMG]b "
    "[kKMG]bps [kMG]?Hz [kMG]?Wh? m[AV] kV m?Ah kJ k?cal [hk]?Pa bar dB px pt em rem vh vw dpi fps rpm "
    "mph kph bn [KMBXDGCFVAJ] [a-dghj-mptwx] (?<!0)s"
)
_ENDINGS = _words("st nd rd th am pm AM PM s er ers ère ères e es ème èmes eme nde d ª º")
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
_NUMBER = rf"""
    {_TELEPHONE}
  | (?=[-−+±.0-9\$€£¥₹₽₩₺₴₫₪₿฿₦₱A-Z]) (?<![{_SPACED}0-9_])
    (?: (?:(?<![\w)\]}}%])[-−+±])? (?:{_PREFIX})? [-−]? {_AMOUNT} (?:[-–]{CURRENCY}{_AMOUNT})?
        (?:(?:{_UNITS})[²³]?{_AFTER})?
      | [-−+±]? {_AMOUNT} )
    [½⅓⅔¼¾⅛]? (?: {SPACE}?(?:[%‰]|{CURRENCY}(?![0-9])|°[CF]?|(?:{_CODES})(?!\w)) )?
    (?:{_AFTER} | (?=(?:{_ENDINGS}){_AFTER}))
"""

_KINDS = {
    "email": _EMAIL,
    "url": _URL,
    "file": _FILE,
    "tag": _TAG,
    "placeholder": _PLACEHOLDER,
    "mention": _MENTION,
    "emoji": _EMOJI,
    "code": _CODE,
    "number": _NUMBER,
}
# `re` is three to four times as fast as `regex`, but does not know the properties of emoji.
_PATTERNS = {
    kind: regex.compile(pattern, regex.VERBOSE) if kind == "emoji" else re.compile(pattern, re.VERBOSE)
    for kind, pattern in _KINDS.items()
}
_WORD = re.compile(r"\S+")


def find_verbatim(text: str, *, alphabet: Container[str] | None = None) -> list[Verbatim]:
    """The spans of `text` that are not language, in order and without overlap.

    Of spans that overlap, the one that begins first counts, then the longest, then the order of `_PATTERNS`.
    A mark that ends a sentence, and a bracket that opens outside a span, do not belong to it. Digits before
    letters that are language are a number without them ("21" in "21st", "10" in "10am", "1990" in "1990s").

    `alphabet` holds the characters (in NFC) that the model has pieces for. A word, without the punctuation at
    its edges, with another letter, digit or symbol is a `script` span; such words with one space between them
    are one span. None: no `script` spans.
    """
    candidates = [
        (match.start(), -match.end(), order, kind)
        for order, (kind, pattern) in enumerate(_PATTERNS.items())
        for match in pattern.finditer(text)
    ]
    spans, end = list[Verbatim](), 0
    for start, minus_end, _, kind in sorted(candidates):
        if start >= end:
            end = -minus_end
            spans.append(Verbatim(start, end, kind))
    return spans if alphabet is None else _with_scripts(text, spans, alphabet)


def _with_scripts(text: str, spans: list[Verbatim], alphabet: Container[str]) -> list[Verbatim]:
    """`spans` and the `script` spans between them."""
    strange = "".join(sorted(char for char in set(text) if char not in alphabet and _is_counted(char)))
    if not strange:
        return spans
    pattern, merged, start = re.compile(f"[{re.escape(strange)}]"), list[Verbatim](), 0
    for span in [*spans, Verbatim(len(text), len(text), "end")]:
        for word in _WORD.finditer(text, start, span.start):
            if pattern.search(word[0]) and (edges := _without_punctuation(word[0], alphabet)):
                first, last = word.start() + edges[0], word.start() + edges[1]
                if merged and merged[-1].kind == "script" and text[merged[-1].end : first] == " ":
                    first = merged.pop().start
                merged.append(Verbatim(first, last, "script"))
        merged.append(span)
        start = span.end
    return merged[:-1]


def _is_counted(char: str) -> bool:
    """Whether `char` makes a word one of another script if it is outside the alphabet."""
    return unicodedata.category(char)[0] in "LMNS" or unicodedata.category(char) in ("Co", "Cn")


def _without_punctuation(word: str, alphabet: Container[str]) -> tuple[int, int] | None:
    """Start and end of `word` without punctuation at its edges; None if the alphabet has it in NFC."""
    if all(char in alphabet or not _is_counted(char) for char in unicodedata.normalize("NFC", word)):
        return None
    inner = [index for index, char in enumerate(word) if _is_counted(char)]
    return inner[0], inner[-1] + 1
