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
        scale=alt.Scale(domain=[0, 1.35 * float(known["per_second"].max())]),
        axis=alt.Axis(format=",d"),
    )
    y = alt.Y("macro_f1:Q", title="macro F1", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".1f"))
    base = alt.Chart(known).encode(x=x, color=model_colour(sizes))
    tooltip = [
        alt.Tooltip("name:N", title="model"),
        alt.Tooltip("model:N", title="size"),
        *(alt.Tooltip(f"{column}:Q", format=".2f") for column in ("macro_f1", "low", "high")),
        alt.Tooltip("n:Q", format=",d"),
        alt.Tooltip("per_second:Q", title="reviews a second", format=",.0f"),
    ]
    chart = alt.layer(
        base.mark_rule(strokeWidth=2.5).encode(y=alt.Y("low:Q"), y2="high:Q"),
        base.mark_point(filled=True, size=90, opacity=1).encode(
            y=y, shape=model_shape(sizes), tooltip=tooltip
        ),
        alt.Chart(_labels(known))
        .mark_text(align="left", dx=9, color=TEXT, fontWeight="bold")
        .encode(x=x, y="label_y:Q", text="name:N"),
    )
    return stretched(finish(chart, title, describe_candidates(known)), HEIGHT)


def _labels(rows: pd.DataFrame) -> pd.DataFrame:
    """The rows with the height of each label, moved apart where two would overlap."""
    ordered = rows.sort_values(["macro_f1", "name"]).reset_index(drop=True)
    heights: list[float] = []
    for score in ordered["macro_f1"]:
        lowest = heights[-1] + 0.055 if heights else 0.0
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
