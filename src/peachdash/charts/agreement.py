"""The chart of agreement: a dot with its interval for each label, kind of review and pair of annotators."""

from __future__ import annotations

import math

import altair as alt
import pandas as pd

from peachdash.charts.palette import MODEL_COLOURS
from peachdash.charts.parts import LABEL_PIXELS, finish, stretched

_ROW = 26


_AXIS = alt.Axis(format=".1f", tickMinStep=0.1)


def agreement_chart(rows: pd.DataFrame) -> alt.LayerChart:
    """Cohen's kappa of each row, in the order given.

    Args:
        rows: shown (what the row is called), group_words, n, kappa, low, high (−1 to 1; NaN where there is
            no interval). One row or more.
    """
    scale = alt.Scale(domain=[_bottom(rows), 1.0])
    y = alt.Y(
        "shown:N", sort=list(rows["shown"]), title=None, axis=alt.Axis(labelLimit=220, labelOverlap=False)
    )
    tooltip = [
        alt.Tooltip("shown", title="of"),
        alt.Tooltip("group_words", title="by"),
        alt.Tooltip("n", format=",d"),
        alt.Tooltip("kappa", format=".2f"),
        alt.Tooltip("low", format=".2f", title="from"),
        alt.Tooltip("high", format=".2f", title="to"),
    ]
    base = alt.Chart(rows).encode(y=y, tooltip=tooltip, color=alt.value(MODEL_COLOURS[1]))
    lines = base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=2.5)
    dots = base.mark_point(size=70, filled=True, opacity=1)
    chart = alt.layer(
        lines.encode(x=alt.X("low:Q", scale=scale, title="Cohen's kappa", axis=_AXIS), x2="high:Q"),
        dots.encode(x=alt.X("kappa:Q", scale=scale)),
    )
    height = _ROW * len(rows) + LABEL_PIXELS
    return finish(stretched(chart, height), "Where two annotators agree, and where not", _describe(rows))


def _bottom(rows: pd.DataFrame) -> float:
    """The tenth below the lowest end, at most 0.8: differences are what the chart is about."""
    lowest = float(rows[["kappa", "low"]].min().min())
    return min(0.8, max(-1.0, math.floor(lowest * 10) / 10))


def _describe(rows: pd.DataFrame) -> str:
    lowest, highest = rows.loc[rows["kappa"].idxmin()], rows.loc[rows["kappa"].idxmax()]
    return (
        f"Cohen's kappa with 95% intervals. Highest {highest['kappa']:.2f} for {highest['shown']} "
        f"(n = {highest['n']}), lowest {lowest['kappa']:.2f} for {lowest['shown']} (n = {lowest['n']})."
    )
