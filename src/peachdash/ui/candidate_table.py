"""All models beside each other: how well they read, what they cost, where they come from."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts.candidates import candidate_chart
from peachdash.insights import formatting
from peachdash.insights.sizes import megabytes
from peachdash.records import ReviewFilter
from peachdash.sentiment.encoders import ENCODERS
from peachdash.ui.access import Session
from peachdash.ui.candidate_data import size_words
from peachdash.ui.data import chosen_businesses
from peachdash.ui.formatting import plain
from peachdash.ui.headline import DEMO_FIGURES, render_demo_note
from peachdash.ui.model_scores import rate_words, score_words
from peachdash.ui.progress import duration
from peachdash.workflows.candidate_list import Candidate

NOT_MEASURED = "not measured"


def models_sentence(candidates: list[Candidate]) -> str:
    """Which model reads now, and whether another one waits that reads better by its figures."""
    champion = next((item for item in candidates if item.is_champion), None)
    others = [item for item in candidates if item.may_be_promoted]
    if champion is None:
        return "No champion is installed."
    start = f"{champion.revision} reads all reviews now"
    score = champion.macro_f1
    if score is not None and score.value is not None:
        start += f", macro F1 {score_words(score)} on {formatting.counted(score.n, 'test review')}"
    if not others:
        return f"{start}; no other fine-tuned model can read here."
    measured = [item for item in others if item.macro_f1 is not None and item.macro_f1.value is not None]
    if not measured:
        return f"{start}; {formatting.counted(len(others), 'other')} not measured yet."
    best = max(measured, key=lambda item: item.macro_f1.value or 0.0)  # type: ignore[union-attr]
    assert best.macro_f1 is not None
    return f"{start}; the best other, {best.revision}, has {score_words(best.macro_f1)}."


def none_to_choose(candidates: list[Candidate]) -> str:
    """What to do where no candidate can be chosen: install the encoder of one that is here, or train one."""
    mute = next((item for item in candidates if item.role == "champion" and not item.is_installed), None)
    if mute is None:
        return "No other fine-tuned model can read here yet. The page Train makes one."
    how = ENCODERS[mute.size].how_to_install if mute.size in ENCODERS else ""
    install = f"run {how}" if how else "a training on it fetches it"
    return (
        f"{mute.name} is here but cannot read, as its encoder is not installed: {install}. "
        "The page Train makes another model."
    )


def candidate_rows(candidates: list[Candidate]) -> pd.DataFrame:
    """What the table shows, one row a model."""
    return pd.DataFrame([_row(item) for item in candidates])


def _row(item: Candidate) -> dict[str, Any]:
    cost = item.cost
    return {
        "Model": item.revision,
        "Is": _standing(item),
        "Macro F1": NOT_MEASURED if item.macro_f1 is None else score_words(item.macro_f1),
        "“Peachy” misread": NOT_MEASURED if item.peachy_error is None else rate_words(item.peachy_error),
        "Reviews a second": NOT_MEASURED if cost is None else formatting.count(round(cost.texts_per_second)),
        "Memory": NOT_MEASURED if cost is None else megabytes(cost.memory_bytes),
        "On disk": NOT_MEASURED if cost is None else megabytes(cost.adapter_bytes + cost.encoder_bytes),
    }


def origin_rows(candidates: list[Candidate]) -> pd.DataFrame:
    """Where each model comes from."""
    return pd.DataFrame(
        [
            {
                "Model": item.revision,
                "Learned from": item.learned_from or formatting.MISSING,
                "Training": _training(item),
                "Made": formatting.date(item.made_utc),
                "By": item.made_by or formatting.MISSING,
            }
            for item in candidates
        ]
    )


def _standing(item: Candidate) -> str:
    if item.is_champion:
        return "champion"
    if not item.is_installed:
        return "no encoder"
    return "candidate" if item.role == "champion" else "generic"


def _training(item: Candidate) -> str:
    if item.training_seconds is None:
        return formatting.MISSING
    where = f" on {item.trained_on}" if item.trained_on else ""
    return f"{duration(item.training_seconds)}{where}"


def render_candidates(session: Session, candidates: list[Candidate]) -> None:
    """What base buys over small, the plot, and the table that proves it."""
    measured = any(item.macro_f1 is not None for item in candidates)
    if measured and chosen_businesses(session, ReviewFilter())["is_demo"].any():
        render_demo_note(DEMO_FIGURES)
    st.subheader("Is the larger model worth it?", anchor=False)
    st.write(plain(size_words(session, candidates), 1000))
    chart = candidate_chart(_chart_rows(candidates), title="Macro F1 by reading speed")
    if chart is not None:
        st.altair_chart(chart)
    hidden = [item.revision for item in candidates if item.cost is None or item.macro_f1 is None]
    if hidden and chart is not None:
        names = plain(formatting.listing(hidden, most=6), 400)
        st.caption(f"Not on the plot, since speed or score was not measured here: {names}.")
    st.dataframe(
        candidate_rows(candidates),
        key="candidates_table",
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=160),
            "Is": st.column_config.TextColumn(width=90),
            "Reviews a second": st.column_config.TextColumn(help="On this machine."),
            "Memory": st.column_config.TextColumn(
                help="The most that a process reading with it held; on a GPU the model there."
            ),
            "On disk": st.column_config.TextColumn(help="The model and its encoder, which models share."),
        },
        alt="Models with macro F1, error on “peachy”, speed, memory and size on disk",
    )
    st.caption(
        "Macro F1 and error on the test reviews, with 95% intervals; speed and memory on this machine, as "
        "busy as it was then, from 200 reviews in a process of their own."
    )
    st.dataframe(
        origin_rows(candidates),
        hide_index=True,
        height="content",
        column_config={
            "Model": st.column_config.TextColumn(pinned=True, width=160),
            "Learned from": st.column_config.TextColumn(width=300),
        },
        alt="Models with what they learned from, how long training took, and when and by whom they were made",
    )


def _chart_rows(candidates: list[Candidate]) -> pd.DataFrame:
    rows = [
        {
            "model": item.size,
            "name": item.revision if not item.is_champion else f"{item.revision} (champion)",
            "per_second": item.cost.texts_per_second,
            "macro_f1": item.macro_f1.value,
            "low": item.macro_f1.low,
            "high": item.macro_f1.high,
            "n": item.macro_f1.n,
        }
        for item in candidates
        if item.cost is not None and item.macro_f1 is not None
    ]
    columns = ["model", "name", "per_second", "macro_f1", "low", "high", "n"]
    return pd.DataFrame(rows, columns=columns)
