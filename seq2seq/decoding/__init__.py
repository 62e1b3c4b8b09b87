"""From token ids to translations: search, and the engines that compute its scores.

search.py        greedy, beam, sampling and forced decoding: the loop that all share
choices.py       how each of them chooses the next tokens
agreement.py     how much of a translation is certain while it is searched
hypotheses.py    what a search returns, traced back through its steps
penalties.py     their scores: length normalisation and coverage
ranking.py       their order, and one for each text
risk.py          the one most like all others: minimum Bayes risk
reverse.py       their scores with those of a model of the opposite direction
constraints.py   rules that change the scores of a step
repetition.py    one of them: how often a sequence may follow itself
repetition_penalty.py  one of them: tokens that are already there are less likely
min_length.py    one of them: no end before so many tokens
prefix.py        one of them: a translation begins with given characters
following.py     one of them: a translation prefers what was shown before
next_words.py    the likely words after a prefix
remembered.py    states that are used again for the next question
engine.py        the protocol between search and a network; the engines are in `engines`
ensemble.py      several engines as one
decode.py        sentences through the search, in batches
"""
