"""Measuring a candidate, its gates, and its figures beside those of champion and generic model."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from peachdash.charts import slice_error_chart
from peachdash.evaluation import ModelEvaluation
from peachdash.evaluation.gates import Gate, GateState, signed
from peachdash.evaluation.parts import business_errors
from peachdash.insights import formatting
from peachdash.jobs.candidate_runs import MEASURE, ask_measurement
from peachdash.queries.held_out import fetch_evaluation_history
from peachdash.queries.held_out_sets import HeldOutSet
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.candidate_run import render_candidate_run
from peachdash.ui.differing_table import differing_reviews, render_differing
from peachdash.ui.formatting import moment, plain
from peachdash.ui.guard import guard
from peachdash.ui.model_proof import real_set_rows, render_real_set_table, render_risk_coverage
from peachdash.ui.model_scores import (
    Figures,
    render_confusion,
    render_peachy,
    render_scores,
    render_slices,
    render_test,
)
from peachdash.workflows.candidate_list import Candidate
from peachdash.workflows.candidates import CANDIDATE, CHAMPION, GENERIC, Case
from peachdash.workflows.promoting import REASON_LIMIT

_BADGES = {
    GateState.GREEN: ("green", ":material/check_circle:", "green"),
    GateState.RED: ("red", ":material/cancel:", "red"),
    GateState.NOT_MEASURED: ("not measured", ":material/help:", "grey"),
}


def render_measurement(session: Session, candidate: Candidate, case: Case) -> None:
    """How the candidate stands: to be measured, being measured, or what is on record of it."""
    st.subheader("Measured on the test reviews", anchor=False)
    st.caption(
        f"{formatting.counted(case.held_out.reviews, 'test review')} of {case.held_out.words}, kept out of "
        "all training. Figures that are on record are shown again, not computed again."
    )
    if case.learned:
        st.warning(
            f"The candidate, or a model that it continues, learned from "
            f"{formatting.counted(case.learned, 'test review')}: its figures flatter it.",
            icon=":material/warning:",
        )
    going_on = render_candidate_run(session, MEASURE, candidate.revision, "The measurement")
    if not going_on and not case.is_complete:
        _render_first(session, candidate, case)
    if case.is_measured:
        _render_record(session, candidate, case.held_out, going_on=going_on)


def _render_first(session: Session, candidate: Candidate, case: Case) -> None:
    if not case.held_out.reviews:
        st.info("There are no labelled test reviews yet: freeze a data set, or run `peachdash setup`.")
        return
    who = "Candidate, champion and generic model read" if not case.results else "The models that lack it read"
    st.write(
        f"{who} the same test reviews in the background; published review sets, where they are here, "
        "speed and memory come with it."
    )
    if st.button("Measure the candidate", icon=":material/speed:", type="primary", key="measure_button"):
        _ask(session, candidate, "")


def _ask(session: Session, candidate: Candidate, reason: str) -> None:
    service = session.service
    with guard():
        ask_measurement(service.database, session.scope, service.settings, candidate.revision, reason)
        st.rerun()


def _render_record(session: Session, candidate: Candidate, held_out: HeldOutSet, *, going_on: bool) -> None:
    """Every measurement of the candidate, and the form that asks for another one, with its reason."""
    with session.service.database.read() as connection:
        history = fetch_evaluation_history(connection, session.scope, candidate.revision)
    mine = history[history["data_set"].isin(held_out.keys)]
    last = mine.iloc[0]
    times = "once" if len(mine) == 1 else f"{formatting.count(len(mine))} times"
    st.caption(
        f":material/history: Measured {times} on these reviews, last by {plain(last['computed_by'])}, "
        f"{moment(last['computed_utc'])} UTC."
    )
    with st.expander("On record, and measuring again", icon=":material/receipt_long:"):
        rows = pd.DataFrame(
            {
                "On": [str(name) for name in history["data_set"]],
                "When (UTC)": [moment(when) for when in history["computed_utc"]],
                "By": list(history["computed_by"]),
                "Why again": [reason or formatting.MISSING for reason in history["reason"]],
            }
        )
        st.dataframe(rows, hide_index=True, height="content", alt="Measurements on record")
        if going_on:
            return
        with st.form("measure_again"):
            reason = st.text_input(
                "Why it has to be measured a second time", max_chars=REASON_LIMIT, key="measure_reason"
            )
            if st.form_submit_button("Measure again", icon=":material/replay:", key="measure_again_button"):
                if reason.strip():
                    _ask(session, candidate, reason)
                st.warning("A second measurement needs a reason; both stay on record.")


def render_gates(gates: tuple[Gate, ...]) -> None:
    """Each gate with its state in colour and words, and its figures."""
    st.subheader("Gates", anchor=False)
    green = sum(gate.state is GateState.GREEN for gate in gates)
    st.write(f"{green} of {formatting.counted(len(gates), 'gate')} green.")
    for gate in gates:
        words, icon, colour = _BADGES[gate.state]
        with st.container(border=True, key=f"gate_{gate.key}"):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.badge(words, icon=icon, color=colour)  # type: ignore[arg-type]
                st.markdown(f"**{plain(gate.title)}**")
            st.caption(plain(gate.words, 1000))


def render_comparison(session: Session, case: Case) -> None:
    """Everything that Before and after shows, of candidate, champion and generic model."""
    figures: dict[str, ModelEvaluation] = {
        role: case.results[role].evaluation for role in (GENERIC, CHAMPION, CANDIDATE) if role in case.results
    }
    st.subheader("Compared on the same reviews", anchor=False)
    scores, parts, others, differing = st.tabs(
        ["Figures", "By kind and business", "Reviews by others", "Reviews that differ"], key="comparison_tabs"
    )
    with scores:
        _render_figures(case, figures)
    with parts:
        render_slices(figures)
        _render_businesses(case)
    with others:
        _render_real_sets(case)
    with differing:
        if CHAMPION in case.comparisons:
            rows = differing_reviews(case.comparisons[CHAMPION], case.results[CANDIDATE].readings)
            render_differing(session, rows, ReviewFilter(), (CHAMPION, CANDIDATE))


def _render_figures(case: Case, figures: Figures) -> None:
    render_peachy(figures)
    render_scores(figures)
    for role in (CHAMPION, GENERIC):
        if role in case.comparisons:
            render_test(case.comparisons[role], role, CANDIDATE)
    render_confusion(figures)
    render_risk_coverage(figures)


def _render_businesses(case: Case) -> None:
    """The error of each model by business, and the paired difference of candidate and champion."""
    st.subheader("Error by business", anchor=False)
    frames = {role: result.readings for role, result in case.results.items()}
    names = pd.concat([frame[["business_id", "business"]] for frame in frames.values()]).drop_duplicates()
    errors = business_errors(frames).merge(names, on="business_id")
    chart = slice_error_chart(
        errors.rename(columns={"business": "slice"}).sort_values("slice", kind="stable"),
        title="Share misread, by business",
    )
    if chart is not None:
        st.altair_chart(chart)
    named = names.set_index("business_id")["business"]
    rows = [
        {
            "Business": named.get(key, key),
            "Reviews": item.n,
            "Candidate against champion": signed(item, "error"),
        }
        for key, item in case.businesses.items()
    ]
    if rows:
        table = pd.DataFrame(rows).sort_values("Business")
        st.dataframe(table, hide_index=True, height="content", alt="Difference of error by business")
        st.caption("Below 0 the candidate misreads fewer. Few reviews each: the intervals are wide.")


def _render_real_sets(case: Case) -> None:
    if not case.real_sets:
        st.caption("Not measured: the folder of published review sets is not here, or not all was read.")
        return
    names = {item.revision: CANDIDATE for item in case.real_sets}
    render_real_set_table(real_set_rows(case.real_sets, names, CHAMPION))
