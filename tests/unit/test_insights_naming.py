"""Names: customers' own words, what sets an issue apart before what all say."""

from __future__ import annotations

import pytest

from peachdash.insights.naming import NAME_CHARACTERS, keyword_places, name_issues, stem, terms

ISSUES = {
    "cone": ["My waffle cone was soggy.", "The waffle cone went soggy fast.", "Another soggy waffle cone."],
    "wait": ["We stood in line for an hour.", "The line took an hour.", "An hour in line, again."],
}


def named(wanted: str, issues=ISSUES):
    return name_issues(issues, [wanted], {wanted: issues[wanted][0]})[wanted]


def test_a_name_is_a_run_of_words_that_somebody_wrote():
    name = named("cone")
    assert any(name.name.lower() in text.lower() for text in ISSUES["cone"])
    assert {"cone", "soggy"} <= set(name.name.lower().split())
    assert set(name.keywords) == {"cone", "soggy", "waffle"}


def test_what_is_said_everywhere_names_nothing():
    issues = {key: [f"{text} Bless this shop." for text in texts] for key, texts in ISSUES.items()}
    assert "shop" not in named("wait", issues).name.lower()
    assert "line" in named("wait", issues).name.lower()


def test_a_single_sentence_is_named_from_itself():
    issues = {**ISSUES, "one": ["They lost my dry cleaning."]}
    assert named("one", issues).name.lower() in "they lost my dry cleaning."


@pytest.mark.parametrize("text", ["", "😀 !!", "the of and"])
def test_sentences_without_meaning_still_get_a_name(text):
    assert named("odd", {"odd": [text]}).name


def test_names_are_short_and_not_all_in_capitals():
    long = "supercalifragilistic" * 6
    assert len(named("long", {"long": [f"{long} {long}"]}).name) <= NAME_CHARACTERS
    assert not named("caps", {"caps": ["THE SOUP WAS COLD AND GREASY"]}).name.isupper()


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
