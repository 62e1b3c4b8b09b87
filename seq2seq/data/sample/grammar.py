"""Generates the sample corpus: English and French sentences from a small grammar, with word alignments.

The grammar covers agreement in number and gender, negation, questions, adjectives before and after the noun,
object pronouns, elision and contraction, perfect, near future, modal verbs, relative clauses and
conjunctions. Each English sentence has exactly one French translation, so that a model can learn it: "you" is
always the polite plural (vous), "it" is masculine (le), and a question begins with "est-ce que".

The splits test whether a model combines words in new ways. One in ten pairs of (adjective, noun),
(subject, verb) and (verb, object) is held out: no training sentence contains such a pair, and every
validation and test sentence contains at least one. The words are in `words.toml`.
"""

from __future__ import annotations

import random
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from seq2seq.data.sample.vocabulary import Noun, Verb, Word, agreeing, lexicon, spelled
from seq2seq.errors import UsageError

HELD_OUT_SHARE = 10  # one pair of words in ten is held out
SMALLEST_TRAIN = 3000  # sentences; fewer do not contain all words
LEAST_OCCURRENCES = 3  # in training, of each word in validation and test


@dataclass(frozen=True)
class SamplePair:
    """A sentence in both languages.

    `alignment` lists (English word, French word); words are separated by spaces and counted from 0.
    """

    source: str
    target: str
    alignment: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SampleCorpus:
    """Training, validation and test sentences; no English sentence occurs twice."""

    train: list[SamplePair]
    valid: list[SamplePair]
    test: list[SamplePair]


@dataclass
class Phrase:
    """The words of both languages. Words that share a meaning are aligned."""

    english: list[Word] = field(default_factory=list)
    french: list[Word] = field(default_factory=list)

    def __add__(self, other: Phrase) -> Phrase:
        return Phrase(self.english + other.english, self.french + other.french)


@dataclass(frozen=True)
class Subject:
    """A subject, and what its verb must agree with. `person`: 0 je, 1 il, 2 nous, 3 vous, 4 ils."""

    phrase: Phrase
    person: int
    feminine: bool = False
    name: str = ""
    kind: str = "person"

    @property
    def plural(self) -> bool:
        return self.person >= 2


PRONOUNS = [
    ("I", "je", 0, False),
    ("you", "vous", 3, False),
    ("he", "il", 1, False),
    ("she", "elle", 1, True),
]
PRONOUNS += [("we", "nous", 2, False), ("they", "ils", 4, False)]
OBJECTS = [("it", "le", False, False), ("him", "le", False, False), ("her", "la", True, False)]
OBJECTS += [("them", "les", False, True)]
DETERMINERS = [  # English singular and plural; French masculine, feminine, plural
    ("the", "the", "le", "la", "les"),
    ("the", "the", "le", "la", "les"),
    ("a", "some", "un", "une", "des"),
    ("this", "these", "ce", "cette", "ces"),
    ("my", "my", "mon", "ma", "mes"),
    ("his", "his", "son", "sa", "ses"),
    ("our", "our", "notre", "notre", "nos"),
    ("your", "your", "votre", "votre", "vos"),
    ("their", "their", "leur", "leur", "leurs"),
]
PLACES = [("in", "dans"), ("near", "près de"), ("behind", "derrière"), ("in front of", "devant")]
JOINED = [("and", "et"), ("but", "mais"), ("because", "parce que"), ("when", "quand")]
AVOIR = ("ai", "a", "avons", "avez", "ont")
ETRE = ("suis", "est", "sommes", "êtes", "sont")
WAS = ("étais", "était", "étions", "étiez", "étaient")
ALLER = ("vais", "va", "allons", "allez", "vont")
VOULOIR = ("veux", "veut", "voulons", "voulez", "veulent")
POUVOIR = ("peux", "peut", "pouvons", "pouvez", "peuvent")


