"""Nearly the same text by different reviewers."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.ingest.campaigns import SIMILAR, find_near_duplicates

LONG = "this is the very best bowl of noodles in all of the city and the staff is kind to everybody who comes"


def reviews(*rows: tuple[str, str | None]) -> pd.DataFrame:
    texts, people = zip(*rows, strict=True) if rows else ((), ())
    return pd.DataFrame({"review_id": range(1, len(rows) + 1), "text": texts, "reviewer_hash": people})


def test_an_identical_text_is_a_twin_of_similarity_one():
    found = find_near_duplicates(reviews((LONG, "a"), (LONG.upper(), "b")))
    assert found.to_numpy().tolist() == [[1, 2, 1.0], [2, 1, 1.0]]


def test_one_changed_word_is_nearly_the_same():
    found = find_near_duplicates(reviews((LONG, "a"), (LONG.replace("kind", "rude"), None)))
    words = len(LONG.split()) - 2
    assert found["similarity"].tolist() == pytest.approx([(words - 3) / (words + 3)] * 2)
    assert found["similarity"].min() >= SIMILAR


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [(LONG, "a")],
        [(LONG, "a"), (LONG, "a")],
        [("Great food and service!", "a"), ("Great food and service!", "b")],
        [(LONG, "a"), ("the linen bled on my sofa and nobody at the shop wanted to hear of it at all", "b")],
    ],
    ids=["empty", "one", "same reviewer", "too short", "different"],
)
def test_what_is_no_campaign(rows):
    assert find_near_duplicates(reviews(*rows)).empty


def test_progress_is_told():
    told: list[int] = []
    find_near_duplicates(reviews(*[(f"{LONG} {number}", "a") for number in range(1000)]), told.append)
    assert told == [500, 1000]
