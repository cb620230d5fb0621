"""One model on held-out reviews."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

import peachdash
from peachdash.errors import BadInput
from peachdash.evaluation import ModelEvaluation, evaluate_model
from peachdash.evaluation.bootstrap import ONE_BUSINESS
from peachdash.records import LABELS


def predictions(gold: list[str], label: list[str], top: float = 0.8, businesses: int = 3) -> pd.DataFrame:
    rest = (1 - top) / 2
    frame = pd.DataFrame({"gold": gold, "label": label})
    for name in LABELS:
        frame[f"p_{name}"] = np.where(frame["label"] == name, top, rest)
    frame["needs_review"] = False
    frame["slices"] = [[] for _ in gold]
    frame["business_id"] = [f"b{i % businesses}" for i in range(len(gold))]
    frame["review_id"] = [f"r{i}" for i in range(len(gold))]
    return frame


@pytest.fixture
def mixed() -> pd.DataFrame:
    gold = ["negative"] * 5 + ["neutral"] * 6 + ["positive"] * 9
    label = ["negative"] * 4 + ["neutral"] + ["negative"] * 2 + ["neutral"] * 3 + ["positive", "neutral"]
    frame = predictions(gold, label + ["positive"] * 8)
    frame.loc[[4, 5], "needs_review"] = True
    frame["slices"] = [["peachy_slang", "local"] if i in (0, 4) else ["plain"] for i in range(20)]
    return frame


def test_figures_by_hand(mixed: pd.DataFrame) -> None:
    found = evaluate_model(mixed)
    assert (found.n, found.businesses) == (20, 3)
    assert found.confusion == ((4, 1, 0), (2, 3, 1), (0, 1, 8))
    assert found.accuracy.value == pytest.approx(0.75)
    low, high = proportion_confint(15, 20, method="wilson")
    assert (found.accuracy.low, found.accuracy.high) == pytest.approx((low, high))
    negative = found.classes["negative"]
    assert (negative.precision.value, negative.precision.n) == (pytest.approx(4 / 6), 6)
    assert (negative.recall.value, negative.recall.n) == (pytest.approx(4 / 5), 5)
    assert found.macro.f1.value == pytest.approx((8 / 11 + 6 / 11 + 16 / 18) / 3)
    assert found.macro.f1.low < found.macro.f1.value < found.macro.f1.high
    assert (found.accepted_share.value, found.accepted_error.n) == (0.9, 18)
    assert found.accepted_error.value == pytest.approx(3 / 18)
    assert found.calibration_error == pytest.approx(0.05)
    assert found.risk_coverage.risk == (0.25,)


def test_slice_errors(mixed: pd.DataFrame) -> None:
    errors = evaluate_model(mixed).slice_errors
    assert list(errors) == ["all", "peachy", "local", "peachy_slang", "plain"]
    assert (errors["all"].value, errors["all"].n) == (0.25, 20)
    assert errors["peachy"] == errors["peachy_slang"]
    assert (errors["peachy"].value, errors["peachy"].n) == (0.5, 2)
    assert errors["plain"].value == pytest.approx(4 / 18)


def test_slice_frame_has_a_row_for_each_slice(mixed: pd.DataFrame) -> None:
    frame = evaluate_model(mixed).slice_frame()
    assert frame.columns.tolist() == ["slice", "error", "low", "high", "n"]
    assert frame.set_index("slice").loc["all", "error"] == 0.25


def test_natural_shares_reweight_the_strata(mixed: pd.DataFrame) -> None:
    shares = {"peachy_slang": 0.1, "plain": 0.8, "sarcasm": 0.1}
    found = evaluate_model(mixed, natural_shares=shares).reweighted
    assert found is not None
    assert found.accuracy.value == pytest.approx((0.1 * 0.5 + 0.8 * 14 / 18) / 0.9)
    assert found.shares == pytest.approx({"peachy_slang": 1 / 9, "plain": 8 / 9})
    assert (found.not_sampled, found.left_out) == (("sarcasm",), ())
    assert found.accuracy.low <= found.accuracy.value <= found.accuracy.high


def test_own_shares_reweight_nothing_and_unnamed_slices_are_told(mixed: pd.DataFrame) -> None:
    plain = evaluate_model(mixed)
    same = evaluate_model(mixed, natural_shares={"peachy_slang": 2, "plain": 18}).reweighted
    assert same.accuracy.value == pytest.approx(plain.accuracy.value)
    assert same.macro_f1.value == pytest.approx(plain.macro.f1.value)
    partial = evaluate_model(mixed, natural_shares={"plain": 1.0}).reweighted
    assert (partial.left_out, partial.accuracy.n) == (("peachy_slang",), 18)
    assert partial.accuracy.value == pytest.approx(14 / 18)
    assert evaluate_model(mixed, natural_shares={"sarcasm": 1.0}).reweighted is None


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_json_round_trip(mixed: pd.DataFrame, rows: int) -> None:
    found = evaluate_model(mixed.head(rows), natural_shares={"plain": 1})
    text = json.dumps(found.to_dict(), allow_nan=False)
    assert ModelEvaluation.from_dict(json.loads(text)) == found


def test_empty_frame_gives_reasons_instead_of_figures(mixed: pd.DataFrame) -> None:
    found = evaluate_model(mixed.head(0), natural_shares={"plain": 1})
    assert found.n == found.businesses == 0
    for estimate in (found.accuracy, found.macro.f1, found.accepted_error, found.classes["neutral"].f1):
        assert estimate.value is estimate.low is estimate.high is None
        assert estimate.reason
    assert found.calibration_error is None
    assert found.reweighted is None
    assert found.confusion == ((0, 0, 0),) * 3


def test_one_class_only() -> None:
    found = evaluate_model(predictions(["positive"] * 6, ["positive"] * 6))
    assert found.accuracy.value == found.macro.f1.value == found.classes["positive"].f1.value == 1
    assert found.classes["negative"].recall.value is None
    assert found.classes["negative"].f1.reason


def test_perfect_agreement_has_degenerate_bootstrap_but_open_wilson_interval() -> None:
    labels = list(LABELS) * 4
    found = evaluate_model(predictions(labels, labels, businesses=4))
    assert (found.macro.f1.low, found.macro.f1.high) == (1, 1)
    assert found.accuracy.high == 1
    assert found.accuracy.low < 0.9
    assert found.slice_errors["all"].low == 0


def test_one_business_has_no_bootstrap_interval() -> None:
    found = evaluate_model(predictions(["positive", "negative"], ["positive", "positive"], businesses=1))
    assert found.macro.f1.value == pytest.approx(1 / 3)
    assert found.macro.f1.low is None
    assert found.macro.f1.reason == ONE_BUSINESS
    assert found.accuracy.low is not None


def test_seed_decides_the_intervals(mixed: pd.DataFrame) -> None:
    mixed["business_id"] = [f"b{i}" for i in range(20)]
    first, again, other = (evaluate_model(mixed, seed=seed).macro.f1 for seed in (1, 1, 2))
    assert first == again
    assert first.value == other.value
    assert (first.low, first.high) != (other.low, other.high)


def test_clustering_widens_the_interval_where_businesses_differ() -> None:
    gold = ["positive", "negative"] * 60
    label = gold[:60] + ["positive"] * 60
    frame = predictions(gold, label)
    alone = frame.assign(business_id=[f"b{i}" for i in range(120)])
    clustered = frame.assign(business_id=[f"b{i // 20}" for i in range(120)])
    width = [e.macro.f1.high - e.macro.f1.low for e in map(evaluate_model, (alone, clustered))]
    assert width[1] > 1.5 * width[0]


def test_rows_without_probabilities_leave_calibration_only(mixed: pd.DataFrame) -> None:
    mixed[["p_negative", "p_neutral", "p_positive"]] = np.nan
    found = evaluate_model(mixed)
    assert found.calibration_error is None
    assert found.risk_coverage.coverage == ()
    assert found.accuracy.value == 0.75


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("label", "", "row 3"),
        ("label", None, "row 3"),
        ("gold", "spam", "spam"),
        ("p_negative", 1.4, "sum to 1"),
        ("p_negative", 0.5, "sum to 1"),
    ],
)
def test_bad_rows_are_named(mixed: pd.DataFrame, column: str, value: object, message: str) -> None:
    mixed.loc[3, column] = value
    with pytest.raises(BadInput, match=message):
        evaluate_model(mixed)


def test_missing_column_is_named(mixed: pd.DataFrame) -> None:
    with pytest.raises(BadInput, match="'needs_review' is missing"):
        evaluate_model(mixed.drop(columns="needs_review"))


def test_import_needs_no_chart_database_or_settings_package() -> None:
    code = (
        "import sys, peachdash.evaluation, peachdash.insights.overview, peachdash.insights.trends\n"
        "print({'altair', 'duckdb', 'pydantic', 'streamlit', 'torch', 'sqlalchemy'} & set(sys.modules))"
    )
    source = str(Path(peachdash.__file__).parents[1])
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": source},
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "set()"
