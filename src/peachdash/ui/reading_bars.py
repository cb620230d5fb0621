"""Both models' readings of one review as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import altair as alt
import pandas as pd

from peachdash.charts import BAND_COLOURS
from peachdash.insights import formatting
from peachdash.records import LABELS
from peachdash.ui.data import CHAMPION, GENERIC

TEXT = "currentColor"
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


def reading_bars(review: Mapping[str, Any]) -> alt.FacetChart | None:
    """A bar for each class, one panel a model; None where no model has read the review."""
    rows = reading_rows(review)
    if rows.empty:
        return None
    base = alt.Chart().encode(y=alt.Y("label:N", sort=list(LABELS), title=None))
    colours = alt.Scale(domain=list(LABELS), range=[BAND_COLOURS[label] for label in LABELS])
    x = alt.X("probability:Q", scale=alt.Scale(domain=[0, 1.15]), axis=None)
    bars = base.mark_bar().encode(x=x, color=alt.Color("label:N", scale=colours, legend=None))
    words = base.mark_text(align="left", dx=4, color=TEXT).encode(x=x, text="words:N")
    header = alt.Header(title=None, labelOrient="top", labelAnchor="start", labelFontWeight="bold")
    panels = alt.layer(bars, words, data=rows).properties(width=175, height=66)
    models = [model for model in PREFIXES if model in set(rows["model"])]
    return panels.facet(alt.Facet("model:N", sort=models, header=header), columns=2).properties(
        description=describe_readings(rows)
    )


def describe_readings(rows: pd.DataFrame) -> str:
    """The bars in words."""
    told = [
        f"{model}: {', '.join(f'{row.label} {row.words}' for row in group.itertuples())}"
        for model, group in rows.groupby("model", sort=False)
    ]
    return f"Probabilities. {'; '.join(told)}."
