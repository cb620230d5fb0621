"""Both models' readings of one review as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts import BAND_COLOURS
from peachdash.charts.parts import legible
from peachdash.insights import formatting
from peachdash.records import LABELS
from peachdash.ui.data import CHAMPION, GENERIC

TEXT = "currentColor"
WIDTH = 290
"""Pixels; two stand side by side in the review's drawer, one below the other on a phone."""
PREFIXES = {CHAMPION: "champion", GENERIC: "generic"}


def reading_rows(review: Mapping[str, Any]) -> pd.DataFrame:
    """Probabilities of one review: model, label, probability (0 to 1), words; empty where it is unread."""
    rows = [
        (model, label, float(review[f"{prefix}_p_{label}"]))
        for model, prefix in PREFIXES.items()
        for label in LABELS
        if not formatting.is_missing(review[f"{prefix}_p_{label}"])
    ]
    frame = pd.DataFrame(rows, columns=["model", "label", "probability"])
    return frame.assign(words=[formatting.percent(value) for value in frame["probability"]])


def reading_bars(rows: pd.DataFrame) -> Any:
    """A bar for each class of one model's reading; `rows` are those of one model from `reading_rows`."""
    base = alt.Chart(rows).encode(y=alt.Y("label:N", sort=list(LABELS), title=None))
    colours = alt.Scale(domain=list(LABELS), range=[BAND_COLOURS[label] for label in LABELS])
    x = alt.X("probability:Q", scale=alt.Scale(domain=[0, 1.2]), axis=None)
    bars = base.mark_bar().encode(x=x, color=alt.Color("label:N", scale=colours, legend=None))
    words = base.mark_text(align="left", dx=4, color=TEXT).encode(x=x, text="words:N")
    title = alt.TitleParams(text=str(rows["model"].iloc[0]), anchor="start", fontSize=13)
    fit = alt.AutoSizeParams(type="fit-x", contains="padding")
    return legible(
        alt.layer(bars, words).properties(
            title=title, width=WIDTH, height=66, autosize=fit, description=describe_readings(rows)
        )
    )


def describe_readings(rows: pd.DataFrame) -> str:
    """The bars in words."""
    told = ", ".join(f"{label} {words}" for label, words in zip(rows["label"], rows["words"], strict=True))
    return f"Probabilities by the {rows['model'].iloc[0]} model: {told}."
