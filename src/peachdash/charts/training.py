"""Curves of a training: how its losses fall, and how macro-F1 rises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts import frames
from peachdash.charts.palette import MODEL_COLOURS, TEXT
from peachdash.charts.parts import LABEL_PIXELS, finish, model_colour, stretched

HEIGHT = 240
TRAINING, VALIDATION = "training", "validation"
SMOOTHED_OVER = 25
NO_EPOCH = "No epoch is done yet."


def loss_chart(
    curve: Sequence[tuple[int, float]],
    history: Sequence[Mapping[str, Any]],
    *,
    title: str,
    steps: int = 0,
) -> alt.LayerChart | None:
    """Training loss by step, smoothed over a faint line of what was told, and validation loss by epoch.

    Args:
        curve: (step, training loss).
        history: an event for each epoch, with step, training_loss and validation_loss.
        title: the idea of the chart.
        steps: of the whole training, the end of the axis; 0 ends it with the data.

    Returns:
        None before the first of either.
    """
    told = list(curve) or [(event["step"], event["training_loss"]) for event in history]
    smooth = pd.Series([loss for _, loss in told], dtype=float).ewm(span=SMOOTHED_OVER).mean()
    rows = pd.DataFrame(
        [
            *(
                {"step": step, "loss": loss, "model": TRAINING}
                for (step, _), loss in zip(told, smooth, strict=True)
            ),
            *({"step": e["step"], "loss": e["validation_loss"], "model": VALIDATION} for e in history),
        ]
    )
    if rows.empty:
        return None
    raw = pd.DataFrame([{"step": step, "loss": loss, "model": TRAINING} for step, loss in told])
    top = max(1.2, *(float(frame["loss"].max()) * 1.05 for frame in (rows, raw) if len(frame)))
    end = max(steps, int(rows["step"].max()))
    x = alt.X("step:Q", title="step", scale=alt.Scale(domain=[0, end]), axis=alt.Axis(format=",d"))
    y = alt.Y("loss:Q", title="loss", scale=alt.Scale(domain=[0, top]))
    faint = alt.Chart(raw).mark_line(strokeWidth=1, opacity=0.3, color=MODEL_COLOURS[0]).encode(x=x, y=y)
    chart = alt.layer(faint, *_lines(rows, x, y, "loss", top, end).layer)
    return stretched(finish(chart, title, describe_losses(curve, history)), HEIGHT)


def macro_f1_chart(history: Sequence[Mapping[str, Any]], *, title: str) -> alt.LayerChart | None:
    """Macro-F1 on validation after each epoch; None before the first."""
    if not history:
        return None
    rows = pd.DataFrame(
        [{"epoch": event["epoch"], "score": event["macro_f1"], "model": "macro F1"} for event in history]
    )
    epochs = int(history[-1]["epochs"])
    axis = alt.Axis(format="d", tickMinStep=1, tickCount=min(epochs, 10))
    x = alt.X("epoch:Q", title="epoch", scale=alt.Scale(domain=[0, epochs]), axis=axis)
    y = alt.Y("score:Q", title="macro F1", scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format=".1f"))
    chart = _lines(rows, x, y, "score", 1.0, epochs, x_name="epoch")
    return stretched(finish(chart, title, describe_macro_f1(history)), HEIGHT)


def describe_losses(curve: Sequence[tuple[int, float]], history: Sequence[Mapping[str, Any]]) -> str:
    """First and last training loss, and the validation loss of each epoch."""
    told = []
    if curve:
        told.append(f"Training loss from {curve[0][1]:.2f} to {curve[-1][1]:.2f} at step {curve[-1][0]:,}.")
    if history:
        losses = ", ".join(f"{event['validation_loss']:.2f}" for event in history)
        told.append(f"Validation loss by epoch: {losses}.")
    return " ".join(told) or NO_EPOCH


def describe_macro_f1(history: Sequence[Mapping[str, Any]]) -> str:
    """The macro-F1 of each epoch."""
    scores = ", ".join(f"{event['macro_f1']:.2f}" for event in history)
    return f"Macro F1 on validation by epoch: {scores}." if history else NO_EPOCH


def _lines(
    rows: pd.DataFrame, x: alt.X, y: alt.Y, y_name: str, top: float, end: int, *, x_name: str = "step"
) -> alt.LayerChart:
    """Lines with points, each with its name at its end: to the right while there is room, else above."""
    names = list(dict.fromkeys(rows["model"]))
    base = alt.Chart(rows).encode(
        x=x, y=y, color=model_colour(names), tooltip=["model", x_name, alt.Tooltip(y_name, format=".3f")]
    )
    points = base.transform_filter(alt.datum.model != TRAINING).mark_point(filled=True, size=60, opacity=1)
    labels = frames.end_labels(rows, "model", x_name, y_name, top * LABEL_PIXELS / HEIGHT, high=top)
    early = labels[x_name] < 0.75 * end
    named = [
        alt.Chart(part)
        .mark_text(align=align, dx=dx, dy=dy, color=TEXT, fontWeight="bold")
        .encode(x=f"{x_name}:Q", y="label_y:Q", text="model:N")
        for part, align, dx, dy in ((labels[early], "left", 8, 0), (labels[~early], "right", -6, -12))
        if len(part)
    ]
    return alt.layer(base.mark_line(strokeWidth=2), points, *named)
