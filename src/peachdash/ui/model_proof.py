"""More proof on the page Before and after: abstaining, more labels, real reviews by others, what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import learning_curve_chart, risk_coverage_chart
from peachdash.charts.parts import PERCENT
from peachdash.evaluation import ModelEvaluation
from peachdash.insights import formatting
from peachdash.queries.held_out import fetch_evaluations
from peachdash.sentiment.learning_curve import load_learning_curve, summarise_learning_curve
from peachdash.ui.access import Session
from peachdash.ui.data import CHAMPION, GENERIC
from peachdash.ui.model_scores import Figures, rate_words
from peachdash.workflows.model_costs import DATA_SET as COST
from peachdash.workflows.model_costs import ModelCost
from peachdash.workflows.real_sets import RealSetResult, stored_real_sets

_MEASURE_ALL = "`peachdash evaluate` measures it and puts it on record."


def risk_words(champion: ModelEvaluation, name: str = CHAMPION) -> str:
    """What sending the least certain readings of a model to people buys."""
    kept, error = champion.accepted_share, champion.accepted_error
    if kept.value is None or error.value is None:
        return "No review is accepted without a person."
    everything = formatting.percent(champion.slice_errors["all"].value, champion.n)
    return (
        f"The {name} model sends {formatting.percent(1 - kept.value, kept.n)} of the reviews to people; "
        f"of the rest it misreads {rate_words(error)}, of all {everything}."
    )


def render_risk_coverage(models: Figures) -> None:
    """Error against the share of reviews kept; the last of the models is told in words."""
    st.subheader("Error when unsure readings go to people", anchor=False)
    name, model = list(models.items())[-1]
    st.write(risk_words(model, name))
    curves = pd.concat(
        [model.risk_coverage.frame().assign(model=name) for name, model in models.items()],
        ignore_index=True,
    )
    chart = risk_coverage_chart(curves, title="Error by share kept, surest first")
    if chart is not None:
        st.altair_chart(chart)


def learning_words(curve: pd.DataFrame) -> str:
    """What the last doubling of labels brought, for each size in turn."""
    sentences = []
    for size, rows in curve.groupby("model", sort=False):
        rows = rows.sort_values("reviews")
        if len(rows) < 2:
            continue
        last = rows.iloc[-1]
        before = rows[rows["reviews"] <= last["reviews"] / 2]
        if before.empty:
            continue
        half = before.iloc[-1]
        gain = last["score"] - half["score"]
        spread = max(last["high"] - last["low"], half["high"] - half["low"])
        words = f"{gain:+.2f}" if abs(gain) > spread else f"{gain:+.2f}, within what the seed alone changes"
        sentences.append(
            f"{str(size).capitalize()}: from {formatting.count(int(half['reviews']))} to "
            f"{formatting.count(int(last['reviews']))} labelled reviews macro F1 changed by {words}."
        )
    return " ".join(sentences)


def render_learning_curve(session: Session) -> None:
    """Scores by number of labelled reviews, with what the last doubling brought."""
    runs = load_learning_curve(session.service.settings.models)
    st.subheader("How many labels are needed?", anchor=False)
    if runs.empty:
        st.caption("No learning curve was measured: `python -m scripts.learning_curve` does it.")
        return
    scores = summarise_learning_curve(runs, "macro_f1")
    st.write(learning_words(scores))
    left, right = st.columns(2)
    for column, measure, title, words, axis_format in (
        (left, "macro_f1", "Macro F1 by labelled reviews", "macro F1", ".1f"),
        (right, "peachy_error", "Error on “peachy” by labelled reviews", "error", PERCENT),
    ):
        curve = summarise_learning_curve(runs, measure)
        chart = learning_curve_chart(curve, title=title, score_words=words, axis_format=axis_format)
        if chart is not None:
            column.altair_chart(chart)
    seeds = runs["seed"].nunique()
    st.caption(
        f"On validation reviews. Lines: mean of {seeds} seeds; bands: lowest and highest. One model each, "
        "without a teacher and without averaging, so the shipped model may lie above its line."
    )


def _on_record(session: Session) -> list[dict[str, Any]]:
    """The stored evaluations of both models, read anew each time: they change while reviews do not."""
    with session.service.database.read() as connection:
        return fetch_evaluations(connection, session.scope, session.models.revisions)


def real_set_rows(
    found: Sequence[RealSetResult], names: Mapping[str, str], against: str = GENERIC
) -> pd.DataFrame:
    """One row for each set and model, in the order of the sets.

    Args:
        found: the results.
        names: what revisions are called.
        against: what the model is called that results are compared with.
    """
    rows = [
        {
            "Reviews": result.real_set.title,
            "Model": names[result.revision],
            "Right": rate_words(result.evaluation.accuracy),
            "Of the two": (
                formatting.MISSING
                if result.two_class_accuracy is None
                else rate_words(result.two_class_accuracy)
            ),
            f"Against {against}": formatting.MISSING if result.difference is None else _points(result),
            "Labels from": result.real_set.labels_from,
        }
        for result in sorted(found, key=lambda item: (item.real_set.title, names[item.revision] != GENERIC))
    ]
    return pd.DataFrame(rows)


def _points(result: RealSetResult) -> str:
    difference = result.difference
    assert difference is not None
    value, low, high = (100 * (end or 0.0) for end in (difference.value, difference.low, difference.high))
    return f"{value:+z.1f} points ({low:+z.1f} to {high:+z.1f})"


def render_real_sets(session: Session) -> None:
    """What both models do on published reviews by others, as far as that is on record."""
    names = {session.models.generic: GENERIC, session.models.champion: CHAMPION}
    found = stored_real_sets(_on_record(session))
    st.subheader("On real reviews by others", anchor=False)
    if not found:
        st.caption(f"Not measured here. {_MEASURE_ALL}")
        return
    render_real_set_table(real_set_rows(found, names))


def render_real_set_table(rows: pd.DataFrame) -> None:
    """What models do on published sets, with what it means; rows of `real_set_rows`."""
    st.dataframe(
        rows,
        hide_index=True,
        height="content",
        alt="Share read right on published review sets, by model, with 95% intervals",
        column_config={"Reviews": st.column_config.TextColumn(width=210)},
    )
    st.caption(
        "“Of the two”: the likelier of negative and positive, on sets that know no neutral. None of these "
        "texts was trained or tuned on. Fine-tuning must not cost what general skill there was."
    )


def render_costs(session: Session) -> None:
    """Speed and size of both models, as far as they are on record."""
    names = {session.models.generic: GENERIC, session.models.champion: CHAMPION}
    rows = [
        (names[row["revision"]], ModelCost.from_dict(row["result"]))
        for row in _on_record(session)
        if row["data_set"] == COST
    ]
    st.subheader("What a model costs", anchor=False)
    if not rows:
        st.caption(f"Not measured here. {_MEASURE_ALL}")
        return
    lines = [
        f"{name.capitalize()}: {formatting.count(round(cost.texts_per_second))} reviews a second on this "
        f"machine ({cost.device}, {cost.precision}); {cost.adapter_bytes / 1e6:.1f} MB on disk, and an "
        f"encoder of {cost.encoder_bytes / 1e6:.0f} MB that both share."
        for name, cost in rows
    ]
    st.write("  \n".join(lines))
