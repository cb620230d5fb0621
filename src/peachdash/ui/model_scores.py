"""Figures of models on the same held-out reviews: sentences, the table of scores, the test and the charts.

Before and after shows two models by them, the page Models a candidate beside champion and generic model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pandas as pd
import streamlit as st

from peachdash.charts import confusion_chart, slice_error_chart
from peachdash.evaluation import ClassScores, Comparison, Estimate, ModelEvaluation
from peachdash.insights import formatting
from peachdash.records import LABELS
from peachdash.ui.data import CHAMPION, GENERIC
from peachdash.ui.formatting import plain

PEACHY = "peachy"

Figures = Mapping[str, ModelEvaluation]
"""Figures by what each model is called on the screen, in the order in which they are shown."""


def rate_words(estimate: Estimate) -> str:
    """A rate with its interval and n: "24% (18 to 31%, n = 181)"."""
    return formatting.estimate(estimate.value, estimate.low, estimate.high, estimate.n)


def score_words(estimate: Estimate) -> str:
    """A score with its interval: "0.81 (0.74 to 0.87)"; a dash where it is undefined."""
    if estimate.value is None:
        return formatting.MISSING
    interval = "" if estimate.low is None else f" ({estimate.low:.2f} to {estimate.high:.2f})"
    return f"{estimate.value:.2f}{interval}"


def headline(generic: ModelEvaluation, champion: ModelEvaluation, comparison: Comparison) -> str:
    """What fine-tuning bought, in one sentence that says no more than the figures do."""
    difference = comparison.macro_f1_difference
    n, before, after = (
        formatting.counted(comparison.n, "held-out review"),
        formatting.percent(generic.accuracy.value, generic.n),
        formatting.percent(champion.accuracy.value, champion.n),
    )
    start = f"Of {n}, the fine-tuned model reads {after} right, the generic one {before}"
    clear = (
        difference.low is not None and difference.high is not None and difference.low * difference.high > 0
    )
    if not clear or comparison.p_value >= 0.05:
        return f"{start}: no clear difference."
    return f"{start}." if (difference.value or 0) > 0 else f"{start}: fine-tuning made it worse."


def basis_words(comparison: Comparison) -> str:
    """What the figures rest on."""
    businesses = formatting.counted(comparison.businesses, "business", "businesses")
    return (
        f"{formatting.counted(comparison.n, 'review')} of {businesses} · kept out of all training · the "
        "filter applies to the list at the foot only"
    )


def render_peachy(models: Figures) -> None:
    """The share of reviews with "peachy" that each model misread."""
    st.subheader("Reviews with “peachy” that each model misread", anchor=False)
    known = {name: model.slice_errors.get(PEACHY) for name, model in models.items()}
    if all(error is None or error.value is None for error in known.values()):
        st.write("No labelled review has “peachy” in it.")
        return
    with st.container(horizontal=True):
        for name, error in known.items():
            if error is None or error.value is None:
                st.info(f"{name}: no labelled review with “peachy”.")
                continue
            interval = (
                f"{formatting.percent_range(error.low, error.high, error.n)}, n = {formatting.count(error.n)}"
            )
            st.metric(
                name,
                formatting.percent(error.value, error.n),
                border=True,
                width="stretch",
                delta=interval,
                delta_color="off",
                delta_arrow="off",
            )


def score_table(models: Figures) -> pd.DataFrame:
    """Precision, recall and F1 of each class and their macro averages, the models side by side."""
    rows = []
    for name, of in _classes():
        for measure in ("precision", "recall", "f1"):
            words = "F1" if measure == "f1" else measure
            scores = [score_words(getattr(of(model), measure)) for model in models.values()]
            rows.append((f"{name} {words}", *scores))
    return pd.DataFrame(rows, columns=["Score", *models])


def _classes() -> list[tuple[str, Callable[[ModelEvaluation], ClassScores]]]:
    chosen: list[tuple[str, Callable[[ModelEvaluation], ClassScores]]] = [
        (label, lambda model, label=label: model.classes[label])  # type: ignore[misc]
        for label in LABELS
    ]
    return [*chosen, ("macro", lambda model: model.macro)]


def render_scores(models: Figures) -> None:
    """The table of scores, with what the intervals are."""
    st.subheader("Precision, recall and F1 of each class", anchor=False)
    st.dataframe(
        score_table(models),
        hide_index=True,
        height="content",
        alt="Precision, recall and F1 of each class with 95% intervals, for each model",
    )
    st.caption(
        "In brackets: 95% intervals (precision and recall: Wilson; F1 and macro: bootstrap over businesses)."
    )
    weighted = {
        name: score_words(model.reweighted.macro_f1)
        for name, model in models.items()
        if model.reweighted is not None
    }
    if len(weighted) == len(models):
        told = [f"{score} for the {name} model" for name, score in weighted.items()]
        st.caption(
            "The held-out reviews are rich in hard cases. At the natural share of each kind, macro F1 "
            f"is {formatting.listing(told)}."
        )


def chance_words(comparison: Comparison, first: str = GENERIC, second: str = CHAMPION) -> str:
    """McNemar's test in words, with what it rests on; `first` and `second` are what the models are called."""
    return (
        f"Only the {second} model is right on {formatting.counted(comparison.only_b_right, 'review')}, "
        f"only the {first} one on {formatting.count(comparison.only_a_right)}; "
        f"both are right on {formatting.count(comparison.both_right)} "
        f"and both wrong on {formatting.count(comparison.both_wrong)}. "
        f"McNemar's exact test: {formatting.p_value(comparison.p_value)}. "
        f"Difference in macro F1: {score_words(comparison.macro_f1_difference)}."
    )


def render_test(comparison: Comparison, first: str = GENERIC, second: str = CHAMPION) -> None:
    """Whether the difference is more than chance, and the caveat that goes with it."""
    st.subheader(
        "Is the difference more than chance?"
        if (first, second) == (GENERIC, CHAMPION)
        else f"Is the difference to the {first} model more than chance?",
        anchor=False,
    )
    st.write(plain(chance_words(comparison, first, second), 1000))
    st.caption(f":material/info: {plain(comparison.note, 1000)}")


def render_confusion(models: Figures) -> None:
    """The confusion matrices, side by side where there is room."""
    st.subheader("What each model takes for what", anchor=False)
    two = len(models) == 2
    places = st.columns(2) if two else [st.container(horizontal=True)] * len(models)
    for column, (name, model) in zip(places, models.items(), strict=True):
        chart = confusion_chart({name: model.confusion}, title=confusion_title(name, model))
        if chart is not None:
            column.altair_chart(chart, width="content")


def confusion_title(name: str, model: ModelEvaluation) -> str:
    """The most frequent mistake of a model."""
    wrong = [
        (count, LABELS[gold], LABELS[read])
        for gold, row in enumerate(model.confusion)
        for read, count in enumerate(row)
        if gold != read and count
    ]
    if not wrong:
        return f"{name}: no mistake"
    count, gold, read = max(wrong)
    return f"{name}: most often takes {gold} for {read} ({formatting.count(count)} times)"


def render_slices(models: Figures) -> None:
    """The error of the models on each kind of hard review."""
    st.subheader("Error by kind of review", anchor=False)
    frame = pd.concat(
        [model.slice_frame().assign(model=name) for name, model in models.items()],
        ignore_index=True,
    )
    chart = slice_error_chart(frame, title="Share misread, by kind of review")
    if chart is not None:
        st.altair_chart(chart)
    st.caption(
        "Dots with 95% intervals. A review can be of several kinds; “peachy” pools all that hold the word."
    )
