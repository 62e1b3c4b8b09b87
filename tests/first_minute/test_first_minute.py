"""The first minute: the lists are sound, the scoring sees mistakes, and the bundled models answer well."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass

import pytest

from seq2seq import Translator
from seq2seq.bundle.finding import bundled, directions_of
from tests.first_minute import first_minute
from tests.first_minute.first_minute import Entry, normalise, read_entries, score

SIZES = {"en-fr": 200, "fr-en": 100, "en-de": 100, "de-en": 100}
ENTRIES = {direction: read_entries(direction) for direction in SIZES}
SHARE = 0.88

SAME = [
    {"hello", "helo", "Good morning!", "Good Morning, Everyone", "bonjour", "bonjourr"},
    {"thanks", "thnak you", "THANK YOU VERY MUCH"},
    {"please", "You're welcome."},
    {"i don't know", "i dont know"},
]
"""Inputs that have answers in common."""

GRANDPARENTS = "Meine Großeltern haben in den Bergen einen kleinen Hof."

GOOD = [
    ("en-fr", "Good morning!", "Bonjour!"),
    ("en-fr", "How are you?", "Comment vas-tu\u202f?"),
    ("en-fr", "How are you?", "Comment allez-vous\xa0?"),
    ("en-fr", "i love you", "Je t’aime."),
    ("en-fr", "WHERE ARE MY SHOES?", "OU SONT MES CHAUSSURES ?"),  # capitals without accents are common
    ("en-fr", "THE SHOP IS CLOSED TODAY", "Le magasin est fermé aujourd'hui."),
    ("en-fr", "I'll call you as soon as I arrive.", "Je vous appellerai dès que je serai arrivé."),
    ("en-fr", "He lost his keys yesterday.", "Hier, il a égaré ses clefs."),
    ("en-fr", "My sister is learning to play the guitar.", "Ma soeur apprend la guitare."),
    ("en-fr", "12345", "12\u202f345"),
    ("en-fr", "The price is $24.50.", "Le prix est de 24,50 dollars."),
    ("en-fr", "About 60% of the students passed.", "À peu près 60\xa0% des élèves ont réussi."),
    ("en-fr", 'He said: "I am coming."', 'Il a dit : "Je viens."'),
    ("en-fr", "I love you ❤️", "Je t'aime. ❤"),
    ("fr-en", "je t'aime", "I love you."),
    ("fr-en", "Ma mère est allée au marché ce matin.", "My mum went to the market this morning."),
    ("fr-en", "Je suis né le 14 juillet 1998.", "I was born on 14 July 1998."),
    ("fr-en", "« Merci », murmura-t-elle.", "“Thanks,” she whispered."),
    ("fr-en", "Ça coûte 12,50 €.", "It costs 12.50 euros."),
    ("en-de", "Could you speak more slowly, please?", "Bitte sprechen Sie etwas langsamer!"),
    ("en-de", "She doesn't eat meat, but she loves fish.", "Sie isst kein Fleisch, liebt aber Fisch."),
    ("en-de", "The lift is broken, so take the stairs.", "Der Fahrstuhl ist kaputt, nehmt also die Treppe."),
    ("en-de", "KEEP THE DOOR CLOSED", "TÜR SCHLIEẞEN"),
    ("en-de", "KEEP THE DOOR CLOSED", "Tür schliessen!"),
    ("en-de", "WHO IS THAT MAN?", "Wer ist der Mann da?"),
    ("en-de", "More than 25,000 people came to the concert.", "Zum Konzert kamen über 25\u202f000 Menschen."),
    ("en-de", "The rent went up by 3.5%.", "Die Miete ist um 3,5\xa0% gestiegen."),
    ("en-de", "I bought 4 tickets for $60.", "Ich habe vier Karten für 60 Dollar gekauft."),
    ("en-de", "The night train leaves at 11:20 p.m.", "Der Nachtzug fährt um 23.20 Uhr ab."),
    ("en-de", "It's a quarter to three.", "Es ist drei viertel drei."),
    ("en-de", '"Be careful," my mother said.', "»Pass auf!«, sagte meine Mutter."),
    ("en-de", "My grandparents have a small farm in the mountains.", GRANDPARENTS),
    ("de-en", "Wie geht's?", "How are you?"),
    ("de-en", "Wir haben gestern lange telefoniert.", "We had a long phone call yesterday."),
    ("de-en", "Sie haben drei Kinder", "You have three children."),
    ("de-en", "Es ist halb acht.", "It's seven thirty."),
    ("de-en", "Das Buch kostet 9,90 Euro.", "The book costs €9.90."),
    ("de-en", "Hr. Schulz wohnt in der Gartenstr. 5.", "Mr Schulz lives at 5 Gartenstraße."),
    ("de-en", "„Wo bist du?“, fragte er.", "‘Where are you?’ he asked."),
]

BAD = [  # the first six are answers of the model of November 2026
    ("en-fr", "hello", "Vera-t-il."),
    ("en-fr", "i love you", "Tu t'aimes ?"),
    ("en-fr", "😀", "L'informette remplage de l'aff"),
    ("en-fr", "12345", "dix-neuf-neuf-neuf-neuf-cents-cents-ci"),
    ("en-fr", "I love you ❤️", "Je t'aime à l'informmentation de l'intrange de remposer"),
    ("en-fr", "谢谢", "La femme d'informette remploie de l'affor"),
    ("en-fr", "i love you", "Je ne t'aime pas."),
    ("en-fr", "i love you", "Je t'aime ?"),
    ("en-fr", "i love you", "Je t'aime. Je t'aime."),
    ("en-fr", "Do you speak English", "Vous parlez anglais."),  # a statement
    ("en-fr", "He lost his keys yesterday.", "Elle a perdu ses clés hier."),
    ("en-fr", "The price is $24.50.", "Le prix est de 24 dollars."),
    ("en-fr", "See you at 5 p.m.", "On se voit à 5 heures du matin."),
    ("en-fr", "Hello. How are you?", "Bonjour."),
    (
        "en-fr",
        "Go to https://example.com/help?id=42 for more information.",
        "Va à exemple pour plus d'infos.",
    ),
    ("en-fr", "Ich habe heute leider keine Zeit.", "Ich hasbe tute de l'heure."),
    ("en-fr", "one\ntwo\nthree", "un deux trois"),
    ("en-fr", "My name is Siobhan.", "Mon nom est Siban."),
    ("fr-en", "Ma mère est allée au marché ce matin.", "My mother went to the market."),
    ("fr-en", "La ville compte 1 250 000 habitants.", "The city has 125,000 inhabitants."),
    ("fr-en", "Il était tard. Nous étions fatigués. Personne ne parlait.", "It was late. We were tired."),
    ("en-de", "i miss you", "Ich verpasse dich."),
    ("en-de", "WHO IS THAT MAN?", "WAS IST DIESER MANN?"),
    ("en-de", "I left my umbrella at the office.", "Ich habe meinen Regenschirm vergessen."),
    ("en-de", "She doesn't eat meat, but she loves fish.", "Er isst kein Fleisch, aber er liebt Fisch."),
    ("en-de", "Could you speak more slowly, please?", "Könnten Sie bitte lauter sprechen?"),
    ("en-de", "The children are already asleep", "Die Kinder schlafen noch."),
    ("en-de", "Get well soon 🌷", "Hol dich bald gut 🌷"),
    ("en-de", "More than 25,000 people came to the concert.", "Mehr als 25,000 Menschen kamen zum Konzert."),
    ("en-de", "The rent went up by 3.5%.", "Die Miete ist auf 3,5 % gestiegen."),
    ("en-de", "It's a quarter to three.", "Es ist ein Viertel bis drei."),
    ("en-de", "The night train leaves at 11:20 p.m.", "Der Nachtzug fährt um 11:20 Uhr ab."),
    ("en-de", "This is my colleague Nikolaj.", "Das ist mein Kollege Nikolai."),
    ("en-de", "Type `exit` to close the program.", "Geben Sie `Ausgang` ein, um das Programm zu beenden."),
    ("en-de", "It was -8 °C last night.", "Letzte Nacht waren es 8 °C."),
    ("en-de", "left\nright", "links rechts"),
    ("de-en", "Keine Ursache.", "No cause."),
    ("de-en", "Das Haus Am See", "The House by the Sea"),
    ("de-en", "Es ist halb acht.", "It is half past eight."),
    ("de-en", "ACHTUNG, STUFE!", "EIGHT, STEP!"),
    ("de-en", "Das Buch kostet 9,90 Euro.", "The book costs 9,90 euros."),
    ("de-en", "Das Stadion hat 48.500 Plätze.", "The stadium has 48.500 seats."),
    ("de-en", "Ich heiße Jörg.", "My name is Jorg."),
    ("de-en", "Warum ist der Zug so voll", "The train is so full."),
    ("de-en", "Setz dich. Möchtest du etwas trinken?", "Sit down."),
]


def find(direction: str, text: str) -> Entry:
    return next(entry for entry in ENTRIES[direction] if entry.input == text)


def mean_the_same(one: Entry, other: Entry) -> bool:
    return any({one.input, other.input} <= group for group in SAME)


@dataclass
class FixedAnswers:
    """A translator that gives the examples, or one answer to everything."""

    answer: str | None = None

    def translate(self, text: list[str]) -> list[str]:
        examples = {entry.input: entry.example for entries in ENTRIES.values() for entry in entries}
        return [examples[line] if self.answer is None else self.answer for line in text]


@pytest.mark.parametrize("direction", SIZES)
def test_a_list_has_different_inputs_of_25_classes(direction: str) -> None:
    entries = ENTRIES[direction]
    assert len({entry.input for entry in entries}) == len(entries) == SIZES[direction]
    shares = [number / len(entries) for number in Counter(entry.kind for entry in entries).values()]
    assert len(shares) == 25 and min(shares) >= 0.02 and max(shares) <= 0.06


@pytest.mark.parametrize(("one", "other"), [("en-fr", "en-de"), ("fr-en", "de-en")])
def test_the_lists_of_two_languages_have_different_inputs(one: str, other: str) -> None:
    assert {entry.input for entry in ENTRIES[one]} & {entry.input for entry in ENTRIES[other]} == set()


@pytest.mark.parametrize("direction", SIZES)
def test_examples_are_accepted(direction: str) -> None:
    assert [(e.input, problem) for e in ENTRIES[direction] if (problem := e.problem(e.example))] == []


@pytest.mark.parametrize("direction", SIZES)
def test_inputs_are_rejected_unless_they_may_pass_through(direction: str) -> None:
    assert [e.input for e in ENTRIES[direction] if bool(e.problem(e.input)) == e.unchanged] == []


@pytest.mark.parametrize("direction", SIZES)
def test_empty_answers_are_rejected_unless_the_input_is_blank(direction: str) -> None:
    assert [e.input for e in ENTRIES[direction] if bool(e.problem("")) != bool(e.input.strip())] == []


@pytest.mark.parametrize("direction", SIZES)
def test_answers_to_other_inputs_are_rejected(direction: str) -> None:
    accepted = [
        (one.input, other.input)
        for one in ENTRIES[direction]
        for other in ENTRIES[direction]
        if one is not other and not mean_the_same(one, other) and not one.problem(other.example)
    ]
    assert accepted == []


@pytest.mark.parametrize("direction", SIZES)
def test_answers_that_lack_a_word_are_rejected(direction: str) -> None:
    """Words of four letters and more; few may be left out, as "beaucoup" of "merci beaucoup"."""
    lacking = [
        entry.problem(entry.example[: word.start()] + entry.example[word.end() :].lstrip(" "))
        for entry in ENTRIES[direction]
        for word in re.finditer(r"[^\W\d]{4,}", entry.example)
    ]
    assert sum(map(bool, lacking)) >= 0.97 * len(lacking)


@pytest.mark.parametrize("direction", SIZES)
def test_answers_that_say_a_word_twice_are_rejected(direction: str) -> None:
    repeating = [
        entry.problem(entry.example[: word.end()] + " " + entry.example[word.start() :])
        for entry in ENTRIES[direction]
        for word in re.finditer(r"\w{2,}", entry.example)
    ]
    assert sum(map(bool, repeating)) >= 0.99 * len(repeating)


@pytest.mark.parametrize(("direction", "typed", "answer"), GOOD)
def test_other_good_answers_are_accepted(direction: str, typed: str, answer: str) -> None:
    assert find(direction, typed).problem(answer) == ""


@pytest.mark.parametrize(("direction", "typed", "answer"), BAD)
def test_bad_answers_are_rejected(direction: str, typed: str, answer: str) -> None:
    assert find(direction, typed).problem(answer) != ""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (" Bonjour\xa0! ", "Bonjour!"),
        ("«\u202fC'est ça\u202f»\u202f; 5 %...", '"C’est ça"; 5%…'),
        ("sœur \r\n  e\u0301te\u0301", "soeur\nété"),
        ("Effacer %d", "Effacer %d"),
        ("« a » et « b », l'«\xa0ami\xa0»", '"a" et "b", l’"ami"'),
        ("Er sagt: »Grüß dich!« – „Ja“, ‚nein‘", 'Er sagt: "Grüss dich!" – "Ja", ’nein’'),
    ],
)
def test_spellings_are_made_equal(text: str, expected: str) -> None:
    assert normalise(text) == expected


def test_a_report_counts_by_class() -> None:
    entries = [find("en-fr", text) for text in ("hello", "dog", "helo", "😀")]
    assert score(FixedAnswers(), entries).share == 1
    report = score(FixedAnswers("Bonjour."), entries)
    assert report.share == 0.5
    assert {kind: part.share for kind, part in report.classes.items()} == {
        "words": 0.5,
        "typos": 1,
        "emoji": 0,
    }
    assert [(result.entry.input, result.problem) for result in report.failures] == [
        ("dog", "does not match"),
        ("😀", "expected the input unchanged"),
    ]
    assert str(report).split("\n")[-1].split() == ["all", "2", "of", "4", "50.0%"]


def test_the_script_says_how_it_is_called() -> None:
    command = [sys.executable, first_minute.__file__, "--help"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert all(word in text for word in ("--show", "--model", *SIZES))


def test_any_model_can_be_scored(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    models = {"runs/german": FixedAnswers(), "en-de": FixedAnswers("Ja.")}
    monkeypatch.setattr(Translator, "from_pretrained", models.__getitem__)
    last_lines = []
    for options in (["--model", "runs/german"], []):
        monkeypatch.setattr(sys, "argv", ["first_minute.py", "en-de", *options])
        first_minute.main()
        last_lines.append(capsys.readouterr().out.split("\n")[-2].split())
    assert last_lines == [["all", "100", "of", "100", "100.0%"], ["all", "0", "of", "100", "0.0%"]]


def test_a_missing_model_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["first_minute.py", "en-de", "--model", "no/such/model"])
    with pytest.raises(SystemExit, match="2"):
        first_minute.main()
    assert "error: no/such/model" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("direction", SIZES)
def test_bundled_models_answer_well(direction: str) -> None:
    shipped = {"-".join(pair) for folder in bundled().values() for pair in directions_of(folder)}
    if direction not in shipped:
        pytest.skip(f"no bundled model translates {direction}")
    report = score(Translator.from_pretrained(direction), ENTRIES[direction])
    assert report.share >= SHARE, f"\n{report}"
