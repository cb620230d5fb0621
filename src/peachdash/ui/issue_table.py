"""The table of issues: what is wrong, how often, since when, what is new, and what needs an answer."""

from __future__ import annotations

from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from peachdash.charts import BAND_COLOURS
from peachdash.insights import formatting
from peachdash.insights.issue_export import exported_issues
from peachdash.insights.issue_tests import FADING, NEW, RISING
from peachdash.records import ASPECTS, IssueState
from peachdash.ui.access import Session
from peachdash.ui.click_table import forget_click, render_click_table
from peachdash.ui.downloads import render_downloads
from peachdash.ui.filters import View
from peachdash.ui.formatting import stars_words
from peachdash.ui.issue_data import IssueTable

PAGE_ROWS = 25
_ADDRESS, _PAGE = "issue", "issue_page"
CHANGES = (NEW, RISING, FADING)
_ONLY_CHAMPION = "Only the fine-tuned model found"


def opened_issue() -> str | None:
    """The issue that the address asks for."""
    return st.query_params.get(_ADDRESS) or None


def open_issue(issue_id: str | None) -> None:
    """Put an issue into the address, or (None) take it out: back to all of them."""
    if issue_id is None:
        st.query_params.pop(_ADDRESS, None)
    else:
        st.query_params[_ADDRESS] = issue_id
    forget_click()