class Grammar:
    """Generates random sentences. `combinations` has the pairs of content words of the latest one."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.words = chance, lexicon()
        self.meanings = count()
        self.combinations: set[tuple[str, str, str]] = set()

    def word(self, english: str, french: str) -> Phrase:
        """A phrase of English and French words that share one meaning."""
        meaning = (next(self.meanings),)
        return Phrase([(w, meaning) for w in english.split()], [(w, meaning) for w in french.split()])

    def noun_phrase(
        self, kinds: str, *, negated: bool = False, described: bool = True
    ) -> tuple[Phrase, Noun, bool]:
        """Determiner, sometimes an adjective, and noun; also returns the noun and whether it is plural."""
        chance = self.chance
        noun = chance.choice([n for n in self.words.nouns if kinds == "*" or n.kind in kinds.split()])
        plural = chance.random() < 0.35
        english, french = noun.forms[plural]
        core = self.word(english, french)
        if described and chance.random() < 0.35:
            core = self._described(core, noun, plural)
        determiner = self._determiner(noun, plural, core, negated=negated)
        return determiner + core, noun, plural

    def _described(self, core: Phrase, noun: Noun, plural: bool) -> Phrase:
        fitting = [a for a in self.words.adjectives if a.kinds == "*" or noun.kind in a.kinds.split()]
        adjective = self.chance.choice(fitting)
        self.combinations.add(("adjective", adjective.english, noun.forms[0][0]))
        added = self.word(adjective.english, adjective.french[noun.feminine, plural])
        french = added.french + core.french if adjective.before else core.french + added.french
        return Phrase(added.english + core.english, french)

    def _determiner(self, noun: Noun, plural: bool, core: Phrase, *, negated: bool) -> Phrase:
        if plural and self.chance.random() < 0.25:
            return self.word(*self.chance.choice(self.words.other["numbers"]))
        one, many, masculine, feminine, plurals = self.chance.choice(DETERMINERS)
        english = many if plural else one
        french = plurals if plural else feminine if noun.feminine else masculine
        if english == "a" and core.english[0][0][0] in "aeiou":
            english = "an"
        if english in ("a", "an", "some") and negated:  # "pas de livre"
            english, french = "any" if plural else english, "de"
        elif english == "some" and core.french[0][0] != noun.forms[1][1]:
            french = "de"  # before an adjective: de petits livres
        return self.word(english, french)

    def subject(self, *, relative: bool = True) -> Subject:
        """A pronoun, a name, or a noun phrase, sometimes with a relative clause."""
        kind = self.chance.random()
        if kind < 0.3:
            english, french, person, feminine = self.chance.choice(PRONOUNS)
            return Subject(self.word(english, french), person, feminine)
        if kind < 0.45:
            name, gender = self.chance.choice(self.words.other["names"])
            return Subject(self.word(name, name), 1, gender == "f", name)
        phrase, noun, plural = self.noun_phrase("person animal")
        subject = Subject(phrase, 4 if plural else 1, noun.feminine, noun.forms[0][0], noun.kind)
        if relative and self.chance.random() < 0.1:
            clause = self.verb_phrase(subject, "present", simple=True)
            phrase = phrase + self.word("who" if noun.kind == "person" else "that", "qui") + clause
            subject = replace(subject, phrase=phrase)
        return subject

    def verb_phrase(
        self, subject: Subject, tense: str, *, negated: bool = False, simple: bool = False
    ) -> Phrase:
        """A verb that agrees with its subject, followed by its object if it takes one."""
        verb = self.chance.choice([v for v in self.words.verbs if subject.kind in v.subjects.split()])
        if subject.name:
            self.combinations.add(("subject", subject.name, verb.infinitive))
        pronoun, object_phrase = None, Phrase()
        if verb.objects:
            if not simple and self.chance.random() < 0.2:
                pronoun = self.chance.choice(OBJECTS)
            else:
                object_phrase, noun, _ = self.noun_phrase(verb.objects, negated=negated)
                self.combinations.add(("object", verb.infinitive, noun.forms[0][0]))
        return self._verb(verb, subject, tense, negated=negated, pronoun=pronoun) + object_phrase

    def _verb(
        self,
        verb: Verb,
        subject: Subject,
        tense: str,
        *,
        negated: bool,
        pronoun: tuple[str, str, bool, bool] | None,
    ) -> Phrase:
        act, no, other, helper = ((next(self.meanings),) for _ in range(4))
        third = subject.person == 1
        base, singular, past = verb.english
        not_ = [("not", no)] if negated else []
        clitic: list[Word] = [(pronoun[1], other)] if pronoun else []
        finite: list[Word]
        rest: list[Word] = []
        if tense == "present":
            auxiliary_verb = ("does " if third else "do ") if negated else ""
            english = _all(auxiliary_verb, act) + not_ + _all(base if negated or not third else singular, act)
            finite = [*clitic, (verb.present[subject.person], act)]
        elif tense == "past":
            english = _all("did" if negated else "", helper) + not_ + _all(base if negated else past, act)
            auxiliary = (ETRE if verb.etre else AVOIR)[subject.person]
            agreement = pronoun[2:] if pronoun else (False, False)  # with an object before the verb
            if verb.etre:
                agreement = (subject.feminine, subject.plural)
            participle = agreeing(verb.participle, verb.participle + "e")[agreement]
            finite = [*clitic, (auxiliary, helper + act)]
            rest = [(participle, act)]
        else:
            forms, stem = {
                "future": (ALLER, ["am", "is", "are", "are", "are"][subject.person]),
                "want": (VOULOIR, "wants" if third else "want"),
                "can": (POUVOIR, "can"),
            }[tense]
            english = self._modal(tense, stem, third, negated, helper, no) + _all(base, act)
            finite = [(forms[subject.person], helper)]
            rest = [*clitic, (verb.infinitive, act)]
        if pronoun:
            english = [*english, (pronoun[0], other)]
        if negated:
            finite = [("ne", no), *finite, ("pas", no)]
        return Phrase(english, finite + rest)

    @staticmethod
    def _modal(
        tense: str, stem: str, third: bool, negated: bool, helper: tuple[int, ...], no: tuple[int, ...]
    ) -> list[Word]:
        not_ = [("not", no)] if negated else []
        if tense == "future":
            return [*_all(stem, helper), *not_, *_all("going to", helper)]
        if tense == "can":
            return [("can", helper), *not_]
        if negated:
            return [*_all("does" if third else "do", helper), *not_, *_all("want to", helper)]
        return _all(stem + " to", helper)

    def description(self, subject: Subject, *, past: bool, negated: bool) -> Phrase:
        """A form of "to be", and an adjective that agrees with the subject."""
        fitting = [
            a for a in self.words.adjectives if subject.kind in a.kinds.split() and a.english != "famous"
        ]
        adjective = self.chance.choice(fitting)
        if subject.name:
            self.combinations.add(("adjective", adjective.english, subject.name))
        forms = ("was", "was", "were", "were", "were") if past else ("am", "is", "are", "are", "are")
        be = self.word(forms[subject.person], (WAS if past else ETRE)[subject.person])
        if negated:
            no = self.word("not", "ne")
            be = Phrase(be.english + no.english, [no.french[0], *be.french, ("pas", no.french[0][1])])
        return be + self.word(adjective.english, adjective.french[subject.feminine, subject.plural])

    def clause(self, *, question: bool = False) -> Phrase:
        """Subject, verb and object, or a description; sometimes a place and a time."""
        chance = self.chance
        negated = chance.random() < 0.2
        subject = self.subject(relative=not question)
        tense = chance.choice(["present", "present", "past", "past", "future", "want", "can"])
        if question:
            return self._question(subject, "past" if tense == "past" else "present")
        if chance.random() < 0.18:
            past = tense == "past"
            return subject.phrase + self.description(subject, past=past, negated=negated)
        whole = subject.phrase + self.verb_phrase(subject, tense, negated=negated)
        if chance.random() < 0.25:
            place, *_ = self.noun_phrase("place", described=False)
            whole = whole + self.word(*chance.choice(PLACES)) + place
        if chance.random() < 0.3:
            times = {"past": "past_times", "future": "future_times"}.get(tense, "present_times")
            whole = whole + self.word(*chance.choice(self.words.other[times]))
        return whole

    def _question(self, subject: Subject, tense: str) -> Phrase:
        """A question: "does" or "did" with the base form of the verb; in French "est-ce que" and a clause."""
        verb = self.verb_phrase(subject, tense)
        helper = {"past": "did"}.get(tense, "does" if subject.person == 1 else "do")
        opening = self.word(helper, "est-ce que")
        forms = {form: v.english[0] for v in self.words.verbs for form in v.english[1:]}
        bases = {v.english[0] for v in self.words.verbs}
        for size in (2, 1):
            first = " ".join(w for w, _ in verb.english[:size])
            if first in forms or first in bases:
                base = forms.get(first, first).split()
                english = [(w, verb.english[0][1]) for w in base] + verb.english[size:]
                break
        return opening + subject.phrase + Phrase(english, verb.french)

    def sentence(self) -> SamplePair:
        """A sentence with a capital letter and a full stop or question mark."""
        self.combinations = set()
        if self.chance.random() < 0.15:
            return finish(self.clause(question=True), "?")
        whole = self.clause()
        if self.chance.random() < 0.06:
            whole = whole + self.word(*self.chance.choice(JOINED)) + self.clause()
        return finish(whole, ".")


def _all(words: str, meaning: tuple[int, ...]) -> list[Word]:
    return [(word, meaning) for word in words.split()]


def finish(phrase: Phrase, mark: str) -> SamplePair:
    """The sentence of a phrase, with contractions, elisions, a capital letter and a final mark.

    French puts a space before "?".
    """
    english, french = list(phrase.english), spelled(phrase.french)
    english[-1] = (english[-1][0] + mark, english[-1][1])
    if mark == "?":
        french = [*french, (mark, (-1,))]
    else:
        french[-1] = (french[-1][0] + mark, french[-1][1])
    english[0] = (english[0][0][0].upper() + english[0][0][1:], english[0][1])
    french[0] = (french[0][0][0].upper() + french[0][0][1:], french[0][1])
    alignment = tuple(
        (i, j)
        for i, (_, one) in enumerate(english)
        for j, (_, other) in enumerate(french)
        if set(one) & set(other)
    )
    return SamplePair(" ".join(w for w, _ in english), " ".join(w for w, _ in french), alignment)


def held_out(combination: tuple[str, str, str]) -> bool:
    """Whether the hash of a pair of words keeps it out of training."""
    return zlib.crc32(" ".join(combination).encode()) % HELD_OUT_SHARE == 0


def _sentences(seed: int, wanted: Callable[[set[tuple[str, str, str]]], bool]) -> Iterator[SamplePair]:
    grammar, seen = Grammar(random.Random(seed)), set[str]()
    while True:
        pair = grammar.sentence()
        if pair.source not in seen and wanted(grammar.combinations):
            seen.add(pair.source)
            yield pair


def sample_corpus(seed: int = 0, *, train: int = 8000, valid: int = 300, test: int = 500) -> SampleCorpus:
    """The corpus of a seed, with these numbers of sentences. It is the same on every machine."""
    if train < SMALLEST_TRAIN:
        raise UsageError(
            f"train is {train} pairs, expected {SMALLEST_TRAIN} or more: fewer do not contain all words"
        )
    training_pairs = _sentences(seed, lambda combinations: not any(map(held_out, combinations)))
    learned = [next(training_pairs) for _ in range(train)]
    counts = Counter(map(_fold, _words(learned)))
    frequent = {word for word, number in counts.items() if number >= LEAST_OCCURRENCES}
    combined = _sentences(seed + 1, lambda combinations: any(map(held_out, combinations)))
    new = (pair for pair in combined if frequent.issuperset(map(_fold, _words([pair]))))
    return SampleCorpus(
        learned, valid=[next(new) for _ in range(valid)], test=[next(new) for _ in range(test)]
    )


def _words(pairs: Iterable[SamplePair]) -> Iterator[str]:
    return (word for pair in pairs for text in (pair.source, pair.target) for word in text.split(" "))


def _fold(word: str) -> str:
    return word.rstrip(".?").lower()


def write_sample(directory: Path, *, seed: int = 0) -> dict[str, Path]:
    """Write train.tsv, valid.tsv and test.tsv, and for each a file .align in the format of Pharaoh (0-0 1-2).

    Returns the paths of the TSV files by name. Existing files are replaced.
    """
    corpus, paths = sample_corpus(seed), dict[str, Path]()
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("train", "valid", "test"):
        pairs: list[SamplePair] = getattr(corpus, name)
        paths[name] = directory / f"{name}.tsv"
        paths[name].write_text(
            "".join(f"{p.source}\t{p.target}\n" for p in pairs), encoding="utf-8", newline="\n"
        )
        lines = (" ".join(f"{i}-{j}" for i, j in p.alignment) for p in pairs)
        (directory / f"{name}.align").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return paths
