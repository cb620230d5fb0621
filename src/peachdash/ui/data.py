"""Cached reads, and the few frames that pages need put together from several of them."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import pandas as pd
import streamlit as st

from peachdash.evaluation import Comparison
from peachdash.insights.overview import PREVIOUS, summarise_businesses
from peachdash.insights.periods import Period
from peachdash.insights.trends import sparklines
from peachdash.insights.window_counts import monthly_bands, sum_businesses, sum_window
from peachdash.queries.business import fetch_champion_changes
from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.overview import fetch_window_counts
from peachdash.records import BANDS, ReviewFilter, Scope
from peachdash.ui.access import Session
from peachdash.workflows.evaluation import HeldOutResult, compare_revisions, evaluate_revision

if TYPE_CHECKING:
    import sqlalchemy as sa

P = ParamSpec("P")
T = TypeVar("T")

GENERIC, CHAMPION = "generic", "fine-tuned"
"""What the two models are called on the screen."""


def ask(
    session: Session,
    query: Callable[Concatenate[sa.Connection, Scope, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """The answer of a query for this viewer, computed once for each state of the stored data."""

    def compute() -> T:
        with session.service.database.read() as connection:
            return query(connection, session.scope, *args, **kwargs)

    return remember(
        session, f"{query.__module__}.{query.__qualname__}", compute, args, sorted(kwargs.items())
    )


def remember(session: Session, what: str, compute: Callable[[], T], *key: object) -> T:
    """`compute()`, kept for this state of the data, viewer and models. Callers get a copy of their own."""
    answer: T = _remembered(what, session.cache_key, repr(key), compute)
    return answer


def remember_by_content(what: str, compute: Callable[[], T], *content: object) -> T:
    """`compute()`, kept for what it is computed from, whatever else changes in the stored data.

    Args:
        what: name of the computation.
        compute: takes time, and uses nothing but the content.
        content: frames and values; hashed as a whole.
    """
    digest = hashlib.sha256(pickle.dumps(content)).hexdigest()
    answer: T = _remembered(what, digest, "", compute)
    return answer


@st.cache_data(max_entries=400, show_spinner=False)
def _remembered(what: str, state: str, key: str, _compute: Callable[[], Any]) -> Any:
    return _compute()


def window_counts(session: Session, criteria: ReviewFilter, previous: Period | None) -> pd.DataFrame:
    """The counts on which the figures of a page rest: columns of `fetch_window_counts`.

    Args:
        criteria: the filter of the page.
        previous: the equally long window that ends on the day before; None where there is none.
    """
    since = previous.start if previous else None
    return ask(session, fetch_window_counts, criteria, session.models, since)


def window_totals(session: Session, criteria: ReviewFilter, previous: Period | None) -> dict[str, int]:
    """What `fetch_totals` gives for the filter, without another look at the readings."""
    return remember(
        session,
        "window_totals",
        lambda: sum_window(window_counts(session, criteria, previous)),
        criteria,
        previous,
    )


def business_summary(
    session: Session, criteria: ReviewFilter, previous: Period | None, *, pooled: str = ""
) -> pd.DataFrame:
    """Every business of the filter beside its previous window; see `summarise_businesses`.

    Args:
        criteria: the filter of the page.
        previous: the equally long window before; None where there is none to compare with.
        pooled: where given, all reviews are one row of this name.

    Returns:
        The columns of `summarise_businesses`, and complaints_open, waiting and is_demo.
    """
    return remember(
        session,
        "business_summary",
        lambda: _summarise(session, criteria, previous, pooled),
        criteria,
        previous,
        pooled,
    )


def _summarise(
    session: Session, criteria: ReviewFilter, previous: Period | None, pooled: str
) -> pd.DataFrame:
    counted = ["complaints_open", "waiting", "reviews"]
    known = chosen_businesses(session, criteria).rename(columns={"business": "name"}).set_index("business_id")
    counts = window_counts(session, criteria, previous)
    frame = known[["name", "is_demo"]].join(sum_businesses(counts)[[*BANDS, *counted]])
    before = sum_businesses(counts, before=True)[list(BANDS)]
    frame = frame.join(before.add_prefix(PREVIOUS))
    numbers = [column for column in frame.columns if column not in ("name", "is_demo")]
    frame[numbers] = frame[numbers].fillna(0).astype(int)
    if pooled:
        frame = pd.DataFrame([{"name": pooled, "is_demo": frame["is_demo"].any(), **frame[numbers].sum()}])
        frame.index = pd.Index([""], name="business_id")
    return summarise_businesses(frame.reset_index(), minimum_n=session.service.settings.minimum_n)


def chosen_businesses(session: Session, criteria: ReviewFilter) -> pd.DataFrame:
    """The businesses that the filter's client and business leave; columns of `fetch_businesses`."""
    frame = ask(session, fetch_businesses)
    if criteria.client_id is not None:
        frame = frame[frame["client_id"] == criteria.client_id]
    if criteria.business_id is not None:
        frame = frame[frame["business_id"] == criteria.business_id]
    return frame


def positive_sparklines(
    session: Session, criteria: ReviewFilter, previous: Period | None
) -> dict[str, list[float]]:
    """Positive share by month of each business in both windows, 0 to 1; gaps are bridged."""
    return remember(
        session,
        "positive_sparklines",
        lambda: sparklines(monthly_bands(window_counts(session, criteria, previous))),
        criteria,
        previous,
    )


def champion_events(session: Session) -> pd.DataFrame:
    """When another revision became champion: date and label, as charts mark them. The first is no change."""
    changes = ask(session, fetch_champion_changes)
    changed = changes[changes["revision"].ne(changes["revision"].shift())].iloc[1:]
    dates = [stamp.date() for stamp in pd.to_datetime(changed["promoted_utc"], utc=True)]
    return pd.DataFrame(
        {"date": dates, "label": [f"new model {revision}" for revision in changed["revision"]]}
    )


def held_out_results(session: Session) -> tuple[HeldOutResult, HeldOutResult, Comparison]:
    """Generic model, fine-tuned model, and the second against the first, on the same labelled reviews.

    Raises:
        BadInput: no labelled reviews are stored, or a model has not read them all yet.
    """

    def compute() -> tuple[HeldOutResult, HeldOutResult, Comparison]:
        database, scope, data = session.service.database, session.scope, session.service.settings.data
        generic = evaluate_revision(database, scope, session.models.generic, GENERIC, data=data)
        champion = evaluate_revision(database, scope, session.models.champion, CHAMPION, data=data)
        comparison = compare_revisions(database, scope, session.models.generic, session.models.champion)
        return generic, champion, comparison

    return remember(session, "held_out_results", compute)
