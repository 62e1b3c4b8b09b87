"""Translates the parts of a text (see `preparation`) with a model, and mends what went wrong.

A translation is wrong if it lacks something that is to be kept, or has an invented word: one that the
training data never had, and the source does not have. The best hypothesis without faults is taken. If all
have faults, the part is translated in another way, at most twice.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

from seq2seq.bundle.model_directory import Bundle
from seq2seq.config import DecodingConfig
from seq2seq.decoding.constraints import configured_constraints
from seq2seq.decoding.decode import decode, forbidden_tokens, growing
from seq2seq.decoding.engine import Engine
from seq2seq.decoding.following import Following
from seq2seq.decoding.hypotheses import Hypothesis
from seq2seq.decoding.placeholders import Placeholders, is_complete
from seq2seq.decoding.prefix import Beginning, ForcedPrefix, surfaces_of
from seq2seq.decoding.ranking import candidates, rank
from seq2seq.decoding.reverse import ReverseModel
from seq2seq.judging import Judge
from seq2seq.preparation.casing import shout
from seq2seq.preparation.glossary import lacks_form
from seq2seq.preparation.parts import Part, Preparation
from seq2seq.preparation.wrapping import wrap
from seq2seq.text.word_spans import Span, WordSpan
from seq2seq.translation import Translation, Word, align, join, kept, may_differ, mean_probability, moved

EOS = "</s>"
LONGEST_BEGINNING = 1000
"""Bytes of a sentence that a search can be made to begin with; each takes up to one step."""
NO_RULES: dict[str, Any] = {
    "max_repeats": 0,
    "no_repeat_ngram": 0,
    "repetition_penalty": 1.0,
    "min_length": 0,
    "min_length_factor": 0.0,
}
"""Settings without any constraint."""
_TWO_STOPS = ("a.m..", "p.m..")  # an abbreviation at the end of a sentence has one stop


class PartTranslator:
    """Translates parts of texts.

    Args:
        bundle: the model with its tokenizers and word lists.
        engine: runs the model's network.
        preparation: makes other parts of one whose translation has faults.
        config: settings of decoding.
        tag: ids that are put in front of each source, such as the tag of the target language.
        reverse: a model of the opposite direction that reranks the hypotheses.
    """

    def __init__(
        self,
        bundle: Bundle,
        engine: Engine,
        preparation: Preparation,
        config: DecodingConfig,
        tag: Sequence[int] = (),
        reverse: ReverseModel | None = None,
    ) -> None:
        self.engine, self.preparation, self.config, self.tag = engine, preparation, config, list(tag)
        self.reverse = reverse
        self.source, self.target, self.words = bundle.source, bundle.target, bundle.target_words
        self.placeholders = bundle.target.placeholder_ids
        self.judge = Judge(bundle, config, skip=len(tag))

    def parts(self, text: str, *, try_plain: bool = False) -> list[Part]:
        """The parts of `text`. `try_plain` is for `translate`: see `Preparation.parts`."""
        return self.preparation.parts(
            text,
            max_pieces=self.config.max_source_length,
            sentences=self.config.sentences,
            keep=self.config.verbatim,
            try_plain=try_plain,
        )

    def translate(self, parts: Sequence[Part]) -> list[Translation]:
        """The translation of each part; equal parts are translated once."""
        return self._translate(parts, tries=2)

    def growing(self, part: Part, before: str = "") -> Generator[Translation, None, Translation]:
        """Yield the translation of `part`, which has ids, behind the text `before` as it grows; return the
        whole of it, without `before`.

        It begins with what was `stable`, even if there is an invented word behind that. Nothing is stable as
        long as something that is kept may be missing, and in parts with marks around words or required forms.
        """
        arguments, stays = self._search_arguments([part]), ""
        for now in growing(self.engine, arguments.pop("sources")[0], self._searched_settings, **arguments):
            if now.found:
                break
            agreed, text = now.tokens[: now.agreed], self._text(part, now.tokens).strip()
            if is_complete(part.ids, agreed, self.placeholders) and not (part.wrappings or part.required):
                stays = max(stays, _without_last_word(self._text(part, agreed)), key=len)
            yield Translation(before + text, unstable=len(text) - len(stays))
        made = self._finished([part], [now.found], tries=2)[0]
        return made if made.text.startswith(stays) else self._finished([part], [now.found], tries=0)[0]

    def begun(self, part: Part, beginning: Beginning) -> Translation | None:
        """The translation of `part`, which has ids, with the given beginning; None if there is none.

        The rules of the search hold behind the beginning only.
        """
        arguments, config = self._search_arguments([part]), self.config
        rules = (
            *arguments.pop("constraints", ()),
            *configured_constraints(config, arguments["sources"]),
        )
        beginning = replace(beginning, fillings=part.fillings)
        prefix = ForcedPrefix(surfaces_of(self.target), (beginning,), rules)
        if len(beginning.wanted) > LONGEST_BEGINNING:
            return None
        longest = min(config.max_length_extra + len(beginning.wanted) + 1, 10_000)  # a piece for each byte
        arguments["constraints"] = [prefix]
        try:
            return self._searched(part, replace(config, **NO_RULES, max_length_extra=longest), arguments)
        except ValueError:  # no hypothesis is possible: a shortlist lacks the characters
            return None

    def following(self, part: Part, shown: Sequence[int], weight: float) -> Translation:
        """The translation of `part`, which has ids, with a bias towards the tokens `shown` (see `Following`).

        Its log probabilities contain the bias.
        """
        arguments = self._search_arguments([part])
        rule = Following((tuple(shown),), weight)
        arguments["constraints"] = [rule, *arguments.get("constraints", ())]
        return self._searched(part, self.config, arguments)

    def _searched(self, part: Part, config: DecodingConfig, arguments: dict[str, Any]) -> Translation:
        """The best translation that a search finds, and `n_best` others as its alternatives."""
        config = _with_hypotheses(config, config.verbatim)
        found = decode(self.engine, config=config, **arguments)
        hypotheses = self._sorted(part, self._ranked([part], found)[0])
        words = self.source.words(part.ids, part.originals)
        best, *rest = (self._translation(part, one, words) for one in hypotheses[: self.config.n_best])
        return replace(best, alternatives=rest)

    def _translate(self, parts: Sequence[Part], *, tries: int) -> list[Translation]:
        keys = [replace(part, start=0, separator="") for part in parts]
        different = list(dict.fromkeys(keys))
        made = dict(zip(different, self._translate_different(different, tries=tries), strict=True))
        return [moved(made[key], part.start) for key, part in zip(keys, parts, strict=True)]

    def _translate_different(self, parts: Sequence[Part], *, tries: int) -> list[Translation]:
        """The translation of each part. Those with faults are tried in another way, up to `tries` times."""
        active = [part for part in parts if part.ids]
        translations = iter(self._finished(active, self._found(active), tries=tries))
        return [
            next(translations) if part.ids else kept(part.text, translation=part.fixed, note=part.note)
            for part in parts
        ]

    def _found(self, parts: Sequence[Part]) -> list[list[Hypothesis]]:
        """The hypotheses of each part with ids: all, or the best one if it suffices and has no faults."""
        config, search = self._searched_settings, partial(decode, self.engine, merge=True)
        enough = config.n_best > self.config.n_best == 1 and not config.mbr and self.reverse is None
        found = search(config=config, best_only=enough, **self._search_arguments(parts))
        if enough:
            pairs = zip(parts, found, strict=True)
            again = [n for n, (part, one) in enumerate(pairs) if any(self._faults(part, one[0]))]
            some = self._search_arguments([parts[n] for n in again])
            for number, hypotheses in zip(again, search(config=config, **some) if again else (), strict=True):
                found[number] = hypotheses
        return found

    @property
    def _mends(self) -> bool:
        return self.config.verbatim or bool(self.preparation.glossary)

    @property
    def _searched_settings(self) -> DecodingConfig:
        """The settings with as many hypotheses as translations are chosen from."""
        return _with_hypotheses(self.config, self._mends or self.reverse is not None)

    def _finished(
        self, parts: Sequence[Part], found: Sequence[Sequence[Hypothesis]], *, tries: int
    ) -> list[Translation]:
        """The translation of each part with ids from the hypotheses that were found for it, mended."""
        hypotheses, mends = self._ranked(parts, found), self._mends
        if mends:
            hypotheses = [self._sorted(*pair) for pair in zip(parts, hypotheses, strict=True)]
        others = [
            self._other_parts(part, one[0], invented=tries > 1) if tries and mends else []
            for part, one in zip(parts, hypotheses, strict=True)
        ]
        flat = [part for other in others for part in other]
        again = iter(self._translate(flat, tries=tries - 1) if flat else ())
        return [
            self._better(part, one, [next(again) for _ in other], other)
            for part, one, other in zip(parts, hypotheses, others, strict=True)
        ]

    def _ranked(
        self, parts: Sequence[Part], hypotheses: Sequence[Sequence[Hypothesis]]
    ) -> list[list[Hypothesis]]:
        """The hypotheses of different texts of each part, best first."""
        if self.config.n_best == 1 and not self.config.mbr and self.reverse is None:
            return [list(found) for found in hypotheses]
        ranked = [
            rank(found, [self._text(part, one.tokens).strip() for one in found], self.config)
            for part, found in zip(parts, hypotheses, strict=True)
        ]
        if self.reverse is None:
            return ranked
        sources = [self.source.decode(part.ids, part.originals) for part in parts]
        targets = [
            [self.target.decode(one.tokens, part.fillings) for one in found]
            for part, found in zip(parts, ranked, strict=True)
        ]
        return self.reverse.rerank(sources, ranked, targets)

    def _search_arguments(self, parts: Sequence[Part]) -> dict[str, Any]:
        """What a search needs besides the engine and the settings."""
        sources = [[*self.tag, *part.ids] for part in parts]
        forbidden = forbidden_tokens(self.target)
        if not any(part.fillings for part in parts):
            return {"sources": sources, "forbidden": (*forbidden, *self.placeholders)}
        rule = Placeholders(sources, self.placeholders, self.target.eos_id)
        return {"sources": sources, "forbidden": forbidden, "constraints": [rule]}

    def _sorted(self, part: Part, hypotheses: list[Hypothesis]) -> list[Hypothesis]:
        """`hypotheses`, which are ranked, with those that have the fewest faults first."""
        if self.config.n_best == 1 and self._faults(part, hypotheses[0]) == (False, 0):
            return hypotheses  # the others are not needed
        return sorted(hypotheses, key=lambda one: self._faults(part, one))

    def _faults(self, part: Part, hypothesis: Hypothesis) -> tuple[bool, int]:
        """Whether a placeholder or a required form is missing, and the number of invented words."""
        incomplete = not is_complete(part.ids, hypothesis.tokens, self.placeholders) or (
            bool(part.required) and lacks_form(self._text(part, hypothesis.tokens).strip(), part.required)
        )
        if not self.config.verbatim:
            return incomplete, 0
        return incomplete, len(self.words.invented(self.target.decode(hypothesis.tokens), source=part.text))

    def _other_parts(self, part: Part, best: Hypothesis, *, invented: bool) -> list[Part]:
        """Another way to translate `part`, if `best` lacks something that is to be kept, or with `invented`
        if it has an invented word; else none."""
        incomplete, words = self._faults(part, best)
        if not incomplete and not (invented and words):
            return []
        if incomplete and part.instead:
            return list(part.instead)
        others = self.preparation.again(
            part,
            max_pieces=self.config.max_source_length,
            around=incomplete,
            keep=self.config.verbatim,
        )
        return others if [other.ids for other in others] != [part.ids] else []

    def _better(
        self,
        part: Part,
        hypotheses: Sequence[Hypothesis],
        again: Sequence[Translation],
        others: Sequence[Part],
    ) -> Translation:
        """The translation from the first of `hypotheses`, or that of the `others` if it has fewer faults."""
        if others:
            mended = join(again, [*(other.separator for other in others[:-1]), ""])
            if part.note not in mended.note:
                mended = replace(mended, note="; ".join(filter(None, (part.note, mended.note))))
            incomplete, words = self._faults(part, hypotheses[0])
            if incomplete or len(self.words.invented(mended.text, source=part.text)) < words:
                return mended
        source_words = self.source.words(part.ids, part.originals)
        best, *rest = hypotheses[: self.config.n_best]
        if part.required:
            rest = [one for one in rest if not self._faults(part, one)[0]]
        made, *alternatives = (self._translation(part, one, source_words) for one in (best, *rest))
        return replace(made, alternatives=alternatives)

    def _translation(
        self, part: Part, hypothesis: Hypothesis, source_words: Sequence[WordSpan]
    ) -> Translation:
        ids, skip = list(hypothesis.tokens), len(self.tag)
        words = self.target.words(ids, part.fillings)
        attention = None if hypothesis.weights is None else hypothesis.weights.float().cpu().numpy()
        links = list[tuple[int, int]]()
        if attention is not None:  # longer sentences of the batch add columns, whose weights are 0
            attention = np.ascontiguousarray(attention[:, : skip + len(part.ids) + 1])
            links = align(attention[:, skip:], [w.pieces for w in source_words], [w.pieces for w in words])
        log_probs, places = hypothesis.token_log_probs, [_typed(part, word) for word in source_words]
        text = self._text(part, ids)
        spans = [(w.start, min(w.end, len(text))) for w in words]
        if part.wrappings:
            more = _more_links(part, places, links, attention, skip, source_words, words)
            text, spans = wrap(text, spans, part.text, places, [*links, *more], part.wrappings)
        lead = len(text) - len(text.lstrip())
        text = text.strip()
        spans = [(max(start - lead, 0), min(max(end - lead, 0), len(text))) for start, end in spans]
        made = Translation(
            text=text,
            log_prob=hypothesis.log_prob,
            score=hypothesis.score,
            confidence=mean_probability(log_probs),
            source_tokens=[*self.source.pieces([*self.tag, *part.ids]), EOS],
            target_tokens=[*self.target.pieces(ids), EOS],
            source_words=tuple(
                Word(part.text[start:end], part.start + start, part.start + end) for start, end in places
            ),
            words=tuple(
                Word(text[start:end], start, end, mean_probability(chances), may_differ(chances))
                for w, (start, end) in zip(words, spans, strict=True)
                for chances in [log_probs[w.pieces.start : w.pieces.stop]]
            ),
            attention=attention,
            alignment=links,
            note=part.note,
        )
        return self.judge.judged(made, part, hypothesis, source_words, words)

    def _text(self, part: Part, ids: Sequence[int]) -> str:
        """The text of target tokens, with what was kept, and in capitals if `part` was typed so."""
        if part.shouted:
            text, spans = self.target.decode_spans(ids, part.fillings)
            keep = [span for token, span in zip(ids, spans, strict=True) if token in self.placeholders]
            text = shout(text, keep=keep)
        else:
            text = self.target.decode(ids, part.fillings)
        if part.fillings:
            begin = (one for one in ids if one in self.placeholders or self.target.decode([one]).strip())
            text = _begun(text, part, next(begin, None), self.placeholders)
        return text[:-1] if text.endswith(_TWO_STOPS) else text


@lru_cache(maxsize=64)
def _with_hypotheses(config: DecodingConfig, choose: bool) -> DecodingConfig:
    """`config` with as many hypotheses as translations are taken from."""
    return replace(config, n_best=candidates(config, choose=choose))


def _without_last_word(text: str) -> str:
    """`text` without its last word, whose characters may be incomplete, and whose stop may go."""
    return text[: text.rfind(" ") + 1].strip()


def _begun(text: str, part: Part, first: int | None, placeholders: Sequence[int]) -> str:
    """`text` with a capital letter, if `part` has one and a term of the glossary in small letters begins it.

    `first` is its first token that is not white space. What is kept as it was typed gets no capital.
    """
    if first is None or first not in placeholders or not part.text[:1].isupper():
        return text
    number = placeholders.index(first)
    filling, original = part.fillings[number], part.originals[number]
    large = text[:1].upper()
    if filling == original or not filling.split(maxsplit=1)[0].islower() or len(large) != 1:
        return text
    return large + text[1:]


def _more_links(
    part: Part,
    places: Sequence[Span],
    links: Sequence[tuple[int, int]],
    attention: np.ndarray | None,
    skip: int,
    source_words: Sequence[WordSpan],
    words: Sequence[WordSpan],
) -> list[tuple[int, int]]:
    """For each pair of marks without a link: its first word, and the target word that attends to it most."""
    more, linked = list[tuple[int, int]](), {source for source, _ in links}
    for one in part.wrappings:
        inner = [n for n, (start, end) in enumerate(places) if start < one.end and one.start < end]
        if not inner or attention is None or not words or linked.intersection(inner):
            continue
        columns = [skip + piece for number in inner for piece in source_words[number].pieces]
        mass = attention[:, columns].sum(1)
        more.append(
            (inner[0], int(np.argmax([mass[word.pieces.start : word.pieces.stop].sum() for word in words])))
        )
    return more


def _typed(part: Part, word: WordSpan) -> Span:
    """The span in the text of `part` of a word of what was encoded."""
    if not part.places:
        return word.start, word.end
    return part.places[word.start], part.ends[word.end]
