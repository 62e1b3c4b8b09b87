"""Sentences with spans that a translation keeps, and a check of what a translation lost.

The spans are known from how a sentence is made, not from the code that finds them. From a shell:
`python -m tests.preparation.verbatim_sentences` prints language, sentence and spans.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Expected:
    """A span that must survive. `value` is that of a number whose form may change, None for all else."""

    kind: str
    text: str
    value: Decimal | None = None


@dataclass(frozen=True)
class VerbatimSentence:
    """A sentence in `language` (en or fr) and its spans, in order."""

    language: str
    text: str
    spans: tuple[Expected, ...]


# fmt: off
TEMPLATES = {
    "en": [
        "Please look at {} before tomorrow.", "I found {} yesterday.", "We don't know what {} means.",
        "She wrote {}, but nobody answered.", "Have you seen {}?", "The teacher showed us {} (again).",
        "My brother said: {}.", "Nobody remembers {}!", "In the morning we read {} and {}.",
        "You can use {} instead of {}.", "{} was on the wall.", "Where are {} and {}?",
    ],
    "fr": [
        "Regarde {} avant demain.", "J'ai trouvé {} hier.", "Nous ne savons pas ce que veut dire {}.",
        "Elle a écrit {}, mais personne n'a répondu.", "As-tu vu {} ?", "Elle nous a montré {} (encore).",
        "Mon frère a dit : {}.", "Personne ne se souvient de {} !", "Le matin, nous lisons {} et {}.",
        "Tu peux utiliser {} au lieu de {}.", "{} était sur le mur.", "Où sont {} et {} ?",
    ],
}
NAMES = ["anna", "max", "lea", "report", "photo", "garden", "music", "team", "river", "school"]
EMOJI = [
    "😀", "🎉", "❤️", "👍🏽", "👩‍👩‍👧‍👦", "👩🏾‍💻", "🏳️‍🌈", "🇫🇷", "🇯🇵", "1️⃣", "#️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☕", "😀😀", "🙈🎂",
]
SCRIPTS = {
    "Hebrew": ["שלום", "ירושלים"], "Arabic": ["مرحبا", "القاهرة"], "Cyrillic": ["Привет", "Москва"],
    "Greek": ["Καλημέρα", "Αθήνα"], "Han": ["你好", "北京大学"], "Kana": ["ありがとう", "カタカナ"],
    "Hangul": ["안녕하세요", "서울"], "Devanagari": ["नमस्ते", "हिन्दी"], "Thai": ["สวัสดี", "กรุงเทพ"],
}
# fmt: on

Chance = random.Random


def _url(chance: Chance) -> str:
    name, other = chance.choice(NAMES), chance.choice(NAMES)
    forms = ["https://{}.com", "http://www.{}.org/{}", "https://{}.fr/{}?a=1&b=2", "https://{}.net/{}_(book)"]
    forms += ["www.{}.de/{}", "{}.com", "{}.co.uk/{}", "https://{}.io:8080/#{}", "ftp://{}.edu/{}/"]
    return chance.choice(forms).format(name, other)


def _email(chance: Chance) -> str:
    forms = ["{}@{}.com", "{}.smith@{}.co.uk", "{}+news@mail.{}.fr", "{}_99@{}.org"]
    return chance.choice(forms).format(chance.choice(NAMES), chance.choice(NAMES))


def _file(chance: Chance) -> str:
    forms = ["{}.pdf", "{}_{}.tar.gz", "/home/{}/{}.txt", "C:\\Users\\{}\\{}.docx", "src/{}/{}.py", "~/{}"]
    forms += ["./{}/{}.sh", "{}-2024.JPG", "/usr/share/{}"]
    return chance.choice(forms).format(chance.choice(NAMES), chance.choice(NAMES))


def _placeholder(chance: Chance) -> str:
    forms = ["{%}", "{0}", "%s", "%d", "%(%)s", "${%}", "{{%}}", "{{ % }}", "$%", "%1$s", "{%:.2f}"]
    return re.sub(r"(?<=[{($ ])%", chance.choice(NAMES), chance.choice(forms))


def _tag(chance: Chance) -> str:
    name = chance.choice(NAMES)
    return chance.choice(
        ["<b>", "</p>", "<br/>", f'<a href="/{name}">', f'<img src="{name}.png" />', "&nbsp;"]
    )


def _code(chance: Chance) -> str:
    name, other = chance.choice(NAMES), chance.choice(NAMES)
    forms = ["`{} = {}`", "{}_{}", "get{1}ById", "--{}", "--{}={}", "{}_{}()", "std::{}", "HTML5", "GPT-4"]
    return chance.choice(forms).format(name, other.capitalize())


def _mention(chance: Chance) -> str:
    return chance.choice("@#") + chance.choice(NAMES)


def _written(value: Decimal, language: str) -> str:
    """`value` with the separators of English or French."""
    text = f"{value:,}" if abs(value) >= 10_000 else f"{value}"
    return text if language == "en" else text.replace(",", " ").replace(".", ",")


def _number(chance: Chance, language: str) -> Expected:
    """A number with a value, or one that is copied as it stands."""
    if chance.random() < 0.4:
        hour, minute, day = chance.randrange(24), chance.randrange(60), chance.randint(1, 28)
        forms = [
            f"{hour}:{minute:02}",
            f"{day:02}/03/2024",
            f"2024-03-{day:02}",
            f"3.{day}.{hour}",
            f"{day}km",
        ]
        forms += [f"+33 1 23 45 67 {minute + 10}", f"555-01{minute + 10}", f"{day}/7"]
        return Expected("number", chance.choice(forms))
    value = Decimal(chance.choice([chance.randrange(1000), chance.randrange(1900, 2100)]))
    value = chance.choice(
        [value, Decimal(chance.randint(10_000, 9_999_999)), value + Decimal("0.25"), -value]
    )
    text = _written(value, language)
    if value > 0 and chance.random() < 0.5:
        sign = chance.choice("$€£%")
        prefix = sign if sign != "%" and language == "en" else ""
        text = prefix + text + ("" if prefix else sign if language == "en" else f" {sign}")
    return Expected("number", text, value)


MAKERS: dict[str, Callable[[Chance], str]] = {
    "url": _url,
    "email": _email,
    "file": _file,
    "placeholder": _placeholder,
    "tag": _tag,
    "code": _code,
    "mention": _mention,
    "emoji": lambda chance: chance.choice(EMOJI),
    "script": lambda chance: chance.choice(chance.choice(list(SCRIPTS.values()))),
}


def _span(chance: Chance, kind: str, language: str) -> Expected:
    return _number(chance, language) if kind == "number" else Expected(kind, MAKERS[kind](chance))


def verbatim_sentences(count: int = 500, seed: int = 0) -> list[VerbatimSentence]:
    """`count` sentences, alternately English and French, each with one or two spans.

    The first spans go round all kinds, every fourth of them a number; the same seed gives the same sentences.
    """
    chance, sentences = Chance(seed), list[VerbatimSentence]()
    kinds = list(MAKERS)
    cycle = [kind for place in range(0, len(kinds), 3) for kind in ("number", *kinds[place : place + 3])]
    for index in range(count):
        language = ("en", "fr")[index % 2]
        template = chance.choice(TEMPLATES[language])
        chosen = [
            cycle[index // 2 % len(cycle)],
            *chance.choices([*kinds, "number"], k=template.count("{}") - 1),
        ]
        spans = tuple(_span(chance, kind, language) for kind in chosen)
        sentences.append(VerbatimSentence(language, template.format(*(span.text for span in spans)), spans))
    return sentences


def lost_spans(sentence: VerbatimSentence, translation: str, target: str) -> list[Expected]:
    """The spans of `sentence` that `translation`, in language `target` (en or fr), has not kept.

    A number with a value may be written with the separators of `target`, a time as "10 h 45"; all else must
    be there as it is. A span that stands there twice must be there twice.
    """
    rest, lost = translation, list[Expected]()
    for span in sorted(sentence.spans, key=lambda span: -len(span.text)):
        place = _place(span, rest, target)
        if place is None:
            lost.append(span)
        else:
            rest = rest[: place[0]] + "\0" + rest[place[1] :]
    return lost


def _place(span: Expected, text: str, target: str) -> tuple[int, int] | None:
    """Where `span` stands in `text`."""
    if span.value is None:
        time = re.fullmatch(r"(\d{1,2}):(\d\d)", span.text)
        forms = [
            span.text,
            *([f"{int(time[1])} h {time[2]}", f"{int(time[1])}\u00a0h\u00a0{time[2]}"] if time else []),
        ]
        found = [(text.find(form), form) for form in forms if form in text]
        return (found[0][0], found[0][0] + len(found[0][1])) if found else None
    for match in re.finditer(r"(?<![\w.,])[-−]?[$€£]?\d(?:[\d.,\u00a0\u202f]|[ ](?=\d{3}))*", text):
        digits = re.sub("[ \u00a0\u202f$€£]", "", match[0]).rstrip(".,").replace("−", "-")
        group, decimal = (",", ".") if target == "en" else (".", ",")
        plain = digits.replace(group, "").replace(decimal, ".")
        if re.fullmatch(r"-?\d+(\.\d+)?", plain) and Decimal(plain) == span.value:
            return match.span()
    return None


if __name__ == "__main__":
    for made in verbatim_sentences():
        print(made.language, made.text, *(f"{span.kind}={span.text}" for span in made.spans), sep="\t")
