"""What a bigger model buys, and what another champion would change, in words and numbers."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.charts.candidates import candidate_chart, describe_candidates
from peachdash.insights.changes import change_sentence, summarise_changes
from peachdash.insights.sizes import Gain, Outlay, megabytes, size_sentence

SMALL, BASE = Outlay(60.0, 1_400_000_000, 92_000_000), Outlay(15.0, 3_900_000_000, 441_000_000)


def test_what_base_buys_and_costs():
    told = size_sentence(Gain(4.9, 2.5, 7.3), Gain(2.4, -0.9, 6.6), SMALL, BASE)
    assert told == (
        "Base buys 5 points (2 to 7) of macro F1 and 2 points (-1 to 7) fewer “peachy” reviews misread; "
        "it costs 4.0 times the time (15 against 60 reviews a second here), 3.9 GB of memory instead of "
        "1.4 GB and 441 MB on disk instead of 92 MB."
    )


def test_memory_that_reads_the_same_is_not_said_twice():
    told = size_sentence(Gain(4.9, 2.5, 7.3), None, SMALL, Outlay(15.0, 1_420_000_000, 441_000_000))
    assert "as much memory (1.4 GB)" in told


@pytest.mark.parametrize("gain", [Gain(1.0, -1.0, 3.0), Gain(-3.0, -5.0, -1.0)])
def test_a_gain_that_is_not_clear_is_none(gain):
    told = size_sentence(gain, Gain(-2.0, -4.0, -1.0), None, BASE)
    assert told.startswith("Base buys nothing clear: ")
    assert "2 points (1 to 4) more “peachy” reviews misread" in told
    assert told.endswith("What it costs was not measured here.")


def test_without_a_comparison_the_sentence_says_what_is_missing():
    assert size_sentence(None, None, SMALL, BASE) == (
        "Small and base were not both measured on these test reviews."
    )
    assert size_sentence(None, None, None, None, "No base.") == "No base."


def test_sizes_in_words():
    assert [megabytes(size) for size in (None, 1_400_000, 999_000_000, 1_400_000_000)] == [
        "–", "1 MB", "999 MB", "1.4 GB",
    ]  # fmt: skip


def changes(*rows: tuple[str, bool, str, str, int]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["business_id", "human", "before", "after", "n"])
    return frame.assign(business=frame["business_id"].str.title())


def test_changes_are_summed_by_class_and_business():
    found = summarise_changes(
        changes(
            ("ash", False, "negative", "negative", 80),
            ("ash", False, "neutral", "positive", 3),
            ("ash", True, "positive", "positive", 5),
            ("birch", False, "neutral", "positive", 1),
            ("birch", False, "positive", "undecided", 11),
        )
    )
    assert (found["reviews"], found["flips"], found["human"]) == (100, 15, 5)
    assert found["by_class"] == [
        {"before": "positive", "after": "undecided", "n": 11},
        {"before": "neutral", "after": "positive", "n": 4},
    ]
    birch, ash = found["by_business"]
    assert (birch["business"], birch["flips"], birch["positive_before"], birch["positive_after"]) == (
        "Birch", 12, 11, 1,
    )  # fmt: skip
    assert (ash["flips"], ash["negative_before"], ash["negative_after"]) == (3, 80, 80)
    assert found["low"] < 0.15 < found["high"]
    assert change_sentence(found) == (
        "15 of 100 reviews would count as something else, 15% (9 to 23%, n = 100), at 2 businesses; most "
        "often from positive to undecided (11)."
    )


def test_nothing_to_change():
    none = summarise_changes(changes().astype({"n": int, "human": bool}))
    assert (none["reviews"], none["low"], none["by_class"], none["by_business"]) == (0, None, [], [])
    assert change_sentence(none) == "No review counts yet, so nothing would change."
    same = summarise_changes(changes(("ash", False, "neutral", "neutral", 4)))
    assert change_sentence(same) == "None of 4 reviews would count as something else."


def test_the_chart_leaves_out_what_was_not_measured():
    rows = pd.DataFrame(
        {
            "model": ["small", "base", "base"],
            "name": ["small-a", "base-b", "base-c"],
            "per_second": [60.0, 15.0, None],
            "macro_f1": [0.83, 0.88, 0.9],
            "low": [0.81, 0.85, 0.8],
            "high": [0.86, 0.91, 0.95],
            "n": [580, 580, 580],
        }
    )
    chart = candidate_chart(rows, title="Macro F1 by speed")
    assert chart is not None
    spec = str(chart.to_dict())
    assert "base-b" in spec
    assert "base-c" not in spec
    assert describe_candidates(rows.iloc[:2]).startswith(
        "Macro F1 against reviews a second. base-b (base): macro F1 0.88, 15 a second; small-a"
    )
    assert candidate_chart(rows.iloc[2:], title="x") is None
