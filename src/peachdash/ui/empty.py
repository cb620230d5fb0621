"""What a page shows where there is nothing to show: why, and what to do next."""

from __future__ import annotations

import streamlit as st

from peachdash.queries.overview import has_reviews
from peachdash.ui.access import Session
from peachdash.ui.data import ask
from peachdash.ui.filters import Filters, filter_query
from peachdash.ui.frame import end_page

OVERVIEW, BUSINESS, UPLOAD = "pages/overview.py", "pages/business.py", "pages/upload.py"
LABEL = "pages/label.py"


def stop_if_empty(session: Session, what: str) -> None:
    """End the page with the first steps where no review is stored.

    Args:
        what: what would stand here, for example "sentiment by business".
    """
    if ask(session, has_reviews):
        return
    st.title("No reviews yet.", anchor=False)
    st.write(f"Here you will see {what}. Start with an export from Google, Yelp or wherever customers write.")
    if st.button("Upload an export", icon=":material/upload_file:", type="primary", key="first_upload"):
        st.switch_page(UPLOAD)
    st.caption(
        "To look around first, stop the dashboard and run `peachdash setup`: it loads demo businesses."
    )
    end_page()


def render_nothing_matches(session: Session) -> None:
    """Say that the filter leaves no review, with the way to all of them."""
    st.info("No review matches the filter.", icon=":material/filter_alt:")
    st.page_link(
        BUSINESS, label="Show all reviews", icon=":material/filter_alt_off:", query_params=_all_dates()
    )


def _all_dates() -> dict[str, str]:
    return Filters(period="all").to_query()


def business_address(session: Session, business_id: str) -> dict[str, str]:
    """The address of a business under the present filter."""
    return filter_query(session, business=business_id)


def render_way_to_labels() -> None:
    """Where nothing is labelled yet: the way to the first labels, or to the shipped ones."""
    if st.button("To labelling", icon=":material/label:", type="primary", key="to_labelling"):
        st.switch_page(LABEL)
    st.caption("To look around first, stop the dashboard and run `peachdash setup`: it loads shipped labels.")


def stop_if_unlabelled(session: Session, labelled: int) -> None:
    """End the page with what to do where no labelled review is stored."""
    if labelled:
        return
    st.title("No labelled reviews yet.", anchor=False)
    st.write(
        "Here you will see the generic and the fine-tuned model side by side, on labelled reviews that "
        "neither has learned from."
    )
    if session.scope.may_label:
        render_way_to_labels()
    end_page()
