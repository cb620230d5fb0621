"""The chart of candidates: how well each reads against how fast; a bigger model has to earn its cost."""

from __future__ import annotations

import altair as alt
import pandas as pd

from peachdash.charts.palette import TEXT
from peachdash.charts.parts import finish, model_colour, model_shape, stretched

HEIGHT = 300


def candidate_chart(rows: pd.DataFrame, *, title: str) -> alt.LayerChart | None:
    """Macro F1 with its interval against reviews a second, one point a model.

    Args:
        rows: model (its size), name, per_second (above 0), macro_f1, low, high (0 to 1; ends may be NaN), n.
            Rows without speed or score are left out.
        title: the idea of the chart.
    """
    known = rows.dropna(subset=["per_second", "macro_f1"]).reset_index(drop=True)
    if known.empty:
        return None
    sizes = list(known["model"].unique())
    x = alt.X(
        "per_second:Q",
        title="reviews a second here",
        scale=alt.Scale(domain=[0, 1.1 * float(known["per_second"].max())]),
        axis=alt.Axis(format=",d"),
    )
    floor = _floor(known)
    scale = alt.Scale(domain=[floor, 1], zero=False)
    y = alt.Y("macro_f1:Q", title="macro F1", scale=scale, axis=alt.Axis(format=".2f"))
    base = alt.Chart(known).encode(x=x, color=model_colour(sizes))
    tooltip = [
        alt.Tooltip("name:N", title="model"),
        alt.Tooltip("model:N", title="size"),
        *(alt.Tooltip(f"{column}:Q", format=".2f") for column in ("macro_f1", "low", "high")),
        alt.Tooltip("n:Q", format=",d"),
        alt.Tooltip("per_second:Q", title="reviews a second", format=",.0f"),
    ]
    chart = alt.layer(
        base.mark_rule(strokeWidth=2.5).encode(y=alt.Y("low:Q", scale=scale), y2="high:Q"),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            y=y, shape=model_shape(sizes), tooltip=tooltip
        ),
        *_text_layers(_labels(known, 0.055 * (1 - floor)), x, scale),
    )
    return stretched(finish(chart, title, describe_candidates(known)), HEIGHT)


def _text_layers(labels: pd.DataFrame, x: alt.X, scale: alt.Scale) -> list[alt.Chart]:
    """Labels to the right of their points, and to the left of those in the right half, where room is."""
    right = labels["per_second"] > labels["per_second"].max() / 2
    y = alt.Y("label_y:Q", scale=scale)
    return [
        alt.Chart(part)
        .mark_text(align=align, dx=dx, dy=-8, color=TEXT, fontWeight="bold")
        .encode(x=x, y=y, text="name:N")
        for part, align, dx in ((labels[~right], "left", -4), (labels[right], "right", 4))
        if len(part)
    ]


def _floor(rows: pd.DataFrame) -> float:
    """The tenth below the lowest interval: a score is no share, and points lie near each other."""
    lowest = float(rows[["macro_f1", "low"]].min().min())
    return max(0.0, (lowest * 10 // 1) / 10)


def _labels(rows: pd.DataFrame, apart: float) -> pd.DataFrame:
    """The rows with the height of each label, above its interval, moved apart where two would overlap."""
    tops = rows["high"].fillna(rows["macro_f1"])
    ordered = rows.assign(top=tops).sort_values(["top", "name"]).reset_index(drop=True)
    heights: list[float] = []
    for score in ordered["top"]:
        lowest = heights[-1] + apart if heights else 0.0
        heights.append(max(float(score), lowest))
    return ordered.assign(label_y=heights)


def describe_candidates(rows: pd.DataFrame) -> str:
    """What a blind reader needs: each model with score and speed, the best first."""
    ordered = rows.sort_values("macro_f1", ascending=False)
    told = [
        f"{row['name']} ({row['model']}): macro F1 {row['macro_f1']:.2f}, {row['per_second']:,.0f} a second"
        for row in ordered.to_dict("records")
    ]
    return f"Macro F1 against reviews a second. {'; '.join(told)}."
