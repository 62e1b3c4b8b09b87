"""Language tags and their names: `en`, `pt-BR`, `zh_Hant`, `zho`.

A tag begins with its primary subtag, a code of ISO 639 with two or three letters. A script and a region may
follow (BCP 47). Case does not matter, and "_" stands for "-".
"""

from __future__ import annotations

import re

_ISO_639_1 = """
    aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee
    el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io
    is it iu ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn
    mr ms mt my na nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se
    sg si sk sl sm sn so sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo
    wa wo xh yi yo za zh zu
"""
CODES = frozenset(_ISO_639_1.split())
"""The two-letter codes of ISO 639-1."""

# Languages that people train translators for: two-letter code, name, codes of ISO 639-2 and 639-3.
_TABLE = """
    ar Arabic ara arb, bg Bulgarian bul, bn Bengali ben, ca Catalan cat, cs Czech ces cze, da Danish dan,
    de German deu ger, el Greek ell gre, en English eng, eo Esperanto epo, es Spanish spa, et Estonian est
    ekk, eu Basque eus baq, fa Persian fas per pes, fi Finnish fin, fr French fra fre, ga Irish gle, gl
    Galician glg, he Hebrew heb, hi Hindi hin, hr Croatian hrv, hu Hungarian hun, hy Armenian hye arm, id
    Indonesian ind, is Icelandic isl ice, it Italian ita, ja Japanese jpn, ka Georgian kat geo, km Khmer
    khm, ko Korean kor, la Latin lat, lo Lao lao, lt Lithuanian lit, lv Latvian lav lvs, mk Macedonian mkd
    mac, mr Marathi mar, ms Malay msa may zsm, my Burmese mya bur, nb Norwegian nob, nl Dutch nld dut, no
    Norwegian nor, pl Polish pol, pt Portuguese por, ro Romanian ron rum, ru Russian rus, sk Slovak slk
    slo, sl Slovenian slv, sq Albanian sqi alb, sr Serbian srp, sv Swedish swe, sw Swahili swa swh, ta
    Tamil tam, th Thai tha, tl Tagalog tgl, tr Turkish tur, uk Ukrainian ukr, ur Urdu urd, vi Vietnamese
    vie, zh Chinese zho chi cmn
"""
_ROWS = [row.split() for row in _TABLE.split(",")]
_NAMES = {code: name for code, name, *_ in _ROWS}
_SHORT_CODES = {long: code for code, _, *longs in _ROWS for long in longs}

_TAG = re.compile("[a-z]{2,3}([-_][A-Za-z0-9]{2,8})?")
# Endings of file names that look like tags and are not: train.src, train.tok …
_NOT_LANGUAGES = frozenset(("src", "tgt", "trg", "txt", "ref", "tok", "bpe", "raw"))


def normalize_tag(tag: str) -> str:
    """`tag` in lower case with "-" between its subtags: "pt-br" for "PT_br"."""
    return tag.strip().lower().replace("_", "-")


def primary_subtag(tag: str) -> str:
    """The language of a tag as written there: "pt" for "pt-BR", "zho" for "zho_Hant"."""
    return normalize_tag(tag).split("-")[0]


def language_code(tag: str) -> str:
    """The language of a tag as a two-letter code if it has one in our table: "zh" for "zho_Hant"."""
    code = primary_subtag(tag)
    return _SHORT_CODES.get(code, code)


def same_language(one: str, other: str) -> bool:
    """Whether two tags name one language, whatever their regions and scripts: `pt`, `PT_br`, `por`."""
    return language_code(one) == language_code(other)


def language_name(tag: str) -> str:
    """The English name of a language, the tag itself if the name is unknown, "?" for an empty tag."""
    return _NAMES.get(language_code(tag), tag) or "?"


def is_language_tag(text: str) -> bool:
    """Whether the ending of a file name, such as `fr` of `train.fr`, looks like a language tag.

    Every two or three lower-case letters do, with or without a region, except usual endings such as `txt`.
    """
    return bool(_TAG.fullmatch(text)) and text not in _NOT_LANGUAGES
