"""Alt text: what a chart shows, in words computed from the frame that it draws.

Each function takes what the chart function of the same name in `peachdash.charts` takes, and gives
"No data." where that gives no chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from peachdash.insights import formatting
from peachdash.insights.periods import Unit
from peachdash.records import BANDS, LABELS

NO_DATA = "No data."
Matrix = Sequence[Sequence[int]]


def describe_trend(
    trend: pd.DataFrame,
    *,
    bands: Sequence[str] = ("positive",),
    unit: Unit = "month",
    events: pd.DataFrame | None = None,
) -> str:
    """First, last, lowest and highest share of each band, and the events."""
    known = trend[trend["share"].notna()]
    told = [_band_course(known[known["band"] == band], band, unit) for band in bands]
    if known.empty or not any(told):
        return NO_DATA
    return " ".join(filter(None, [f"Line chart of shares by {unit}.", *told, _event_words(events)]))


def describe_stacked_share(trend: pd.DataFrame, *, unit: Unit = "month") -> str:
    """The shares of all bands in the first and the last period with reviews."""
    known = trend[trend["share"].notna()]
    if known.empty:
        return NO_DATA
    ends = dict.fromkeys((known["period_start"].min(), known["period_start"].max()))
    told = [_mix(known[known["period_start"] == start], formatting.period(start, unit)) for start in ends]
    return f"Stacked bars of all shares by {unit}. {' '.join(told)}"


def describe_split_bars(split: pd.DataFrame, *, by: str) -> str:
    """The positive and negative share of each group with its n."""
    counts = split.groupby(["group", "band"], sort=False)["n"].sum().unstack(fill_value=0)
    counts = counts.reindex(columns=list(BANDS), fill_value=0) if len(counts) else counts
    told = [
        f"{group}: {formatting.percent(row['positive'] / total, total)} positive, "
        f"{formatting.percent(row['negative'] / total, total)} negative (n = {formatting.count(total)})"
        for group, row in counts.iterrows()
        if (total := int(row.sum()))
    ]
    return f"Bars of shares by {by}. {'; '.join(told)}." if told else NO_DATA


def describe_confusion(matrices: Mapping[str, Matrix]) -> str:
    """Of each model, the share of each gold class that it labels right."""
    told = []
    for model, matrix in matrices.items():
        counts = np.asarray(matrix, dtype=int)
        rows = [
            f"{label} {formatting.percent(counts[i, i] / total, total)} of {formatting.count(total)}"
            for i, label in enumerate(LABELS)
            if (total := int(counts[i].sum()))
        ]
        if rows:
            told.append(f"{model} labels right: {', '.join(rows)}.")
    return f"Confusion matrices, gold labels in rows. {' '.join(told)}" if told else NO_DATA


def describe_slice_error(errors: pd.DataFrame) -> str:
    """The error of each model on each slice with its interval and n."""
    known = errors[errors["error"].notna()]
    told = [
        f"{slice_name}: {', '.join(_named(rows, 'model', 'error'))}"
        for slice_name, rows in known.groupby("slice", sort=False)
    ]
    return f"Dots of error rates by slice. {'; '.join(told)}." if told else NO_DATA


def describe_interval_dots(rows: pd.DataFrame) -> str:
    """Each name's share with its interval and n, in the order shown."""
    known = rows[rows["value"].notna()]
    return f"Dots of shares. {'; '.join(_named(known, 'name', 'value'))}." if len(known) else NO_DATA


def describe_risk_coverage(curves: pd.DataFrame) -> str:
    """Of each model, the error on all reviews and on the more confident half."""
    told = []
    for model, curve in curves.dropna(subset=["coverage", "risk"]).groupby("model", sort=False):
        ordered = curve.sort_values("coverage")
        half = ordered.iloc[(ordered["coverage"] - 0.5).abs().argmin()]
        last = ordered.iloc[-1]
        told.append(
            f"{model}: error {formatting.percent(last['risk'])} at {formatting.percent(last['coverage'])} "
            f"of the reviews, {formatting.percent(half['risk'])} at {formatting.percent(half['coverage'])}"
        )
    return f"Lines of error by share of reviews kept. {'; '.join(told)}." if told else NO_DATA


def describe_learning_curve(curve: pd.DataFrame, *, score_words: str = "macro F1") -> str:
    """Of each model, the score at the smallest and at the largest number of labelled reviews."""
    told = []
    for model, rows in curve.dropna(subset=["reviews", "score"]).groupby("model", sort=False):
        ordered = rows.sort_values("reviews")
        first, last = ordered.iloc[0], ordered.iloc[-1]
        told.append(
            f"{model}: {first['score']:.2f} at {formatting.count(first['reviews'])} reviews, "
            f"{last['score']:.2f} at {formatting.count(last['reviews'])}"
        )
    return f"Lines of {score_words} by number of labelled reviews. {'; '.join(told)}." if told else NO_DATA


def _band_course(rows: pd.DataFrame, band: str, unit: Unit) -> str:
    if rows.empty:
        return ""
    first, last = rows.iloc[0], rows.iloc[-1]
    low, high = rows.loc[rows["share"].idxmin()], rows.loc[rows["share"].idxmax()]
    start = f"{band.capitalize()}: {_at(first, unit)}"
    if len(rows) == 1:
        return f"{start} (n = {formatting.count(first['total'])})."
    return (
        f"{start}, {_at(last, unit)} (n = {formatting.count(last['total'])}); "
        f"lowest {_at(low, unit)}, highest {_at(high, unit)}."
    )


def _at(row: pd.Series, unit: Unit) -> str:
    return (
        f"{formatting.percent(row['share'], row['total'])} in {formatting.period(row['period_start'], unit)}"
    )


def _mix(rows: pd.DataFrame, period: str) -> str:
    shares = rows.set_index("band")["share"].reindex(list(BANDS)).fillna(0)
    total = int(rows["total"].iloc[0])
    told = ", ".join(f"{band} {formatting.percent(share, total)}" for band, share in shares.items())
    return f"{period[0].upper()}{period[1:]}: {told} (n = {formatting.count(total)})."


def _named(rows: pd.DataFrame, name: str, value: str) -> list[str]:
    return [
        f"{row[name]} {formatting.estimate(row[value], row['low'], row['high'], row['n'])}"
        for _, row in rows.iterrows()
    ]


def _event_words(events: pd.DataFrame | None) -> str:
    if events is None or events.empty:
        return ""
    told = [
        f"{label} on {formatting.date(day)}"
        for day, label in zip(events["date"], events["label"], strict=True)
    ]
    return f"Marked: {'; '.join(told)}."
