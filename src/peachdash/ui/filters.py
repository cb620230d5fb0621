"""The one filter of all pages: client, business, source and dates, kept in the address.

The address is the truth: widgets are set from it on every run and write to it when they change, so that
a link shows the same view. What the address cannot mean is left out, with a quiet note.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.insights import formatting
from peachdash.insights.periods import Period, period_pair
from peachdash.queries.catalogue import fetch_businesses, fetch_clients, fetch_date_range, fetch_sources
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.formatting import plain

PERIODS: dict[str, str] = {
    "30": "Last 30 days",
    "90": "Last 90 days",
    "365": "Last 365 days",
    "all": "All dates",
    "custom": "Custom dates",
}
DEFAULT_PERIOD = "365"
NAMES = ("client", "business", "source", "period", "since", "until")
_WIDGET = "filter_{}"
_STORED = "filter_address"
_LAST_PAGE = "filter_page"
_WINDOW = "filter_window"
_EVERY = ""


@dataclass(frozen=True)
class Filters:
    """What was chosen. `since` and `until` count only where the period is "custom"."""

    client: str | None = None
    business: str | None = None
    source: str | None = None
    period: str = DEFAULT_PERIOD
    since: dt.date | None = None
    until: dt.date | None = None

    def to_query(self) -> dict[str, str]:
        """The parts of the address, defaults left out."""
        dates = {"since": self.since, "until": self.until} if self.period == "custom" else {}
        parts: dict[str, Any] = {"client": self.client, "business": self.business, "source": self.source}
        parts |= {"period": None if self.period == DEFAULT_PERIOD else self.period} | dates
        return {name: str(value) for name, value in parts.items() if value is not None}


@dataclass(frozen=True)
class Choices:
    """What there is to choose from, and the first and last dated review, on which periods are anchored."""

    clients: Mapping[str, str]
    businesses: pd.DataFrame
    sources: list[str]
    dates: tuple[dt.date, dt.date] | None


@dataclass(frozen=True)
class View:
    """The filter as the page uses it.

    Attributes:
        filters: what was chosen.
        criteria: the same for queries.
        previous: the equally long window before; None where all dates are shown, or none is known.
        previous_words: what that window is called in a sentence.
        words: the filter in words, for people; made harmless for Markdown.
        notes: what of the address was ignored; harmless too.
        demo_businesses: ids of all businesses whose reviews are made up.
    """

    filters: Filters
    criteria: ReviewFilter
    previous: Period | None
    previous_words: str
    words: str
    notes: list[str] = field(default_factory=list)
    demo_businesses: frozenset[str] = frozenset()

    @property
    def pooled_name(self) -> str:
        """What several businesses are called as one; empty where the filter names one business."""
        if self.filters.business:
            return ""
        return "All businesses of this client" if self.filters.client else "All businesses"


def load_choices(session: Session) -> Choices:
    """The clients, businesses, sources and dates that the viewer may see."""
    clients = ask(session, fetch_clients)
    return Choices(
        clients=dict(zip(clients["client_id"], clients["client"], strict=True)),
        businesses=ask(session, fetch_businesses),
        sources=ask(session, fetch_sources),
        dates=ask(session, fetch_date_range),
    )


def parse_filters(query: Mapping[str, str], choices: Choices) -> tuple[Filters, list[str]]:
    """What an address asks for, and a note on each part of it that cannot be."""
    known: dict[str, set[str]] = {
        "client": set(choices.clients),
        "business": set(choices.businesses["business_id"]),
        "source": set(choices.sources),
        "period": set(PERIODS),
    }
    notes = [
        f"{name} “{plain(query[name], 40)}” is not known here"
        for name, values in known.items()
        if name in query and query[name] not in values
    ]
    found: dict[str, Any] = {name: query[name] for name in known if query.get(name) in known[name]}
    filters, notes = _consistent(Filters(**found), choices, notes)
    return _with_dates(filters, query, notes) if filters.period == "custom" else (filters, notes)


def _with_dates(filters: Filters, query: Mapping[str, str], notes: list[str]) -> tuple[Filters, list[str]]:
    since, until = (_parse_date(query.get(name), name, notes) for name in ("since", "until"))
    if since and until and since > until:
        since, until = until, since
        notes = [*notes, "the dates were the wrong way round and have been swapped"]
    return replace(filters, since=since, until=until), notes


def _consistent(filters: Filters, choices: Choices, notes: list[str]) -> tuple[Filters, list[str]]:
    """Lift the business where it is none of the client's."""
    if filters.client and filters.business:
        owner = choices.businesses.set_index("business_id").loc[filters.business, "client_id"]
        if owner != filters.client:
            return replace(filters, business=None), [*notes, "the business belongs to another client"]
    return filters, notes


