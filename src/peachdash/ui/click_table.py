"""A table whose rows open at a click and can be ticked; ticks and clicks are told apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

ROW_HEIGHT, HEADER_HEIGHT = 66, 38
"""Pixels; below 66 a row shows one line only."""

_FORGET_TICKS, _FORGET_CLICK = "forget_ticks", "forget_click"


def forget_ticks() -> None:
    """Let tables come up without ticks at the next run."""
    st.session_state[_FORGET_TICKS] = True


def forget_click() -> None:
    """Let go of the clicked cell at the next run, so that it can be clicked again.

    This waits until what the click opened is closed: a grid that gets the focus back without a chosen cell
    chooses its first one, which would count as a click.
    """
    st.session_state[_FORGET_CLICK] = True


def render_click_table(
    rows: pd.DataFrame,
    key: str,
    *,
    opened: Callable[[int], None],
    ticks: bool,
    columns: Mapping[str, Any],
    alt: str,
    most_rows: int = 25,
) -> list[int]:
    """The table; the positions of the ticked rows.

    Args:
        rows: what is shown, words and numbers only.
        key: of the widget.
        opened: called with the position of the row that was clicked.
        ticks: whether rows can be ticked.
        columns: Streamlit's column configuration.
        alt: what the table holds, for those who cannot see it.
        most_rows: rows beyond these are reached by scrolling.
    """
    _forget(key)
    state: Any = st.dataframe(
        rows,
        key=key,
        hide_index=True,
        row_height=ROW_HEIGHT,
        height=HEADER_HEIGHT + ROW_HEIGHT * min(len(rows), most_rows) + 2,
        selection_mode=["multi-row", "single-cell"] if ticks else "single-cell",
        on_select=partial(_take_click, key, len(rows), opened),
        column_config=dict(columns),
        alt=alt,
    )
    return [row for row in state["selection"]["rows"] if row < len(rows)]


def _forget(key: str) -> None:
    """Deselect what is to be forgotten, before the table is drawn."""
    ticks, click = (st.session_state.pop(name, False) for name in (_FORGET_TICKS, _FORGET_CLICK))
    if ticks or click:
        rows = [] if ticks else st.session_state.get(key, {}).get("selection", {}).get("rows", [])
        st.session_state[key] = {"selection": {"rows": list(rows), "columns": [], "cells": []}}


def _take_click(key: str, length: int, opened: Callable[[int], None]) -> None:
    """Open the row whose cell was clicked; a click on a tick box chooses no cell."""
    cells = st.session_state[key]["selection"]["cells"]
    if cells and cells[0][0] < length:
        opened(cells[0][0])
