"""How often the model reads each client right, by month and revision, from checked random samples."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.sampled_accuracy import OVERALL, estimate_accuracy
from peachdash.ui.access import Session
from peachdash.ui.data import remember

NOTHING_DRAWN = "How often readings are right is not known yet: no sample has been drawn."
WHY_A_SAMPLE = (
    "Measured on readings that were drawn at random and then confirmed or corrected by people. Reported "
    "readings are left out on purpose: people report what is wrong, so reports alone would make the model "
    "look worse than it is. What the model left undecided is not asked for. Readings are asked for in random "
    "order, so the part that is checked is a random sample too, unless people skip the hard ones. Whoever "
    "checks sees the reading, which favours agreement."
)


def estimate_each(session: Session, sampled: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """`estimate_accuracy` by name of the client, from the rows of `fetch_sample_answers`."""
    minimum = session.service.settings.minimum_n
    found = {}
    for client, own in sampled.groupby("client_id"):
        estimate = partial(estimate_accuracy, own, minimum_n=minimum)
        name = str(own["client"].iloc[0])
        found[name] = remember(session, "accuracy", estimate, client, len(own))
    return found


def accuracy_sentence(client: str, rows: pd.DataFrame) -> str:
    """How often the model that was sampled last reads a client right; "too few" where nobody knows yet."""
    whole = _latest(rows)
    if formatting.is_missing(whole["share"]):
        checked = formatting.counted(int(whole["n"]), "sampled reading")
        return f"{client}: too few checked to say how often it is read right ({checked} so far)."
    words = formatting.estimate(whole["share"], whole["low"], whole["high"], whole["n"])
    return f"{client}: {words} of readings are right."


def sample_sentence(by_client: dict[str, pd.DataFrame]) -> str:
    """The answer in words: for one client the share, for several the lowest and the highest.

    Clients are not pooled, since as many readings are drawn of a small one as of a large one, and not ranked,
    since intervals of small samples overlap.
    """
    if not by_client:
        return NOTHING_DRAWN
    known = {name: _latest(rows) for name, rows in by_client.items()}
    known = {name: row for name, row in known.items() if not formatting.is_missing(row["share"])}
    if len(by_client) == 1 or len(known) == 1:
        name = next(iter(known or by_client))
        return accuracy_sentence(name, by_client[name])
    if not known:
        return f"Too few readings of {len(by_client)} clients are checked to say how often they are right."
    low, high = (chosen(known.values(), key=lambda row: float(row["share"])) for chosen in (min, max))
    told = [formatting.estimate(row["share"], row["low"], row["high"], row["n"]) for row in (low, high)]
    return f"{len(known)} clients are checked: the share of right readings runs from {told[0]} to {told[1]}."


def _latest(rows: pd.DataFrame) -> pd.Series:
    """The row of all months of the revision that was drawn from last."""
    return rows[rows["month"] == OVERALL].iloc[0]


def accuracy_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What the table of a client's accuracy shows of `estimate_accuracy`."""
    shown = pd.DataFrame(
        {
            "Read right": [_share(row) for row in rows.itertuples()],
            "Drawn in": [_month(month) for month in rows["month"]],
            "Checked": [f"{row.answered} of {row.drawn}" for row in rows.itertuples()],
            "Model": rows["revision"],
            "No review of theirs": rows["left_out"],
        }
    )
    return shown if rows["left_out"].any() else shown.drop(columns="No review of theirs")


def all_rows(by_client: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """The rows of every client below each other, with its name before them."""
    rows = pd.concat(by_client, names=["client", None]).reset_index(level="client")
    shown = accuracy_rows(rows)
    shown.insert(0, "Client", rows["client"])
    return shown


def _month(month: str) -> str:
    return "all months" if month == OVERALL else formatting.period(pd.Timestamp(f"{month}-01"), "month")


def _share(row: Any) -> str:
    if formatting.is_missing(row.share):
        return f"too few (n = {row.n})"
    return formatting.estimate(row.share, row.low, row.high, row.n)


def render_accuracy(session: Session, sampled: pd.DataFrame) -> None:
    """A row for each client and below them all months and revisions; for one client those at once."""
    by_client = estimate_each(session, sampled)
    if not by_client:
        st.info(
            "A sample asks people whether readings are right that were drawn at random. Thirty answers give "
            "the share with an interval about 25 points wide.",
            icon=":material/casino:",
        )
        return
    st.subheader("How often readings are right", anchor=False)
    if len(by_client) == 1:
        _render_table(accuracy_rows(next(iter(by_client.values()))), "accuracy")
    else:
        latest = {name: _latest(rows).to_frame().T for name, rows in by_client.items()}
        _render_table(all_rows(latest).drop(columns="Drawn in"), "accuracy")
        with st.expander("By month and revision", icon=":material/calendar_month:"):
            _render_table(all_rows(by_client), "accuracy_months")
    st.caption(WHY_A_SAMPLE)


def _render_table(rows: pd.DataFrame, key: str) -> None:
    alt = "Share of right readings with its interval"
    st.dataframe(rows, hide_index=True, width="stretch", height="content", key=key, alt=alt)
