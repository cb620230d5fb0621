"""Two models on the same reviews."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from scipy.stats import binomtest

from peachdash.errors import BadInput
from peachdash.evaluation import Comparison, compare_models


def labelled(labels: list[str], gold: list[str], businesses: int = 4) -> pd.DataFrame:
    n = len(labels)
    return pd.DataFrame(
        {
            "review_id": [f"r{i}" for i in range(n)],
            "gold": gold,
            "label": labels,
            "slices": [["peachy_brand"] if i % 2 else [] for i in range(n)],
            "business_id": [f"b{i % businesses}" for i in range(n)],
        }
    )


GOLD = ["negative", "positive", "neutral", "positive"] * 5
WRONG = ["neutral", "neutral", "positive", "negative"] * 5


def right_on(rows: set[int], businesses: int = 4) -> pd.DataFrame:
    return labelled([GOLD[i] if i in rows else WRONG[i] for i in range(20)], GOLD, businesses)


def test_counts_and_p_by_hand() -> None:
    found = compare_models(right_on(set(range(12))), right_on(set(range(2, 19))))
    assert (found.both_right, found.only_a_right, found.only_b_right, found.both_wrong) == (10, 2, 7, 1)
    assert found.p_value == pytest.approx(binomtest(2, 9, 0.5).pvalue)
    assert found.accuracy_difference.value == pytest.approx(0.25)
    assert found.accuracy_difference.n == found.n == 20
    assert found.peachy_error_difference.value == pytest.approx(0.2 - 0.4)


def test_peachy_error_counts_only_its_slice() -> None:
    even, everything = {i for i in range(20) if i % 2 == 0}, set(range(20))
    found = compare_models(right_on(even), right_on(everything))
    assert (found.peachy_error_difference.value, found.peachy_error_difference.n) == (-1, 10)
    same = compare_models(right_on(everything - even), right_on(everything))
    assert same.peachy_error_difference.value == 0
    assert same.accuracy_difference.value == 0.5


def test_swapping_the_models_swaps_the_signs() -> None:
    a, b = right_on(set(range(12))), right_on(set(range(5, 19)))
    there, back = compare_models(a, b), compare_models(b, a)
    assert there.macro_f1_difference.value == pytest.approx(-back.macro_f1_difference.value)
    assert there.macro_f1_difference.low == pytest.approx(-back.macro_f1_difference.high)
    assert there.p_value == back.p_value
    assert (there.only_a_right, there.only_b_right) == (back.only_b_right, back.only_a_right)


def test_identical_models_differ_by_exactly_nothing() -> None:
    found = compare_models(right_on({1, 5, 7}), right_on({1, 5, 7}))
    for difference in (found.accuracy_difference, found.macro_f1_difference, found.peachy_error_difference):
        assert (difference.value, difference.low, difference.high) == (0, 0, 0)
    assert found.p_value == 1
    assert found.disagreements == ()
    assert found.disagreement_frame().columns.tolist()[0] == "review_id"


def test_disagreements_say_who_was_right() -> None:
    a = labelled(
        ["positive", "negative", "neutral", "positive"], ["positive", "positive", "positive", "neutral"]
    )
    b = labelled(
        ["negative", "positive", "negative", "positive"], ["positive", "positive", "positive", "neutral"]
    )
    frame = compare_models(a, b).disagreement_frame()
    assert frame["right"].tolist() == ["a", "b", "neither"]
    assert frame.loc[1, ["review_id", "gold", "label_a", "label_b"]].tolist() == [
        "r1",
        "positive",
        "negative",
        "positive",
    ]


def test_only_shared_reviews_are_compared_whatever_their_order() -> None:
    a, b = right_on(set(range(12))), right_on(set(range(5, 19)))
    found = compare_models(a.head(15), b.sample(frac=1, random_state=0))
    assert found.n == 15
    assert (found.only_a_right, found.only_b_right) == (5, 3)


def test_one_business_has_no_interval_and_says_why() -> None:
    found = compare_models(right_on(set(range(12)), 1), right_on(set(range(19)), 1))
    assert found.accuracy_difference.value == pytest.approx(0.35)
    assert found.accuracy_difference.low is None
    assert "one business" in found.accuracy_difference.reason
    assert "one business" in found.note


@pytest.mark.parametrize(("businesses", "words"), [(4, "few clusters"), (40, "McNemar")])
def test_note_speaks_of_clusters(businesses: int, words: str) -> None:
    frame = labelled(GOLD * 2, GOLD * 2, businesses)
    note = compare_models(frame, frame).note
    assert words in note
    assert str(businesses) in note
    assert "McNemar" in note


def test_no_peachy_reviews_gives_no_figure() -> None:
    a = right_on({1}).assign(slices=[[]] * 20)
    difference = compare_models(a, a).peachy_error_difference
    assert difference.value is None
    assert difference.n == 0
    assert "peachy" in difference.reason


def test_json_round_trip() -> None:
    found = compare_models(right_on({1, 2}), right_on({2, 3, 4}))
    assert len(found.disagreements) == 3
    assert Comparison.from_dict(json.loads(json.dumps(found.to_dict(), allow_nan=False))) == found


def test_nothing_in_common_is_refused() -> None:
    a = right_on({1})
    with pytest.raises(BadInput, match="same reviews"):
        compare_models(a, a.assign(review_id=[f"x{i}" for i in range(20)]))
    with pytest.raises(BadInput, match="same reviews"):
        compare_models(a, a.head(0))


def test_differing_gold_is_refused() -> None:
    a = right_on({1})
    b = a.copy()
    b.loc[6, "gold"] = "negative"
    with pytest.raises(BadInput, match="'r6'"):
        compare_models(a, b)


def test_a_review_twice_is_refused() -> None:
    a = right_on({1})
    with pytest.raises(BadInput, match="frame_b: expected each review once"):
        compare_models(a, pd.concat([a, a.head(1)]))
