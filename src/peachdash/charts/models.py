"""Charts of models: where they err, how sure they are, and what more labels bring."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts import frames
from peachdash.charts.alt_text import (
    Matrix,
    describe_confusion,
    describe_learning_curve,
    describe_risk_coverage,
    describe_slice_error,
)
from peachdash.charts.palette import CELL_DARK, CELL_LIGHT, TEXT
from peachdash.charts.parts import (
    LABEL_PIXELS,
    PERCENT,
    finish,
    model_colour,
    model_shape,
    rate_scale,
    rate_top,
    stretched,
)
from peachdash.records import LABELS

LINE_HEIGHT = 260


def confusion_chart(matrices: Mapping[str, Matrix], *, title: str) -> alt.FacetChart | None:
    """Confusion matrices side by side: counts, and the percentage of each gold row.

    Args:
        matrices: 3 by 3 counts by model name, rows gold, columns predicted, in the order of
            `records.LABELS`; `ModelEvaluation.confusion` fits.
        title: the idea of the chart.
    """
    rows = frames.confusion_rows(matrices, CELL_LIGHT, CELL_DARK)
    if rows.empty:
        return None
    x = alt.X(
        "predicted:N",
        sort=list(LABELS),
        title="predicted",
        axis=alt.Axis(labelAngle=0, orient="top", labelOverlap=False, labelFlush=False),
    )
    y = alt.Y("gold:N", sort=list(LABELS), title="gold")
    ink = alt.Color("ink:N", scale=None)
    base = alt.Chart(rows).encode(x=x, y=y)
    cells = base.mark_rect().encode(
        fill=alt.Fill("fill:N", scale=None),
        tooltip=["model", "gold", "predicted", "n", alt.Tooltip("words", title="of the gold row")],
    )
    counts = base.mark_text(dy=-7, fontSize=14, fontWeight="bold").encode(
        text=alt.Text("n:Q", format=",d"), color=ink
    )
    shares = base.mark_text(dy=9).encode(text="words:N", color=ink)
    header = alt.Header(title=None, labelFontWeight="bold", labelOrient="top")
    chart = alt.layer(cells, counts, shares).properties(width=200, height=160)
    return finish(
        chart.facet(column=alt.Column("model:N", sort=list(rows["model"].unique()), header=header)),
        title,
        describe_confusion(matrices),
    )


def slice_error_chart(errors: pd.DataFrame, *, title: str) -> alt.LayerChart | None:
    """Error rate by slice, a dot with its interval for each model.

    Args:
        errors: rows (model, slice, error, low, high, n), rates 0 to 1; `ModelEvaluation.slice_frame`
            with a column model. Models and slices stand in the order of their first row; rows whose
            error is NaN are left out.
        title: the idea of the chart.
    """
    rows = errors[errors["error"].notna()].reset_index(drop=True)
    if rows.empty:
        return None
    rows = rows.assign(name=frames.with_n(rows["slice"], rows["n"]))
    models = list(rows["model"].unique())
    y = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=220))
    offset = alt.YOffset("model:N", sort=models)
    x = alt.X("error:Q", title="error", scale=rate_scale(rows["high"]), axis=alt.Axis(format=PERCENT))
    base = alt.Chart(rows).encode(y=y, yOffset=offset, color=model_colour(models))
    tooltip = [
        "model",
        "slice",
        *(alt.Tooltip(f"{c}:Q", format=PERCENT) for c in ("error", "low", "high")),
        "n",
    ]
    first = rows[rows["slice"] == rows["slice"].iloc[0]]
    crowded = first["high"] > 0.55 * rate_top(rows["high"])
    chart = alt.layer(
        base.mark_rule(strokeWidth=2.5).encode(x=alt.X("low:Q"), x2="high:Q"),
        base.mark_point(filled=True, size=80, opacity=1).encode(
            x=x, shape=model_shape(models), tooltip=tooltip
        ),
        *(
            alt.Chart(part)
            .mark_text(align=align, dx=dx, color=TEXT, fontWeight="bold")
            .encode(y=y, yOffset=offset, x=f"{end}:Q", text="model:N")
            for part, align, dx, end in (
                (first[~crowded], "left", 6, "high"),
                (first[crowded], "right", -6, "low"),
            )
            if len(part)
        ),
    )
    height = (18 * len(models) + 8) * rows["name"].nunique()
    return stretched(finish(chart, title, describe_slice_error(errors)), height)


def risk_coverage_chart(curves: pd.DataFrame, *, title: str) -> alt.LayerChart | None:
    """Error among the reviews kept, against the share kept, the most confident first.

    Args:
        curves: rows (model, coverage, risk), 0 to 1; `RiskCoverage.frame` with a column model.
        title: the idea of the chart.
    """
    rows = curves.dropna(subset=["coverage", "risk"])
    if rows.empty:
        return None
    x = alt.X(
        "coverage:Q",
        title="share of reviews kept",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=PERCENT),
    )
    y = alt.Y("risk:Q", title="error", scale=rate_scale(rows["risk"]), axis=alt.Axis(format=PERCENT))
    tooltip = ["model", *(alt.Tooltip(f"{column}:Q", format=".1%") for column in ("coverage", "risk"))]
    chart = _model_lines(rows, x, y, tooltip, float(rate_top(rows["risk"])))
    return stretched(finish(chart, title, describe_risk_coverage(curves)), LINE_HEIGHT)


def learning_curve_chart(
    curve: pd.DataFrame, *, title: str, score_words: str = "macro F1", axis_format: str = ".1f"
) -> alt.LayerChart | None:
    """A score against the number of labelled reviews that a model learned from.

    Args:
        curve: rows (model, reviews, score, low, high): a count, and scores 0 to 1; low and high may be NaN.
        title: the idea of the chart.
        score_words: what the score is.
        axis_format: of the score's axis, `parts.PERCENT` for an error.
    """
    rows = curve.dropna(subset=["reviews", "score"])
    if rows.empty:
        return None
    x = alt.X("reviews:Q", title="labelled reviews", axis=alt.Axis(format=",d"))
    y = alt.Y("score:Q", title=score_words, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=axis_format))
    tooltip = ["model", "reviews", *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("score", "low", "high"))]
    models = list(rows["model"].unique())
    bands = alt.Chart(rows).mark_area(opacity=0.16)
    bands = bands.encode(x=x, y="low:Q", y2="high:Q", color=model_colour(models))
    chart = bands + _model_lines(rows, x, y, tooltip, 1.0, points=True)
    text = describe_learning_curve(curve, score_words=score_words)
    return stretched(finish(chart, title, text), LINE_HEIGHT)


def _model_lines(
    rows: pd.DataFrame, x: alt.X, y: alt.Y, tooltip: list[Any], top: float, *, points: bool = False
) -> alt.LayerChart:
    models = list(rows["model"].unique())
    x_name, y_name = (str(channel.shorthand).split(":")[0] for channel in (x, y))
    labels = frames.end_labels(rows, "model", x_name, y_name, top * LABEL_PIXELS / LINE_HEIGHT, high=top)
    base = alt.Chart(rows).encode(x=x, y=y, color=model_colour(models), tooltip=tooltip)
    lines = base.mark_line(strokeWidth=2.5, point={"size": 50} if points else False)
    text = alt.Chart(labels).mark_text(align="left", dx=7, color=TEXT, fontWeight="bold")
    labelled = text.encode(x=f"{x_name}:Q", y="label_y:Q", text="model:N")
    return alt.LayerChart(layer=[lines, labelled])
