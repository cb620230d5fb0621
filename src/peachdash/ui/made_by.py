"""Which revision made the numbers of a page, and the choice to see them as an earlier champion reads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.queries.overview import fetch_totals
from peachdash.queries.promotions import fetch_champion_since, fetch_past_champions
from peachdash.records import BANDS, ActiveModels, ReviewFilter
from peachdash.ui.access import Session, renew_session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain
from peachdash.ui.frame import PageEnds
from peachdash.ui.guard import guard

REVISION = "revision"
_SHOWN = "shown_revision"


@contextmanager
def made_by_below() -> Iterator[None]:
    """Around the run of a page: the foot stands below it, also where the page ends early."""
    with suppress(PageEnds):
        yield
    render_made_by()


def render_made_by() -> None:
    """The foot of every page: which revisions its numbers rest on, and since when the champion is one."""
    with guard():
        session = renew_session()
        since = ask(session, fetch_champion_since, session.models.champion)
        st.divider()
        st.caption(made_by_words(session.models, since))
        earlier = st.session_state.pop(_SHOWN, None)
        if earlier is not None:
            st.caption(f":material/history: This page shows how {plain(earlier)} reads them.")


def made_by_words(models: ActiveModels, since: pd.Timestamp | None) -> str:
    """ "Read by small-6e20c3d9ea54, champion since 3 Nov 2026; …", as Markdown."""
    when = "" if formatting.is_missing(since) else f" since {formatting.date(since)}"
    return (
        f":material/fingerprint: Reviews are read by {plain(models.champion)}, champion{when}; beside it "
        f"stands the generic model {plain(models.generic)}. What people decided counts first."
    )


def use_revision(session: Session) -> Session:
    """The session with the champion that was chosen in the side bar: the present one, or an earlier one.

    Only those that have read all reviews in scope are offered, so that no number is of a part.
    """
    past = ask(session, fetch_past_champions, session.models.champion)
    whole = [str(row["revision"]) for row in past.to_dict("records") if not row["unread"]]
    if past.empty:
        return session
    with st.sidebar:
        chosen = st.selectbox(
            "Read by",
            [session.models.champion, *whole],
            key=REVISION,
            bind="query-params",
            help="The present champion, or an earlier one that has read all of these reviews too.",
        )
        partly = len(past) - len(whole)
        if partly:
            st.caption(
                f"{formatting.counted(partly, 'earlier champion')} have not read all reviews here."
                if partly > 1
                else "One earlier champion has not read all reviews here."
            )
    if chosen is None or chosen == session.models.champion:
        return session
    st.session_state[_SHOWN] = str(chosen)
    return replace(session, models=replace(session.models, champion=str(chosen)))


def render_earlier(now: Session, shown: Session, criteria: ReviewFilter) -> None:
    """A mark on numbers of an earlier champion, with what the present one makes of the same reviews."""
    if shown.models.champion == now.models.champion:
        return
    st.warning(
        f"Every number here is as the earlier champion {plain(shown.models.champion)} reads, not the "
        f"present one, {plain(now.models.champion)}.",
        icon=":material/history:",
    )
    rows = earlier_rows(
        ask(shown, fetch_totals, criteria, shown.models), ask(now, fetch_totals, criteria, now.models)
    )
    st.dataframe(
        rows, hide_index=True, height="content", width="content",
        alt="Shares under the earlier and the present champion",
    )  # fmt: skip
    st.button(
        "Back to the present champion",
        icon=":material/undo:",
        key="revision_back",
        on_click=_back,
        args=(now.models.champion,),
    )


def earlier_rows(then: dict[str, int], now: dict[str, int]) -> pd.DataFrame:
    """How much of the same reviews counts as what, under the earlier champion and now."""
    rows = []
    for band in BANDS:
        words = [
            f"{formatting.percent(totals[band] / totals['read'], totals['read'])} "
            f"({formatting.count(totals[band])} of {formatting.count(totals['read'])})"
            if totals["read"]
            else formatting.MISSING
            for totals in (then, now)
        ]
        rows.append((band, *words))
    return pd.DataFrame(rows, columns=["Counts as", "Earlier", "Now"])


def _back(champion: str) -> None:
    st.session_state[REVISION] = champion
