"""Promoting the chosen candidate, going back, and the history of champions."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from peachdash.evaluation.gates import Gate, all_green
from peachdash.insights import formatting
from peachdash.insights.changes import change_sentence
from peachdash.ui.access import Session, renew_session
from peachdash.ui.candidate_data import past_promotions
from peachdash.ui.downloads import render_download
from peachdash.ui.formatting import moment, person, plain
from peachdash.ui.guard import guard
from peachdash.ui.notices import leave_notice
from peachdash.workflows.candidate_list import Candidate
from peachdash.workflows.promoting import REASON_LIMIT, find_previous, promote_candidate, roll_back

_REASON, _TYPED = "promote_reason", "promote_typed"
_BACK_REASON = "rollback_reason"


def render_promotion(
    session: Session, candidate: Candidate, gates: tuple[Gate, ...], *, complete: bool
) -> None:
    """The form that promotes, once the preview is complete; a gate that is not green is asked about again."""
    st.subheader("Promote", anchor=False)
    if not complete:
        st.caption("It is offered here as soon as the preview is complete.")
        return
    green = all_green(gates)
    with st.form("promote_form"):
        st.text_area(
            "Reason, kept in the history", key=_REASON, max_chars=REASON_LIMIT, height=80,
            placeholder="Why this model, and why now?",
        )  # fmt: skip
        if not green:
            told = [f"{gate.title.lower()}: {gate.state.value}" for gate in gates if gate.state != "green"]
            st.warning(
                f"Not every gate is green ({plain('; '.join(told), 400)}). To promote it all the same, type "
                f"{plain(candidate.revision)}.",
                icon=":material/warning:",
            )
            st.text_input("Revision, typed", key=_TYPED, max_chars=100)
        st.form_submit_button(
            f"Promote {candidate.revision}",
            icon=":material/publish:",
            type="primary",
            key="promote_button",
            on_click=_promote,
            args=(candidate.revision, session.models.champion),
        )
        st.caption("All pages, commands and exports read by it from the next moment on.")


def _promote(revision: str, seen: str) -> None:
    """Promote what was compared with the champion that stood on the page when the button was drawn."""
    with guard():
        session = renew_session()
        service = session.service
        done = promote_candidate(
            service.database,
            session.scope,
            service.settings,
            revision,
            str(st.session_state.get(_REASON, "")),
            expected=seen,
            confirmed=str(st.session_state.get(_TYPED, "")).strip() == revision,
        )
        service.supervisor.score_soon()
        leave_notice(f"{done.revision} is the champion now, in place of {done.previous}.")


def render_rollback(session: Session) -> None:
    """The way back to the champion before, with a confirmation and a reason."""
    service = session.service
    previous = find_previous(service.database, session.scope, session.models.champion)
    if previous is None:
        return
    with st.popover(f"Go back to {plain(previous)}", icon=":material/undo:", key="rollback_popover"):
        st.markdown(
            f"**{plain(previous)}** becomes the champion again in place of {plain(session.models.champion)}. "
            "Its readings are still stored, so it takes effect at once."
        )
        with st.form("rollback_form"):
            st.text_input("Reason, kept in the history", key=_BACK_REASON, max_chars=REASON_LIMIT)
            st.form_submit_button(
                "Go back",
                icon=":material/undo:",
                type="primary",
                key="rollback_button",
                on_click=_roll_back,
                args=(session.models.champion,),
            )


def _roll_back(seen: str) -> None:
    with guard():
        session = renew_session()
        service = session.service
        reason = str(st.session_state.get(_BACK_REASON, ""))
        done = roll_back(service.database, session.scope, service.settings, reason, expected=seen)
        service.supervisor.score_soon()
        leave_notice(f"{done.revision} is the champion again, in place of {done.previous}.")


def render_history(session: Session) -> None:
    """Who made which model the champion, when, why, on what gates, and how many reviews flipped."""
    st.subheader("History of champions", anchor=False)
    history = past_promotions(session)
    if history.empty:
        st.caption("No champion is on record yet; the first promotion starts the history.")
        return
    rows = pd.DataFrame([_history_row(row) for row in history.to_dict("records")])
    st.dataframe(
        rows,
        key="history_table",
        hide_index=True,
        height="content",
        alt="Changes of the champion with when, who, why, gates and flips",
        column_config={
            "Why": st.column_config.TextColumn(width=280),
            "Gates": st.column_config.TextColumn(width=240),
        },
    )
    render_download(session, "Download the history", lambda later: rows, "champions.csv", "champions")
    _render_details(history)


def _history_row(row: dict[Any, Any]) -> dict[str, Any]:
    gates = [Gate.from_dict(gate) for gate in row["gates"] or []]
    counted = pd.Series([gate.state.value for gate in gates], dtype=object).value_counts(sort=False)
    changes = row["changes"]
    return {
        "When (UTC)": moment(row["promoted_utc"]),
        "Champion": row["revision"],
        "In place of": row["previous_revision"] or formatting.MISSING,
        "How": row["kind"] or "recorded",
        "Who": person(row["promoted_by"]),
        "Why": row["reason"],
        "Gates": ", ".join(f"{n} {state}" for state, n in counted.items()) or formatting.MISSING,
        "Flips": formatting.MISSING if not changes else formatting.count(changes["flips"]),
    }


def _render_details(history: pd.DataFrame) -> None:
    """What the gates of the latest promotion said, in full."""
    judged = [row for row in history.to_dict("records") if row["gates"]]
    if not judged:
        return
    last = judged[0]
    with st.expander(f"Gates of {last['revision']}, when it was promoted", icon=":material/rule:"):
        for gate in (Gate.from_dict(item) for item in last["gates"]):
            st.markdown(f"**{plain(gate.title)}**: {gate.state.value}. {plain(gate.words, 1000)}")
        st.caption(plain(change_sentence(last["changes"]), 1000))
