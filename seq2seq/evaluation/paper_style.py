"""BLEU as papers report it: of lower-cased Moses tokens with normalised punctuation.

Translations and references go through the steps by which Multi30k is published as tokens (Elliott et al.,
2016): lowercase.perl, normalize-punctuation.perl and tokenizer.perl, as sacremoses does them. sacreBLEU then
scores these tokens. The result is comparable only with others that were computed in this way, and not with
the scores of raw text in `metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib.metadata import version
from importlib.util import find_spec

from seq2seq.errors import UsageError
from seq2seq.evaluation.metrics import Score, check_texts, tokenizer_for
from seq2seq.text.languages import language_code


def check_paper_style(language: str) -> None:
    """Raise UsageError unless there are Moses tokens for the target language, and sacremoses is installed."""
    if not language or tokenizer_for(language) != "13a":
        raise UsageError(
            f"the target language is {language!r}, expected one with spaces between words for paper style: "
            "Moses tokens are words"
        )
    if find_spec("sacremoses") is None:
        raise UsageError('paper style needs sacremoses: pip install "seq2seq-mt[paper]"')


def paper_bleu(hypotheses: Sequence[str], references: Sequence[str], *, language: str) -> Score:
    """BLEU of a corpus of raw text in `language`, with one reference per hypothesis.

    The signature names the steps before that of sacreBLEU. UsageError as in `check_paper_style`.
    """
    check_paper_style(language)
    check_texts(hypotheses, references)
    from sacrebleu.metrics import BLEU

    metric = BLEU(tokenize="none", force=True)  # no warning that the text is tokenized
    tokens = moses_tokens(hypotheses, language), moses_tokens(references, language)
    result = metric.corpus_score(tokens[0], [tokens[1]])
    steps = f"lc|normpunct|moses-{language_code(language)}|sacremoses:{version('sacremoses')}"
    return Score(score=float(result.score), signature=f"{steps}|{metric.get_signature()}")


def moses_tokens(texts: Iterable[str], language: str) -> list[str]:
    """Each text in lower case, its punctuation normalised, and its Moses tokens with spaces between them.

    `perl_parity` is normalize-punctuation.perl to the letter, with which the published scores were made.
    """
    from sacremoses import MosesPunctNormalizer, MosesTokenizer

    code = language_code(language)
    normalizer, tokenizer = MosesPunctNormalizer(lang=code, perl_parity=True), MosesTokenizer(lang=code)
    return [tokenizer.tokenize(normalizer.normalize(text.lower()), return_str=True) for text in texts]
