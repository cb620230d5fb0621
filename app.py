"""Peachdash: review sentiment for the businesses of Peach Analytics.

`make run` or `peachdash serve` opens it; `streamlit run app.py` does too.
"""

from __future__ import annotations

import sys
from pathlib import Path

import streamlit as st

sys.path.insert(0, str(Path(__file__).parent / "src"))

from peachdash.ui.filters import carry_filters
from peachdash.ui.frame import framed, render_frame
from peachdash.ui.guard import guard
from peachdash.ui.notices import render_notice
from peachdash.ui.review_detail import render_opened_review

render_frame()
page = st.navigation(
    {
        "Reviews": [
            st.Page("pages/overview.py", title="Overview", icon=":material/storefront:", default=True),
            st.Page("pages/business.py", title="Business", icon=":material/show_chart:"),
            st.Page("pages/feedback.py", title="Feedback", icon=":material/flag:"),
        ],
        "Models": [
            st.Page("pages/before_after.py", title="Before and after", icon=":material/compare_arrows:"),
        ],
        "Data": [
            st.Page("pages/upload.py", title="Upload", icon=":material/upload_file:"),
        ],
    }
)

with framed(), guard():
    carry_filters(page.url_path)
    render_notice()
    page.run()
    render_opened_review()
