"""The views of the Adjudicate page: disagreements, agreement, likely errors, files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from peachdash.queries.label_pairs import fetch_pairs
from peachdash.queries.labelling import fetch_annotators
from peachdash.ui.access import Session
from peachdash.ui.adjudication import render_disagreements, waiting_sentence
from peachdash.ui.agreement_table import (
    SHIPPED,
    agreement_sentence,
    load_agreement,
    render_agreement,
    use_basis,
)
from peachdash.ui.data import ask
from peachdash.ui.headline import DEMO_FIGURES, render_demo_note, render_headline
from peachdash.ui.label_errors import load_suspects, render_label_errors, suspects_sentence
from peachdash.ui.label_files import files_sentence, render_label_files

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

DISAGREEMENTS, AGREEMENT, ERRORS, FILES = "Disagreements", "Agreement", "Likely errors", "Export and import"
_VIEW = "adjudicate_view"
_BASIS = (
    "Both labels of a review show once both are in, never before. Where they differ or are unsure, a third "
    "reading decides from the text alone, and says why."
)


def use_view() -> str:
    """Which view is shown; kept in the address."""
    views = (DISAGREEMENTS, AGREEMENT, ERRORS, FILES)
    chosen = st.segmented_control(
        "Show", views, default=DISAGREEMENTS, required=True, key=_VIEW, bind="query-params",
        label_visibility="collapsed",
    )  # fmt: skip
    return str(chosen or DISAGREEMENTS)


def load_pairs(session: Session) -> pd.DataFrame:
    """Reviews that both annotators have labelled; see `fetch_pairs`."""
    return ask(session, fetch_pairs)


def render_disagreements_view(session: Session, pairs: pd.DataFrame, head: DeltaGenerator) -> None:
    """What waits for a third reading; the answer goes into `head`, above the switch."""
    with head:
        render_headline(waiting_sentence(pairs))
        st.caption(_BASIS)
    own = ask(session, fetch_annotators)["own"]
    render_disagreements(pairs, frozenset() if own is None else frozenset({str(own)}))


def render_agreement_view(session: Session, pairs: pd.DataFrame, head: DeltaGenerator) -> None:
    """Cohen's kappa by class, slice and pair."""
    basis = use_basis(pairs)
    agreement = load_agreement(session, pairs, basis)
    minimum_n = session.service.settings.minimum_n
    with head:
        render_headline(agreement_sentence(agreement, minimum_n))
        if basis == SHIPPED:
            render_demo_note(DEMO_FIGURES)
    render_agreement(agreement, basis, minimum_n)


def render_errors_view(session: Session, head: DeltaGenerator) -> None:
    """Likely label errors."""
    found = load_suspects(session)
    with head:
        render_headline(suspects_sentence(found))
    render_label_errors(session, found)


def render_files_view(session: Session, pairs: pd.DataFrame, head: DeltaGenerator) -> None:
    """Export and import."""
    with head:
        render_headline(files_sentence(pairs))
    render_label_files(session)
