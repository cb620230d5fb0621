"""Gates of a candidate, and two models on parts of the same reviews."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from peachdash.evaluation import Estimate, compare_models
from peachdash.evaluation.gates import (
    Gate,
    GateState,
    all_green,
    better_gate,
    calibration_gate,
    is_better,
    is_no_worse,
    judge,
    real_set_gate,
    signed,
    slice_gate,
)
from peachdash.evaluation.parts import business_errors, compare_businesses, compare_slices
from peachdash.records import LABELS


def frame(wrong: set[int], n: int = 120) -> pd.DataFrame:
    """A model that misreads some of n reviews of four businesses, a third of them with "peachy"."""
    gold = [LABELS[number % 3] for number in range(n)]
    label = [LABELS[(number + 1) % 3] if number in wrong else gold[number] for number in range(n)]
    return pd.DataFrame(
        {
            "review_id": [str(number) for number in range(n)],
            "gold": gold,
            "label": label,
            "slices": [["peachy_brand"] if number % 3 == 0 else ["plain"] for number in range(n)],
            "business_id": [f"b{number % 4}" for number in range(n)],
        }
    )


def compared(wrong_a: set[int], wrong_b: set[int]):
    return compare_models(frame(wrong_a), frame(wrong_b))


MANY = set(range(0, 60))


def test_a_model_that_is_right_far_more_often_is_better():
    comparison = compared(MANY, set())
    assert is_better(comparison)
    gate = better_gate(comparison)
    assert gate.state is GateState.GREEN
    assert "only the candidate right on 60, only the champion on 0 of 120 reviews" in gate.words
    assert "p < 0.001" in gate.words


def test_a_like_model_is_no_worse_and_needs_a_reason():
    gate = better_gate(compared({1}, {2}))
    assert gate.state is GateState.GREEN
    assert gate.words.startswith("No worse, and not clearly better, so the reason has to say")


def test_the_worse_model_is_red():
    comparison = compared(set(), MANY)
    assert not is_better(comparison)
    assert better_gate(comparison).state is GateState.RED


def test_no_worse_has_a_margin_that_few_reviews_cannot_hide():
    """A loss that no test finds, for lack of reviews, is red all the same beyond two points."""
    comparison = compared({0}, {1, 2, 3, 4, 5})
    assert comparison.p_value > 0.05
    loose = replace(comparison, macro_f1_difference=Estimate(-0.03, -0.09, 0.02, 120))
    assert not is_no_worse(loose)
    assert is_no_worse(replace(comparison, macro_f1_difference=Estimate(-0.01, -0.05, 0.02, 120)))
    assert not is_no_worse(replace(comparison, macro_f1_difference=Estimate(-0.01, -0.015, -0.005, 120)))


def test_identical_models_differ_by_nothing_anywhere():
    slices = compare_slices(frame({1, 5}), frame({1, 5}))
    assert list(slices)[:2] == ["all", "peachy"]
    assert {(item.value, item.low, item.high) for item in slices.values()} == {(0.0, 0.0, 0.0)}
    businesses = compare_businesses(frame({1, 5}), frame({1, 5}))
    assert {item.value for item in businesses.values()} == {0.0}
    assert slice_gate(slices).state is GateState.GREEN


def test_a_slice_that_is_read_worse_is_named_although_the_whole_is_better():
    peachy = {number for number in range(120) if number % 3 == 0}
    rest = {number for number in range(120) if number % 3}
    slices = compare_slices(frame(rest), frame(peachy))
    assert slices["all"].value == pytest.approx(-40 / 120)
    assert slices["peachy_brand"].value == pytest.approx(1.0)
    gate = slice_gate(slices)
    assert gate.state is GateState.RED
    assert "peachy brand +100.0 points error" in gate.words
    assert "plain" not in gate.words


def test_the_difference_of_a_business_is_that_of_its_reviews():
    wrong_b = {0, 4, 8}
    found = compare_businesses(frame(set()), frame(wrong_b))
    assert found["b0"].value == pytest.approx(3 / 30)
    assert found["b0"].low <= found["b0"].value <= found["b0"].high
    assert found["b1"].value == 0
    errors = business_errors({"champion": frame(set()), "candidate": frame(wrong_b)})
    row = errors[(errors["model"] == "candidate") & (errors["business_id"] == "b0")].iloc[0]
    assert (row["error"], row["n"]) == (pytest.approx(0.1), 30)
    assert row["low"] < 0.1 < row["high"]


def test_slices_with_few_reviews_are_not_judged():
    few = {"all": Estimate(1.0, 1.0, 1.0, 9), "rare": Estimate(1.0, 0.9, 1.0, 3)}
    assert slice_gate(few).state is GateState.NOT_MEASURED
    assert slice_gate({}).state is GateState.NOT_MEASURED


def test_published_sets():
    assert real_set_gate({}).state is GateState.NOT_MEASURED
    assert "folder" in real_set_gate({}).words
    assert "not measured" in real_set_gate({}, measured=False).words
    worse, same = Estimate(-0.02, -0.03, -0.01, 1000), Estimate(-0.01, -0.02, 0.01, 1000)
    assert real_set_gate({"UCI": same}).state is GateState.GREEN
    gate = real_set_gate({"UCI": same, "SemEval": worse})
    assert gate.state is GateState.RED
    assert "SemEval -2.0 points right (-3.0 to -1.0, n = 1,000)" in gate.words
    assert "UCI" not in gate.words


@pytest.mark.parametrize(
    ("error", "state"),
    [(None, "not measured"), (0.0699, "green"), (0.07, "red"), (0.3, "red")],
)
def test_calibration(error, state):
    assert calibration_gate(error).state == state


def test_gates_are_the_same_after_storing_and_only_green_needs_no_confirmation():
    gates = judge(compared(MANY, set()), compare_slices(frame(MANY), frame(set())), {}, 0.01)
    assert [gate.key for gate in gates] == ["better", "slices", "real_sets", "calibration"]
    assert tuple(Gate.from_dict(gate.to_dict()) for gate in gates) == gates
    assert not all_green(gates)
    assert all_green(tuple(gate for gate in gates if gate.key != "real_sets"))
    blank = judge(None, {}, {}, None, measured=False)
    assert {gate.state for gate in blank} == {GateState.NOT_MEASURED}


def test_no_difference_has_no_minus():
    assert (
        signed(Estimate(-0.0, -0.0001, 0.0, 1200), "error") == "+0.0 points error (+0.0 to +0.0, n = 1,200)"
    )
    assert signed(Estimate(-0.021, -0.039, -0.004, 580)) == "-2.1 points (-3.9 to -0.4, n = 580)"
