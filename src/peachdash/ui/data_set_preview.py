"""What a data set frozen now would hold: counts, warnings, changes, and the button that freezes it."""

from __future__ import annotations

from typing import Any

import streamlit as st

from peachdash.data_sets.assembling import SPLITS, SplitShares
from peachdash.insights import formatting
from peachdash.queries.catalogue import fetch_businesses
from peachdash.ui.access import Session
from peachdash.ui.data import ask, remember
from peachdash.ui.data_set_words import SPLIT_MEANING, class_table, count_table
from peachdash.ui.formatting import plain
from peachdash.ui.guard import guard
from peachdash.ui.headline import KeyFigure, render_demo_note, render_key_figures
from peachdash.ui.notices import done
from peachdash.workflows.freezing import FreezePreview, freeze_data_set, preview_freeze

_TRAIN, _VALIDATION, _NOTE = "freeze_train_percent", "freeze_validation_percent", "freeze_note"
_DEFAULT = SplitShares()
COUNT = st.column_config.NumberColumn(format="localized")
VIEWS = (("Business", "businesses"), ("Slice", "slices"), ("Source", "sources"), ("Label origin", "origins"))


def chosen_shares() -> SplitShares:
    """The shares by which newly labelled reviews are dealt out, as the page has them."""
    train = int(st.session_state.get(_TRAIN, round(100 * _DEFAULT.train)))
    validation = int(st.session_state.get(_VALIDATION, round(100 * _DEFAULT.validation)))
    return SplitShares(train / 100, min(validation, 100 - train) / 100)


def load_preview(session: Session) -> FreezePreview:
    """What a freeze would hold now, computed once for each state of the labels."""
    shares = chosen_shares()

    def compute() -> FreezePreview:
        with st.spinner("Grouping labelled reviews that are nearly the same …", show_time=True):
            return preview_freeze(session.service.database, session.scope, shares)

    return remember(session, "freeze_preview", compute, shares)


def render_preview(session: Session, preview: FreezePreview) -> None:
    """The preview with the form that freezes it."""
    businesses = ask(session, fetch_businesses)
    made_up = set(businesses.loc[businesses["is_demo"].astype(bool), "business_id"])
    if made_up & set(preview.assembled.rows["business_id"]):
        render_demo_note()
    st.subheader("Frozen now, it would hold", anchor=False)
    render_summary(preview.summary)
    if preview.changes is not None:
        st.write(f"Since data set {preview.last}: {preview.changes.sentence}")
    for reason, count in preview.assembled.left_out.items():
        st.caption(f":material/block: {formatting.counted(count, 'review')} left out: {plain(reason)}.")
    _render_form(session, preview)


def render_summary(summary: dict[str, Any]) -> None:
    """Counts of a data set by split, class and all else, and what is thin or over-represented in it."""
    render_key_figures(
        [KeyFigure(split.capitalize(), summary["splits"][split], SPLIT_MEANING[split]) for split in SPLITS]
    )
    for words in summary["warnings"]:
        st.warning(plain(words), icon=":material/balance:")
    if not summary["warnings"]:
        st.caption(
            ":material/check: Bias check: no class and no business is thin or over-represented in train, and "
            "every slice has 20 test reviews or more."
        )
    tables = {"Class": class_table(summary)} | {n: count_table(n, summary[key]) for n, key in VIEWS}
    for place, (name, table) in zip(st.tabs(list(tables)), tables.items(), strict=True):
        place.dataframe(
            table,
            hide_index=True,
            column_config={split.capitalize(): COUNT for split in SPLITS},
            alt=f"Reviews by {name.lower()} and split",
        )


def _render_form(session: Session, preview: FreezePreview) -> None:
    with st.expander("How newly labelled reviews are dealt out", icon=":material/call_split:"):
        st.caption(
            "By a hash of each group of nearly the same texts, so that the same reviews always land in the "
            "same split. Reviews of earlier versions and of the shipped labels stay where they are."
        )
        left, right = st.columns(2)
        train = left.number_input("Train, %", 0, 100, round(100 * _DEFAULT.train), 5, key=_TRAIN)
        right.number_input(
            "Validation, %", 0, 100 - int(train), min(15, 100 - int(train)), 5, key=_VALIDATION
        )
        rest = 100 - round(100 * (chosen_shares().train + chosen_shares().validation))
        st.caption(f"The other {rest}% become test reviews.")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        note = st.text_input("Note (optional)", key=_NOTE, max_chars=300)
        same = preview.same_as is not None
        if st.button(
            "Freeze",
            type="primary",
            icon=":material/ac_unit:",
            key="freeze_data_set",
            disabled=same or preview.assembled.rows.empty,
        ):
            with guard():
                _, number = freeze_data_set(session.service.database, session.scope, note, chosen_shares())
                done(f"Data set {number} is frozen.")
    if preview.same_as is not None:
        st.caption(f"Data set {preview.same_as} holds exactly this, so there is nothing to freeze.")
