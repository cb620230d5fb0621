"""The page Data sets in words, and its empty state."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.data_sets.assembling import SPLITS
from peachdash.insights import formatting
from peachdash.records import LABELS
from peachdash.ui.empty import render_way_to_labels
from peachdash.ui.frame import end_page
from peachdash.workflows.freezing import FreezePreview

SPLIT_MEANING = {
    "train": "Models learn from these. Single decisions come here only.",
    "validation": "They choose the epoch, the calibration and the settings; no model learns from them.",
    "test": "They prove what a model is worth. A test review stays one for ever.",
}


def stop_if_unlabelled_anywhere(versions: pd.DataFrame, preview: FreezePreview) -> None:
    """End the page with what to do where nothing is labelled and nothing was ever frozen."""
    if len(versions) or len(preview.assembled.rows):
        return
    st.title("No labelled reviews yet.", anchor=False)
    st.write(
        "Here labels are frozen into numbered data sets, on which models are trained and measured. Label "
        "reviews first, or correct readings."
    )
    render_way_to_labels()
    end_page()


def data_sets_sentence(versions: pd.DataFrame, preview: FreezePreview) -> str:
    """Which version is the newest, and whether there is anything new to freeze."""
    waiting = len(preview.assembled.rows)
    if versions.empty:
        return f"Nothing is frozen yet: {formatting.counted(waiting, 'labelled review')} can be."
    newest = versions.iloc[0]
    count = formatting.counted(int(newest["summary"].get("n", 0)), "review")
    head = f"Data set {int(newest['number'])} holds {count}, frozen on {formatting.date(newest['made_utc'])}"
    if preview.same_as == int(newest["number"]):
        return f"{head}; nothing has changed since."
    if preview.changes is None:
        return f"{head}."
    changed = len(preview.changes.added) + len(preview.changes.relabelled)
    return f"{head}; {formatting.counted(changed, 'new or changed label')} since."


def class_table(summary: dict[str, dict[str, dict[str, int]]]) -> pd.DataFrame:
    """Reviews by class and split."""
    classes = summary["classes"]
    rows = [
        {"Class": label, **{split.capitalize(): classes.get(label, {}).get(split, 0) for split in SPLITS}}
        for label in LABELS
    ]
    return pd.DataFrame(rows)


def count_table(name: str, counts: dict[str, dict[str, int]]) -> pd.DataFrame:
    """Reviews by the values of something and split, most train reviews first."""
    rows = [
        {name: value, **{split.capitalize(): by_split[split] for split in SPLITS}}
        for value, by_split in counts.items()
    ]
    frame = pd.DataFrame(rows, columns=[name, *(split.capitalize() for split in SPLITS)])
    return frame.sort_values("Train", ascending=False, ignore_index=True)
