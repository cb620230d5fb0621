"""The reviews of a table as a file: all that the search finds, not the page that is shown."""

from __future__ import annotations

from functools import partial

import pandas as pd

from peachdash.queries.reviews import ReviewSelection, fetch_reviews
from peachdash.records import ReviewFilter
from peachdash.ui.access import Session
from peachdash.ui.downloads import render_download

MOST_ROWS = 100_000
COLUMNS = {
    "review_id": "review",
    "business": "business",
    "source": "source",
    "review_date": "date",
    "date_precision": "date_precision",
    "stars": "stars",
    "title": "title",
    "text": "text",
    "owner_reply": "owner_reply",
    "band": "counts_as",
    "human": "decided_by_a_person",
    "excluded": "left_out",
    "champion_label": "fine_tuned",
    "generic_label": "generic",
    "complaint": "complaint",
    "answered": "answered",
}


def render_review_download(session: Session, criteria: ReviewFilter, selection: ReviewSelection) -> None:
    """A button that downloads the reviews that filter and search find, at most `MOST_ROWS`."""
    make = partial(export_reviews, criteria=criteria, selection=selection)
    render_download(session, "Download these reviews", make, "reviews.csv", "reviews")


def export_reviews(session: Session, criteria: ReviewFilter, selection: ReviewSelection) -> pd.DataFrame:
    """The columns of `COLUMNS` for all reviews that are found, and which revisions read them."""
    with session.service.database.read() as connection:
        found = fetch_reviews(connection, session.scope, criteria, session.models, selection, limit=MOST_ROWS)
    champion, generic = session.models.revisions
    named = found[list(COLUMNS)].rename(columns=COLUMNS)
    return named.assign(model_revision=champion, generic_revision=generic)
