"""What the page Models reads: all candidates, and the case of the chosen one, computed once for a state."""

from __future__ import annotations

from typing import Any

import streamlit as st

from peachdash.evaluation import Comparison
from peachdash.insights.sizes import Gain, Outlay, size_sentence
from peachdash.queries.held_out import fetch_evaluations
from peachdash.queries.held_out_sets import fetch_held_out_set
from peachdash.queries.promotions import fetch_preview, fetch_promotions
from peachdash.queries.status import count_waiting
from peachdash.ui.access import Session
from peachdash.ui.data import ask, remember
from peachdash.workflows.candidate_list import SHIPPED, Candidate, compare_on_test, list_candidates
from peachdash.workflows.candidates import Case, load_case
from peachdash.workflows.model_costs import ModelCost
from peachdash.workflows.promoting import find_counterpart

CHOSEN = "candidate"


def all_candidates(session: Session) -> list[Candidate]:
    """Every model, read anew at each run: folders appear while the stored data stay the same."""
    service = session.service
    return list_candidates(service.database, session.scope, service.settings)


def chosen_candidate(candidates: list[Candidate]) -> Candidate | None:
    """The candidate that is looked at, by a select box bound to the address; None where there is none."""
    offered = sorted((item for item in candidates if item.may_be_promoted), key=_newest_first)
    names = {item.revision: item for item in offered}
    if not names:
        return None
    revision = st.selectbox(
        "Candidate",
        list(names),
        key=CHOSEN,
        bind="query-params",
        width=360,
    )
    return names.get(str(revision))


def _newest_first(candidate: Candidate) -> tuple[bool, float]:
    """Models that were trained here come before those that were shipped, the newest first."""
    made = candidate.made_utc.timestamp() if candidate.made_utc is not None else 0.0
    return candidate.made_by == SHIPPED, -made


def candidate_case(session: Session, candidate: Candidate) -> Case:
    """What is on record for and against a candidate."""
    database, settings, models = session.service.database, session.service.settings, session.models
    revisions = (candidate.revision, models.champion, models.generic)
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, session.scope)
        stored = fetch_evaluations(connection, session.scope, revisions)
    stamps = sorted((row["revision"], row["data_set"], row["evaluation_id"]) for row in stored)

    def compute() -> Case:
        return load_case(database, session.scope, settings, *revisions)

    return remember(session, "candidate_case", compute, revisions, held_out, stamps)


def candidate_preview(session: Session, candidate: Candidate) -> dict[str, Any] | None:
    """The latest preview against the present champion; None where there is none."""
    with session.service.database.read() as connection:
        return fetch_preview(connection, session.scope, candidate.revision, session.models.champion)


def unread_reviews(session: Session, candidate: Candidate) -> int:
    """How many readings of stored texts the candidate and its generic model lack together."""
    pair = find_counterpart(session.service.settings, candidate.revision)
    return sum(ask(session, count_waiting, model.revision) for model in pair)


def past_promotions(session: Session) -> Any:
    """The history, see `fetch_promotions`."""
    with session.service.database.read() as connection:
        return fetch_promotions(connection, session.scope)


def size_words(session: Session, candidates: list[Candidate]) -> str:
    """What the best measured base model buys over the best measured small one, and costs."""
    best = {size: _best(candidates, size) for size in ("small", "base")}
    missing = [size for size, item in best.items() if item is None]
    if missing:
        return (
            f"What base buys over small is not known here: no fine-tuned {missing[0]} model was measured on "
            "these test reviews."
        )
    small, base = best["small"], best["base"]
    assert small is not None
    assert base is not None
    comparison = remember(
        session,
        "sizes",
        lambda: compare_on_test(session.service.database, session.scope, small.revision, base.revision),
        small.revision,
        base.revision,
    )
    if comparison is None:
        return size_sentence(None, None, None, None)
    macro, peachy = _gains(comparison)
    return size_sentence(macro, peachy, _outlay(small.cost), _outlay(base.cost))


def _best(candidates: list[Candidate], size: str) -> Candidate | None:
    measured = [
        (item.macro_f1.value, item)
        for item in candidates
        if item.size == size
        and item.role == "champion"
        and item.macro_f1 is not None
        and item.macro_f1.value is not None
    ]
    return max(measured, key=lambda pair: pair[0])[1] if measured else None


def _gains(comparison: Comparison) -> tuple[Gain | None, Gain | None]:
    score, error = comparison.macro_f1_difference, comparison.peachy_error_difference
    macro = None if score.value is None else Gain(100 * score.value, _points(score.low), _points(score.high))
    peachy = None
    if error.value is not None:
        peachy = Gain(-100 * error.value, _points(error.high, -1), _points(error.low, -1))
    return macro, peachy


def _points(end: float | None, sign: int = 1) -> float | None:
    return None if end is None else 100 * sign * end


def _outlay(cost: ModelCost | None) -> Outlay | None:
    if cost is None:
        return None
    return Outlay(cost.texts_per_second, cost.memory_bytes, cost.adapter_bytes + cost.encoder_bytes)
