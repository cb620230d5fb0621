"""Both readings of a review as bars."""

from __future__ import annotations

import math

from peachdash.ui.reading_bars import describe_readings, reading_bars, reading_rows

REVIEW = {
    "champion_p_negative": 0.02,
    "champion_p_neutral": 0.05,
    "champion_p_positive": 0.93,
    "generic_p_negative": math.nan,
    "generic_p_neutral": None,
    "generic_p_positive": math.nan,
}


def test_a_model_that_has_not_read_it_has_no_bars():
    rows = reading_rows(REVIEW)
    assert list(rows["model"].unique()) == ["fine-tuned"]
    assert list(rows["words"]) == ["2%", "5%", "93%"]


def test_the_bars_are_told_in_words():
    chart = reading_bars(reading_rows(REVIEW)).to_dict()
    expected = "Probabilities by the fine-tuned model: negative 2%, neutral 5%, positive 93%."
    assert chart["description"] == expected == describe_readings(reading_rows(REVIEW))
