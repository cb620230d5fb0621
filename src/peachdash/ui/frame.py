"""What surrounds every page: title, icon, logo."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import streamlit as st
from streamlit.runtime.pages_manager import PagesManager

_PEACH = (
    '<path d="M16 9c-4-4-12-2-12 7 0 7 6 13 12 13s12-6 12-13c0-9-8-11-12-7z" fill="#F2925B"/>'
    '<path d="M16 9c-3 5-3 13 0 20" fill="none" stroke="#C75D2A" stroke-width="1.6" stroke-linecap="round"/>'
    '<path d="M16 9c0-4 4-7 9-6 0 4-4 7-9 6z" fill="#4F8A5B"/>'
)
_NAME = (
    '<style>text{font:600 21px "Source Sans","Source Sans 3",system-ui,sans-serif;fill:#3B2A20}'
    "@media(prefers-color-scheme:dark){text{fill:#F4E9E1}}</style>"
    '<text x="38" y="24">Peachdash</text>'
)
ICON = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" width="32" height="32">{_PEACH}</svg>'
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 170 32" width="170" height="32">'
    f"{_PEACH}{_NAME}</svg>"
)

_STEADY = (
    "button[data-variant][data-selected=true], [data-testid=stTab][aria-selected=true],"
    " [data-testid=stTab][aria-selected=true] p { color: inherit !important; }"
    " button kbd { opacity: 1 !important; }"
)
"""What is chosen keeps the colour of text; frame and fill show the choice. A button's key is no fainter.

Streamlit writes what is chosen in the primary colour. White has to be read on that too, in buttons, and no
colour is both dark enough for it and bright enough to be read on a dark page.
"""

_FRAMED = "framed"


def render_frame() -> None:
    """Title, icon, logo and one rule of style. Call it before `st.navigation`.

    The browser would fetch the icon of a page from Google's servers, were there none of our own before.
    """
    st.set_page_config(page_title="Peachdash", page_icon=ICON, layout="wide")
    st.logo(LOGO, size="large", icon_image=ICON)
    st.html(f"<style>{_STEADY}</style>")


class PageEnds(Exception):
    """A page has said all that there is to say."""


def end_page() -> NoReturn:
    """End the page here; unlike `st.stop`, what the entry script draws below each page still comes."""
    raise PageEnds


@contextmanager
def framed() -> Iterator[None]:
    """Around the run of a page, which thereby knows that it was opened through the entry script."""
    st.session_state[_FRAMED] = True
    try:
        yield
    finally:
        st.session_state[_FRAMED] = False


def require_frame() -> None:
    """Start again through the entry script where Streamlit ran a page's file by itself.

    It does so for the first visitors of a new server whose link names a page: until the entry script has
    called `st.navigation`, the folder of pages is taken for an app without one. The switch that
    `st.navigation` sets is set here too, since nothing else would ever run the entry script for them.
    """
    if not st.session_state.get(_FRAMED, False):
        PagesManager.uses_pages_directory = False
        st.rerun()
