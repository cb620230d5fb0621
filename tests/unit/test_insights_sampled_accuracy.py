"""The share of right readings in a random sample."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.insights.sampled_accuracy import OVERALL, estimate_accuracy
from peachdash.ui.accuracy_table import sample_sentence


def sampled(answers: list[str | None], revision: str = "a", month: str = "2026-10") -> pd.DataFrame:
    return pd.DataFrame(
        {
            "revision": revision,
            "label": "negative",
            "drawn_utc": pd.Timestamp(f"{month}-05T10:00Z"),
            "answer": pd.Series(answers, dtype=object),
        }
    )


def test_counts_and_interval_by_hand():
    rows = estimate_accuracy(sampled(["negative"] * 8 + ["positive", "neutral", "spam", None]), minimum_n=10)
    whole = rows[rows["month"] == OVERALL].iloc[0]
    assert (whole["drawn"], whole["answered"], whole["left_out"], whole["n"], whole["right"]) == (
        12, 11, 1, 10, 8,
    )  # fmt: skip
    # Wilson 1927 for 8 of 10: 0.490 to 0.943
    assert whole["share"] == pytest.approx(0.8)
    assert whole["low"] == pytest.approx(0.4902, abs=1e-4)
    assert whole["high"] == pytest.approx(0.9433, abs=1e-4)


def test_too_few_answers_give_no_share():
    rows = estimate_accuracy(sampled(["negative"] * 9), minimum_n=10)
    assert rows["n"].tolist() == [9, 9]
    assert rows[["share", "low", "high"]].isna().all(axis=None)


def test_nobody_answered():
    rows = estimate_accuracy(sampled([None, None]), minimum_n=1)
    assert rows["answered"].tolist() == [0, 0]
    assert rows["share"].isna().all()


def test_nothing_was_drawn():
    assert estimate_accuracy(sampled([]), minimum_n=1).empty


def test_months_add_up_and_the_newest_revision_comes_first():
    frame = pd.concat(
        [
            sampled(["negative", "positive"], "old", "2026-08"),
            sampled(["negative"], "new", "2026-09"),
            sampled(["positive"], "new", "2026-10"),
        ],
        ignore_index=True,
    )
    rows = estimate_accuracy(frame, minimum_n=1)
    assert list(zip(rows["revision"], rows["month"], strict=True)) == [
        ("new", OVERALL), ("new", "2026-10"), ("new", "2026-09"), ("old", OVERALL), ("old", "2026-08"),
    ]  # fmt: skip
    whole = rows[rows["month"] == OVERALL].set_index("revision")
    assert whole["n"].to_dict() == {"new": 2, "old": 2}
    assert whole["right"].to_dict() == {"new": 1, "old": 1}
    assert rows.loc[rows["month"] == "2026-10", "share"].item() == 0


def test_the_sentence_of_several_clients_gives_the_range_with_intervals():
    right, wrong = ["negative"] * 9 + ["positive"], ["negative"] * 5 + ["positive"] * 5
    by_client = {name: estimate_accuracy(sampled(answers), minimum_n=10)
                 for name, answers in (("A", right), ("B", wrong), ("C", ["negative"]))}  # fmt: skip
    assert sample_sentence(by_client) == (
        "2 clients are checked: the share of right readings runs from 50% (24 to 76%, n = 10) "
        "to 90% (60 to 98%, n = 10)."
    )
    assert "not known yet" in sample_sentence({})
    assert sample_sentence({"C": by_client["C"]}).startswith("C: too few checked")
