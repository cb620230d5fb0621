"""The pages: for whom each is, and what the navigation therefore shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import streamlit as st

from peachdash.records import Scope

if TYPE_CHECKING:
    from streamlit.navigation.page import Page


def everybody(scope: Scope) -> bool:
    """Any role may open the page; what it shows is narrowed by the scope."""
    return True


@dataclass(frozen=True)
class Entry:
    """A page of the dashboard.

    Attributes:
        section: heading that it stands under; empty for pages that no navigation shows.
        path: its file, below the entry script.
        may: who may open it; others are refused, and see no link to it.
        public: whether it opens without sign-in. Such a page finds out by itself what it may show.
    """

    section: str
    path: str
    title: str
    icon: str
    may: Callable[[Scope], bool] = everybody
    default: bool = False
    public: bool = False


def navigate(entries: Sequence[Entry], scope: Scope | None) -> tuple[Page, Entry]:
    """Draw the navigation that a viewer gets; the page that was asked for, and its entry.

    All pages are registered, so that the address of one that is not for the viewer is refused in so many
    words rather than taken for another page.

    Args:
        scope: None where nobody is admitted, who then gets no navigation.
    """
    sections: dict[str, list[Page]] = {}
    by_page: dict[str, Entry] = {}
    for entry in entries:
        seen = scope is not None and bool(entry.section) and entry.may(scope)
        page = st.Page(
            entry.path,
            title=entry.title,
            icon=entry.icon,
            default=entry.default,
            visibility="visible" if seen else "hidden",
        )
        sections.setdefault(entry.section, []).append(page)
        by_page[page.url_path] = entry
    chosen = st.navigation(sections, position="sidebar" if scope is not None else "hidden", expanded=True)
    return chosen, by_page[chosen.url_path]