def choose_issues(issues: pd.DataFrame) -> pd.DataFrame:
    """The issues that the choices above the table leave; the choices are kept in the address."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        search = st.text_input(
            "Search the issues", key="issue_search", type="search", placeholder="Words of the name",
            bind="query-params", on_change=_first_page, max_chars=100, width=300,
        )  # fmt: skip
        aspect = st.selectbox(
            "About", ASPECTS, index=None, placeholder="Anything", key="aspect", bind="query-params",
            on_change=_first_page, width=200,
        )  # fmt: skip
        state = st.selectbox(
            "Work", [state.value for state in IssueState], index=None, placeholder="Any state", key="work",
            bind="query-params", on_change=_first_page, width=180,
        )  # fmt: skip
    with st.container(horizontal=True, vertical_alignment="center"):
        changes = st.pills(
            "Change", CHANGES, selection_mode="multi", key="change", bind="query-params",
            on_change=_first_page, label_visibility="collapsed",
        )  # fmt: skip
        only = st.toggle(_ONLY_CHAMPION, key="only_fine_tuned", bind="query-params", on_change=_first_page)
        single = st.toggle("Said once too", key="single", bind="query-params", on_change=_first_page)
        hidden = st.toggle("Hidden too", key="hidden", bind="query-params", on_change=_first_page)
    kept = issues["hidden"].astype(bool) <= bool(hidden)
    kept &= (issues["reviews"] > 1) | issues["change"].isin(CHANGES) | bool(single)
    for word in (search or "").split():
        kept &= issues["name"].str.contains(word, case=False, regex=False)
    if aspect:
        kept &= issues["aspect"] == aspect
    if state:
        kept &= issues["state"] == state
    if changes:
        kept &= issues["change"].isin(list(changes))
    if only:
        kept &= issues["found_only_by_champion"].astype(bool)
    return issues[kept]


def _first_page() -> None:
    st.session_state[_PAGE] = 1


def render_issues(session: Session, table: IssueTable, view: View) -> None:
    """Choices, table and pages; a click opens the issue."""
    st.subheader("Issues", anchor=False)
    chosen = choose_issues(table.rows)
    if chosen.empty:
        st.info("No issue matches. Lift a choice above.", icon=":material/search_off:")
        return
    head, body, foot = st.container(), st.container(), st.container(horizontal_alignment="right")
    with foot:
        pages = -(-len(chosen) // PAGE_ROWS)
        page = min(int(st.pagination(pages, key=_PAGE, bind="query-params")), pages) if pages > 1 else 1
        name = "complaints" if view.filters.business is None else f"complaints-{view.filters.business}"
        render_downloads(
            session, "Download these issues", partial(_exported, chosen), name, "complaints", view
        )
    rows = chosen.iloc[PAGE_ROWS * (page - 1) : PAGE_ROWS * page]
    with head:
        st.caption(
            f"{formatting.counted(len(chosen), 'issue')}, new and rising ones first. Shares are of the "
            "negative reviews of the business, with their 95% intervals. Click an issue to open it."
        )
    ids = [str(issue) for issue in rows["issue_id"]]
    with body:
        render_click_table(
            issue_rows(rows, several=view.filters.business is None),
            "issue_table",
            opened=lambda row: open_issue(ids[row]),
            ticks=False,
            columns=_column_config(),
            alt="Issues with counts, shares, change and answers needed",
        )


def issue_rows(issues: pd.DataFrame, *, several: bool) -> pd.DataFrame:
    """What the table shows: words and numbers only."""
    rows = pd.DataFrame([_row(issue) for _, issue in issues.iterrows()], columns=list(_COLUMNS))
    return rows if several else rows.drop(columns="Business")


_COLUMNS = (
    "Issue",
    "Change",
    "Reviews",
    "Share",
    "By month",
    "To answer",
    "Business",
    "Seen",
    "Work",
    "Stars",
)


def _row(issue: pd.Series) -> dict[str, Any]:
    return {
        "Issue": f"{issue['name']} · {issue['aspect']}",
        "Change": [issue["change"]] if issue["change"] in CHANGES else [],
        "Reviews": _reviews(issue),
        "Share": _share(issue),
        "By month": issue["trend"],
        "To answer": int(issue["need_answer"]),
        "Seen": _seen(issue),
        "Stars": stars_words(round(float(issue["stars"]), 1))
        if issue["stars"] == issue["stars"]
        else formatting.MISSING,
        "Work": work_words(issue),
        "Business": issue["business"],
    }


def _reviews(issue: pd.Series) -> str:
    """How many reviews, and where the same text came again and again, that it did."""
    count = formatting.count(issue["reviews"])
    if not issue["repeats"]:
        return count
    likely = ", likely a campaign" if issue["campaign"] else ""
    return f"{count} (and {formatting.count(issue['repeats'])} of the same text{likely})"


def _share(issue: pd.Series) -> str:
    if formatting.is_missing(issue["share"]):
        return formatting.MISSING
    n = issue["negative_total"]
    interval = formatting.percent_range(issue["low"], issue["high"], n)
    return f"{formatting.percent(issue['share'], n)} ({interval})"


def _seen(issue: pd.Series) -> str:
    if formatting.is_missing(issue["first_date"]):
        return "undated"
    if issue["first_date"] == issue["last_date"]:
        return formatting.date(issue["first_date"])
    words = formatting.date_range(issue["first_date"], issue["last_date"])
    return words.replace(" ", "\N{NO-BREAK SPACE}").replace("to\N{NO-BREAK SPACE}", "to ")


def work_words(issue: pd.Series | dict[str, Any]) -> str:
    """The state of the work, who owns it and until when: "in progress, Mia, by 3 Mar 2026"."""
    due = [] if formatting.is_missing(issue["due_date"]) else [f"by {formatting.date(issue['due_date'])}"]
    owner = [str(issue["owner"])] if issue["owner"] else []
    return ", ".join([str(issue["state"]), *owner, *due])


def _column_config() -> dict[str, Any]:
    column = st.column_config
    colours = [BAND_COLOURS["negative"], BAND_COLOURS["neutral"], BAND_COLOURS["undecided"]]
    return {
        "Issue": column.TextColumn("Issue", width=185, help="In customers' own words, and what it is about."),
        "Change": column.MultiselectColumn(
            "Change", width=75, options=list(CHANGES), color=colours,
            help="The latest six weeks against all time before (fading: since it began), "
            "clearer than chance, allowing for the number of issues compared.",
        ),
        "Reviews": column.TextColumn("Reviews", width=85, help="Different texts in the filter's dates."),
        "Share": column.TextColumn("Of negative ones", width=110),
        "By month": column.BarChartColumn("By month", width=95, y_min=0, color=BAND_COLOURS["negative"]),
        "To answer": column.NumberColumn("To answer", width=72, help="Complaints without an answer."),
        "Seen": column.TextColumn("Seen", width=105, help="The first and the latest review that says it."),
        "Stars": column.TextColumn("Stars", width=55, help="Mean of the reviews that say it."),
        "Work": column.TextColumn("Work", width=65),
        "Business": column.TextColumn("Business", width=105),
    }  # fmt: skip


def _exported(chosen: pd.DataFrame, later: Session) -> pd.DataFrame:
    """The issues on the screen as rows of a file, those that the viewer may still see."""
    allowed = [later.scope.allows(str(business)) for business in chosen["business_id"]]
    return exported_issues(chosen[allowed])
