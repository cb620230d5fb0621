"""What charts draw, as frames: segments, label positions and words for tooltips; no altair here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from peachdash.charts.palette import ink_on, mix_colours
from peachdash.insights import formatting
from peachdash.insights.periods import Unit
from peachdash.records import LABELS

EVENT_ROWS = 3


def spread(positions: Sequence[float], gap: float, low: float = 0.0, high: float = 1.0) -> list[float]:
    """Positions moved apart so that neighbours keep a gap, in the order given.

    Args:
        positions: where labels want to stand.
        gap: least distance between two; it shrinks where they would not fit.
        low, high: bounds that labels must stay in.

    Returns:
        Positions between low and high, as near to the wanted ones as the gap allows from below.
    """
    if not len(positions):
        return []
    gap = min(gap, (high - low) / max(len(positions) - 1, 1))
    order = np.argsort(positions, kind="stable")
    placed = np.clip(np.asarray(positions, dtype=float)[order], low, high)
    for i in range(1, len(placed)):
        placed[i] = max(placed[i], placed[i - 1] + gap)
    placed[-1] = min(placed[-1], high)
    for i in range(len(placed) - 2, -1, -1):
        placed[i] = min(placed[i], placed[i + 1] - gap)
    result = np.empty(len(placed))
    result[order] = placed
    return [float(value) for value in result]


def trend_rows(trend: pd.DataFrame, bands: Sequence[str], unit: Unit) -> pd.DataFrame:
    """A trend's rows of the bands, with period_middle, period_end, and words in period and interval."""
    rows = trend[trend["band"].isin(list(bands))].reset_index(drop=True)
    starts = pd.to_datetime(rows["period_start"])
    ends = starts + (pd.offsets.MonthBegin(1) if unit == "month" else pd.Timedelta(days=7))
    return rows.assign(
        period_start=starts,
        period_end=starts + (ends - starts) * 0.86,
        period_middle=starts + (ends - starts) * 0.43,
        period=[formatting.period(start, unit) for start in starts],
        interval=[
            formatting.percent_range(low, high, total)
            for low, high, total in zip(rows["low"], rows["high"], rows["total"], strict=True)
        ],
    )


def end_labels(rows: pd.DataFrame, group: str, x: str, y: str, gap: float, high: float = 1.0) -> pd.DataFrame:
    """The last row of each group, with label_y moved apart so that the labels do not collide."""
    last = rows[rows[y].notna()].sort_values(x).groupby(group, sort=False).tail(1)
    return last.assign(label_y=spread(last[y].tolist(), gap, high=high))


def place_events(events: pd.DataFrame | None, rows: pd.DataFrame) -> pd.DataFrame:
    """Events inside the drawn time, with a row number that keeps neighbouring labels apart.

    Args:
        events: columns date and label, or None.
        rows: from `trend_rows`.

    Returns:
        Columns date (timestamp), label, day (words), row (0 to 2), left (whether the label stands to
        the left of its rule because there is no room to the right).
    """
    columns = ["date", "label", "day", "row", "left"]
    if events is None or events.empty or rows.empty:
        return pd.DataFrame(columns=columns)
    first, last = rows["period_start"].min(), rows["period_end"].max()
    placed = events.assign(date=pd.to_datetime(events["date"])).sort_values("date")
    placed = placed[placed["date"].between(first, last)]
    return placed.assign(
        day=[formatting.date(day) for day in placed["date"]],
        row=np.arange(len(placed)) % EVENT_ROWS,
        left=(placed["date"] - first) > (last - first) * 0.6,
    )[columns]


def split_rows(split: pd.DataFrame, order: Sequence[str]) -> pd.DataFrame:
    """Counts (group, band, n) as rows with total, share, words, and start, middle and end of each segment.

    Segments of a group follow the order of the bands from 0 to 1; groups without reviews are left out.
    """
    counts = split.groupby(["group", "band"], sort=False, as_index=False)["n"].sum()
    counts["total"] = counts.groupby("group")["n"].transform("sum")
    counts = counts[counts["total"] > 0].copy()
    rank = {band: position for position, band in enumerate(order)}
    groups = {group: position for position, group in enumerate(counts["group"].unique())}
    counts = counts.assign(rank=counts["band"].map(rank), place=counts["group"].map(groups))
    counts = counts.sort_values(["place", "rank"]).reset_index(drop=True)
    counts["share"] = counts["n"] / counts["total"]
    counts["end"] = counts.groupby("place")["share"].cumsum().clip(upper=1)
    counts["start"] = (counts["end"] - counts["share"]).clip(lower=0)
    counts["middle"] = (counts["start"] + counts["end"]) / 2
    counts["words"] = [
        formatting.percent(s, t) for s, t in zip(counts["share"], counts["total"], strict=True)
    ]
    counts["group_words"] = with_n(counts["group"], counts["total"])
    return counts


def confusion_rows(matrices: Mapping[str, Sequence[Sequence[int]]], light: str, dark: str) -> pd.DataFrame:
    """Cells of 3 by 3 matrices: model, gold, predicted, n, row_share, words, fill and ink (colours).

    Models without a single review are left out; the share of an empty row is NaN.
    """
    cells: list[dict[str, Any]] = []
    for model, matrix in matrices.items():
        counts = np.asarray(matrix, dtype=int)
        if not counts.sum():
            continue
        for (i, j), n in np.ndenumerate(counts):
            total = int(counts[i].sum())
            share = n / total if total else float("nan")
            fill = mix_colours(light, dark, 0 if total == 0 else share)
            cells.append(
                {
                    "model": f"{model} (n = {formatting.count(counts.sum())})",
                    "gold": LABELS[i],
                    "predicted": LABELS[j],
                    "n": int(n),
                    "row_share": share,
                    "words": formatting.percent(share, total),
                    "fill": fill,
                    "ink": ink_on(fill),
                }
            )
    columns = ["model", "gold", "predicted", "n", "row_share", "words", "fill", "ink"]
    return pd.DataFrame(cells, columns=columns)


def with_n(names: pd.Series, n: pd.Series) -> list[str]:
    """Names with their n: "Google (n = 1,204)", underscores as spaces; of several n, the ends."""
    ends = pd.DataFrame({"name": names.astype(str).to_numpy(), "n": n.to_numpy()}).groupby("name")["n"]
    least, most = ends.min(), ends.max()
    return [
        f"{name.replace('_', ' ')} (n = {formatting.count(least[name])}"
        + (")" if least[name] == most[name] else f" to {formatting.count(most[name])})")
        for name in names.astype(str)
    ]
