"""Cohen's kappa against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.labelling.agreement import AGREEMENT_COLUMNS, estimate_kappa, summarise_agreement

N, P, O = "negative", "positive", "neutral"  # noqa: E741


def test_kappa_by_hand():
    """20, 5, 10 and 15 in a table of two: 35 of 50 agree, 25 are expected: kappa 0.4."""
    first = [N] * 25 + [P] * 25
    second = [N] * 20 + [P] * 5 + [N] * 10 + [P] * 15
    found = estimate_kappa(first, second)
    assert found.n == 50
    assert found.kappa == pytest.approx(0.4)
    assert -1 <= found.low < 0.4 < found.high <= 1


def test_full_agreement_is_one_without_an_interval():
    found = estimate_kappa([N, P, O, N], [N, P, O, N])
    assert found.kappa == 1
    assert np.isnan([found.low, found.high]).all()


def test_the_same_table_the_other_way_round_is_the_same():
    first, second = [N, N, P, O, P, N], [N, P, P, O, N, O]
    assert estimate_kappa(first, second) == estimate_kappa(second, first)


def test_opposite_labels_are_below_chance():
    found = estimate_kappa([N, P] * 10, [P, N] * 10)
    assert found.kappa == pytest.approx(-1)
    assert found.low >= -1


def test_no_reviews_and_one_label_only_have_no_kappa():
    assert np.isnan(estimate_kappa([], []).kappa)
    assert np.isnan(estimate_kappa([N] * 12, [N] * 12).kappa)


def test_chance_gives_about_zero():
    draw = np.random.default_rng(1)
    first, second = (list(draw.choice([N, O, P], 3000)) for _ in range(2))
    found = estimate_kappa(first, second)
    assert found.low < 0 < found.high


def test_what_is_no_label_is_refused():
    with pytest.raises(BadInput, match="'angry'"):
        estimate_kappa(["angry"], [N])
    with pytest.raises(BadInput, match="got 1 and 2"):
        estimate_kappa([N], [N, N])


def pairs() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "label_a": [N, N, P, P, O, N],
            "label_b": [N, P, P, P, O, N],
            "slices": [["sarcasm"], ["sarcasm", "local"], [], ["local"], [], []],
            "pair": ["Ada and Ben"] * 4 + ["Ada and Cy"] * 2,
        }
    )


def test_agreement_by_class_slice_and_pair():
    table = summarise_agreement(pairs())
    assert list(table.columns) == AGREEMENT_COLUMNS
    rows = table.set_index(["group", "name"])
    assert rows.loc[("all", "all reviews"), "n"] == 6
    assert rows.loc[("all", "all reviews"), "agreed"] == pytest.approx(5 / 6)
    assert rows.loc[("class", N), ["n", "agreed"]].tolist() == [3, pytest.approx(2 / 3)]
    assert rows.loc[("class", O), "kappa"] == 1
    assert rows.loc[("slice", "local"), "n"] == 2
    assert rows.loc[("pair", "Ada and Ben"), "n"] == 4
    assert ("slice", "mixed") not in rows.index
    assert (table["agreed_low"] <= table["agreed"]).all()


def test_agreement_of_nothing_is_a_table_of_blanks():
    table = summarise_agreement(pairs().head(0))
    assert list(table["n"]) == [0, 0, 0, 0]
    assert table["kappa"].isna().all()
    assert table["agreed"].isna().all()