def _parse_date(value: str | None, name: str, notes: list[str]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(value) if value else None
    except ValueError:
        notes.append(f"{name} “{plain(value, 40)}” is no date like 2026-03-31")
        return None


def make_view(filters: Filters, choices: Choices, notes: list[str]) -> View:
    """The filter with its window, the window before, and both in words."""
    latest = choices.dates[1] if choices.dates else None
    since, until = filters.since, filters.until
    if filters.period.isdigit() and latest is not None:
        since, until = latest - dt.timedelta(days=int(filters.period) - 1), latest
    criteria = ReviewFilter(filters.client, filters.business, filters.source, since, until)
    pair = period_pair(latest, since, until) if since is not None else None
    previous = pair[1] if pair else None
    words = f"the {previous.days:,} days before" if previous else "any earlier period"
    demo = frozenset(choices.businesses.loc[choices.businesses["is_demo"].astype(bool), "business_id"])
    return View(filters, criteria, previous, words, filter_words(filters, criteria, choices), notes, demo)


def filter_words(filters: Filters, criteria: ReviewFilter, choices: Choices) -> str:
    """The filter in words: "all businesses, Google, 1 Nov 2025 to 31 Oct 2026"."""
    names = choices.businesses.set_index("business_id")["business"]
    if filters.business:
        place = plain(names[filters.business])
    else:
        place = (
            f"businesses of {plain(choices.clients[filters.client])}" if filters.client else "all businesses"
        )
    source = plain(filters.source) if filters.source else "all sources"
    return f"{place}, {source}, {_date_words(criteria)}"


def _date_words(criteria: ReviewFilter) -> str:
    if criteria.since and criteria.until:
        return formatting.date_range(criteria.since, criteria.until)
    if criteria.since:
        return f"from {formatting.date(criteria.since)}"
    return f"up to {formatting.date(criteria.until)}" if criteria.until else "all dates"


def carry_filters(page: str) -> None:
    """Bring the filter along to a page that was opened by the navigation, whose links carry no filter."""
    state = st.session_state
    moved = state.get(_LAST_PAGE) not in (None, page)
    if moved and not any(name in st.query_params for name in NAMES):
        st.query_params.update(state.get(_STORED, {}))
    state[_LAST_PAGE] = page
    state[_STORED] = {name: st.query_params[name] for name in NAMES if name in st.query_params}


def filter_query(session: Session, **changes: str | None) -> dict[str, str]:
    """The address of the present filter with some parts changed, for links to other pages."""
    filters, _ = parse_filters(st.query_params, load_choices(session))
    return replace(filters, **changes).to_query()  # type: ignore[arg-type]


def use_filters(session: Session, *, source: bool = True) -> View:
    """The filter's widgets in the side bar, and the view that the address asks for.

    Args:
        source: whether this page can filter by source.
    """
    choices = load_choices(session)
    filters, notes = parse_filters(st.query_params, choices)
    if not source:
        filters = replace(filters, source=None)
    with st.sidebar:
        _choose("client", "Client", filters.client, choices.clients, "All clients")
        mine = choices.businesses
        if filters.client:
            mine = mine[mine["client_id"] == filters.client]
        names = dict(zip(mine["business_id"], mine["business"], strict=True))
        _choose("business", "Business", filters.business, names, "All businesses")
        if source:
            _choose(
                "source", "Source", filters.source, {name: name for name in choices.sources}, "All sources"
            )
        _choose("period", "Dates", filters.period, PERIODS)
        if filters.period == "custom":
            _choose_dates(filters, choices)
        if filters.to_query():
            st.button(
                "Clear the filter", icon=":material/filter_alt_off:", on_click=_write, args=(Filters(),)
            )
    view = make_view(filters, choices, notes)
    st.session_state[_WINDOW] = (view.criteria.since, view.criteria.until)
    return view


def _choose(name: str, label: str, value: str | None, words: Mapping[str, str], every: str = "") -> None:
    """A select box that shows `value`, and writes what is chosen to the address; `every` lifts the choice."""
    key = _WIDGET.format(name)
    options = {_EVERY: every, **words} if every else dict(words)
    st.session_state[key] = value or _EVERY
    st.selectbox(
        label, list(options), key=key, format_func=options.__getitem__, on_change=_take_widgets, args=(name,)
    )


def _choose_dates(filters: Filters, choices: Choices) -> None:
    key = _WIDGET.format("dates")
    first, last = choices.dates or (dt.date(2000, 1, 1), dt.date.today())
    since, until = filters.since or first, filters.until or last
    first, last = min(first, since), max(last, until)
    st.session_state[key] = (since, until)
    st.date_input(
        "From and to", min_value=first, max_value=last, key=key, format="DD/MM/YYYY", on_change=_take_dates
    )


def _take_widgets(changed: str) -> None:
    """Write all select boxes to the address; a change of client lifts the business."""
    names = ("client", "business", "source", "period")
    values = {name: st.session_state.get(_WIDGET.format(name)) or None for name in names}
    if changed == "client":
        values["business"] = None
    filters = Filters(**{name: value for name, value in values.items() if value is not None})
    if filters.period == "custom":
        filters = replace(filters, **_present_dates())
    _write(filters)


def _take_dates() -> None:
    """Write the dates, once both ends are chosen."""
    chosen = st.session_state[_WIDGET.format("dates")]
    if len(chosen) == 2:
        st.query_params.update({"period": "custom", "since": str(chosen[0]), "until": str(chosen[1])})
        carry_filters(st.session_state[_LAST_PAGE])


def _present_dates() -> dict[str, Any]:
    """The dates of the window that was shown until now, from which a custom one starts."""
    since, until = st.session_state.get(_WINDOW, (None, None))
    return {"since": since, "until": until}


def _write(filters: Filters) -> None:
    """Put a filter into the address, other parts of which stay."""
    for name in NAMES:
        st.query_params.pop(name, None)
    st.query_params.update(filters.to_query())
    carry_filters(st.session_state[_LAST_PAGE])
