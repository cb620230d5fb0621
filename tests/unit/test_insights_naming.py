"""Names: customers' own words, the phrase that is nearest to what an issue means."""

from __future__ import annotations

import numpy as np
import pytest

from peachdash.insights.naming import name_issues
from peachdash.insights.phrase_choice import WordVectors, choose_phrase
from peachdash.insights.phrases import CLAUSE, MOST_CHARACTERS, PART, RUN, Phrase, find_phrases
from peachdash.insights.words import keyword_places, stem, terms

ISSUES = {
    "cone": ["My waffle cone was soggy.", "The waffle cone went soggy fast.", "Another soggy waffle cone."],
    "wait": ["We stood in line for an hour.", "The line took an hour.", "An hour in line, again."],
}
WORDS = ["waffle", "cone", "soggy", "line", "hour", "dry", "cleaning", "shop", "soup", "cold"]


def embed(texts) -> np.ndarray:
    """Unit vectors that say which of `WORDS` a text holds."""
    vectors = np.array([[word in text.lower() for word in WORDS] for text in texts], dtype=float)
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1)


def named(wanted: str, issues=ISSUES):
    meaning = embed(issues[wanted]).mean(axis=0)
    return name_issues(issues, [wanted], {wanted: meaning}, WordVectors(embed))[wanted]


def test_a_name_is_what_somebody_wrote_and_says_what_the_issue_means():
    name = named("cone")
    assert any(name.name.lower() in text.lower() for text in ISSUES["cone"])
    assert {"waffle", "cone", "soggy"} <= set(name.name.lower().split())
    assert set(name.keywords) == {"cone", "soggy", "waffle"}


def test_what_is_said_everywhere_names_nothing():
    issues = {key: [f"{text} Bless this shop." for text in texts] for key, texts in ISSUES.items()}
    assert "line" in named("wait", issues).name.lower()
    assert "shop" not in named("wait", issues).keywords[:2]


def test_the_nearest_phrase_wins_and_not_the_most_frequent_word():
    text = "The shop on the corner that my cousin opened sold me soup that was cold and a newspaper from June"
    issues = {**ISSUES, "soup": [text]}
    meaning = embed(["cold soup"])[0]
    found = name_issues(issues, ["soup"], {"soup": meaning}, WordVectors(embed))["soup"].name
    assert "oup that was cold" in found
    assert not {"newspaper", "corner"} & set(found.lower().split())


def test_a_short_sentence_is_its_own_name_and_is_not_read():
    def never(texts):
        raise AssertionError(texts)

    issues = {**ISSUES, "one": ["They lost my dry cleaning."]}
    named = name_issues(issues, ["one"], {}, WordVectors(never))["one"]
    assert named.name == "They lost my dry cleaning"


def test_the_survey_names_nothing_where_something_else_does():
    text = (
        "Peachy sent soggy forms, Peachy wants numbers, and the waffle cone that I had bought there was soggy"
    )
    assert "peachy" not in named("odd", {**ISSUES, "odd": [text]}).name.lower()


def pick(texts: dict[str, int], meaning: str) -> str:
    """What is chosen among parts of sentences, each given with the number of its sentence."""
    vectors = WordVectors(embed)
    vectors.read(texts)
    phrases = [Phrase(text, PART) for text in texts]
    return choose_phrase(phrases, list(texts.values()), embed([meaning])[0], vectors)


def test_two_parts_of_one_sentence_are_one_name_where_both_belong_to_it():
    meaning = "waffle cone soggy, soup cold"
    assert (
        pick({"waffle cone soggy": 0, "cold soup today": 0}, meaning) == "waffle cone soggy, cold soup today"
    )
    assert "," not in pick({"waffle cone soggy": 0, "cold soup today": 1}, meaning)
    assert "," not in pick({"waffle cone soggy": 0, "soggy waffle cone": 0}, meaning)
    long = {"waffle cone soggy when we got to the": 0, "cold soup of the day": 0}
    assert "," not in pick(long, meaning)


def test_one_word_of_meaning_is_no_name_where_more_is_said():
    assert pick({"soup": 0, "soup again today": 0}, "soup") == "soup again today"


def test_a_word_is_read_once():
    read: list[str] = []

    def reading(texts):
        read.extend(texts)
        return embed(texts)

    vectors = WordVectors(reading)
    vectors.read(["Soggy cone", "the soggy CONE"])
    vectors.read(["cone of soup"])
    assert read == ["soggy", "cone", "the", "of", "soup"]
    both, light = vectors.sums(["soggy cone", "the of"])
    assert np.allclose(both, embed(["soggy"])[0] + embed(["cone"])[0])
    assert not light.any()


@pytest.mark.parametrize("text", ["", "😀 !!", "the of and", "a " * 40])
def test_sentences_without_meaning_still_get_a_name(text):
    assert named("odd", {"odd": [text]}).name


def test_names_are_short_and_not_all_in_capitals():
    long = "supercalifragilistic" * 6
    assert len(named("long", {"long": [f"{long} {long}"]}).name) <= MOST_CHARACTERS
    assert not named("caps", {"caps": ["THE SOUP WAS COLD AND GREASY"]}).name.isupper()


def test_phrases_are_clauses_their_parts_and_runs():
    found = {phrase.text: phrase.wholeness for phrase in find_phrases("Quoted $20, and my hair is tea")}
    assert found["Quoted $20"] == CLAUSE
    assert found["hair is tea"] == CLAUSE
    assert "and my hair is tea" not in found, "what leads in is left out"
    found = {
        phrase.text: phrase.wholeness
        for phrase in find_phrases(
            "The boy behind the counter laughed because my stroller blocked their door"
        )
    }
    assert found["stroller blocked their door"] == PART
    assert found["boy behind the counter laughed"] == PART
    assert found["stroller blocked"] == RUN
    assert "counter laughed because" not in found
    texts = [phrase.text for phrase in find_phrases('A plate is $25 now with a "fee" nobody mentioned')]
    assert "plate is $25 now" in texts, "what leads out is left out"


def test_phrases_have_whole_quotations_and_a_length():
    phrases = [
        phrase.text for phrase in find_phrases('A "kitchen fee" of 5% for two rolls, "again" they said.')
    ]
    assert all(text.count('"') % 2 == 0 for text in phrases)
    assert "5%" in " ".join(phrases)
    endless = " ".join(["cones soggy and wet"] * 50)
    assert max(len(phrase.text.split()) for phrase in find_phrases(endless)) <= 9
    assert find_phrases("") == find_phrases("of the and") == []


def test_plurals_are_one_word():
    assert [stem(word) for word in ("Cones", "stories", "dishes", "bus", "glass", "this")] == [
        "cone", "story", "dish", "bus", "glass", "this",
    ]  # fmt: skip
    assert terms("The cones WERE never crisp") == ["cone", "never", "crisp"]


def test_keywords_are_found_in_any_form():
    text = "Cones! My cone, soggy."
    assert [text[start:end] for start, end in keyword_places(text, ["cone", "soggy"])] == [
        "Cones", "cone", "soggy",
    ]  # fmt: skip
