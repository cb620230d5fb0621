"""The one definition of a complaint sentence, and which sentences are evidence for which issue.

A sentence complains where its review is negative and the champion reads the sentence as more likely negative
than not. So do the three most negative sentences of such a review, which may be dry or sarcastic, but for
those that the champion takes for praise or for hardly negative; the most negative one always does. In any
other review a sentence complains where the champion is very sure that it is negative: praise with one fault.
Sentences without two words of meaning do not count, unless the review has no other.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import sqlalchemy as sa

from peachdash.queries.readings import counting, fetch_frame, readings, within
from peachdash.records import ActiveModels, IssueEdit, ReviewFilter, Scope
from peachdash.sentiment.text import scored_texts
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.issues import latest
from peachdash.storage.standing import scored, stands

LIKELY, VERY_SURE = 0.5, 0.85
MOST_NEGATIVE, LEAST_LIKELY = 3, 0.1
LEAST_WORDS = 2

_REVIEW_COLUMNS = (
    "review_id", "business_id", "business", "client_id", "text_sha256", "review_date", "date_precision",
    "stars", "source", "band", "human", "answered", "complaint", "champion_label", "champion_needs_review",
    "generic_label",
)  # fmt: skip


def complaint_sentences(
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    only: sa.ColumnElement[bool] | None = None,
) -> sa.Subquery:
    """The sentences that complain in reviews that match (`only`: as of `readings`), a row for each of both.

    Columns: those of `readings` that are named in `_REVIEW_COLUMNS`, position, start_char, end_char,
    sentence_sha256, p_negative (of the sentence), title, text. The texts are joined last, since the ranking
    would carry a long one along with each of its sentences.
    """
    rows, places = readings(scope, criteria, models, only=only), i.review_sentences
    read = t.predictions.alias("sentence_reading")
    meaning = sa.case((places.c.content_words >= LEAST_WORDS, 1), else_=0)
    rank = sa.func.row_number().over(
        partition_by=rows.c.review_id,
        order_by=[meaning.desc(), read.c.p_negative.desc(), places.c.position],
    )
    judged = (
        sa.select(
            *[rows.c[name] for name in _REVIEW_COLUMNS],
            places.c.position,
            places.c.start_char,
            places.c.end_char,
            places.c.sentence_sha256,
            read.c.p_negative,
            read.c.p_positive,
            (places.c.content_words >= LEAST_WORDS).label("says_something"),
            rank.label("rank"),
        )
        .join(places, places.c.text_sha256 == rows.c.text_sha256)
        .join(
            read,
            sa.and_(read.c.text_sha256 == places.c.sentence_sha256, read.c.revision == models.champion),
        )
        .where(counting(rows))
        .subquery("judged")
    )
    negative, says = judged.c.band == "negative", judged.c.says_something
    no_praise = sa.and_(judged.c.p_negative >= LEAST_LIKELY, judged.c.p_positive < LIKELY)
    complains = sa.or_(
        sa.and_(negative, says, judged.c.p_negative >= LIKELY),
        sa.and_(negative, says, judged.c.rank <= MOST_NEGATIVE, no_praise),
        sa.and_(negative, judged.c.rank == 1),
        sa.and_(~negative, ~judged.c.human, says, judged.c.p_negative >= VERY_SURE),
    )
    return (
        sa.select(judged, t.reviews.c.title, t.reviews.c.text)
        .join(t.reviews, t.reviews.c.review_id == judged.c.review_id)
        .where(complains)
        .subquery("complaints")
    )


def fetch_ungrouped(connection: sa.Connection, scope: Scope, models: ActiveModels) -> pd.DataFrame:
    """Complaint sentences that are in no issue of their business yet, the oldest first.

    Columns: business_id, text_sha256, position, review_date, sentence.
    """
    found, placed = complaint_sentences(scope, ReviewFilter(), models), i.issue_sentences
    known = sa.exists().where(
        placed.c.business_id == found.c.business_id,
        placed.c.text_sha256 == found.c.text_sha256,
        placed.c.position == found.c.position,
    )
    names = ["business_id", "text_sha256", "position", "review_date", "start_char", "end_char"]
    statement = (
        sa.select(*[found.c[name] for name in names])
        .where(~known)
        .order_by(found.c.business_id, found.c.review_date.nulls_first(), found.c.review_id, found.c.position)
    )
    frame = fetch_frame(connection, statement)
    frame = frame.drop_duplicates(["business_id", "text_sha256", "position"], ignore_index=True)
    first = _first_texts()
    of_these = first.c.text_sha256.in_(sa.select(found.c.text_sha256).where(~known))
    texts = fetch_frame(connection, sa.select(first).where(of_these))
    return with_sentences(frame.merge(texts, on="text_sha256", how="left"))


def fetch_evidence(
    connection: sa.Connection,
    scope: Scope,
    criteria: ReviewFilter,
    models: ActiveModels,
    issue_id: str | None = None,
    *,
    with_text: bool = False,
) -> pd.DataFrame:
    """Which review says what in which issue: one row for each review and sentence in an issue, newest first.

    Columns: issue_id (after merges), those of `complaint_sentences` that figures rest on, similarity, origin;
    with an issue_id, which gives its own rows only, or `with_text`: all of them, and sentence.
    """
    grouped = t.reviews.c.text_sha256.in_(sa.select(i.issue_sentences.c.text_sha256))
    found, placed = complaint_sentences(scope, criteria, models, grouped), _places()
    texts = with_text or issue_id is not None
    names = [column.name for column in found.columns] if texts else _FIGURES
    columns = [found.c[name] for name in names]
    statement = (
        sa.select(placed.c.issue_id, *columns, placed.c.similarity, placed.c.origin)
        .join(
            placed,
            sa.and_(
                placed.c.business_id == found.c.business_id,
                placed.c.text_sha256 == found.c.text_sha256,
                placed.c.position == found.c.position,
            ),
        )
        .order_by(found.c.review_date.desc().nulls_last(), found.c.review_id.desc(), found.c.position)
    )
    if issue_id is not None:
        statement = statement.where(placed.c.issue_id == issue_id)
    frame = fetch_frame(connection, statement)
    return with_sentences(frame) if texts else frame


def fetch_members(connection: sa.Connection, scope: Scope, business_ids: list[str]) -> pd.DataFrame:
    """All sentences in some businesses' issues: issue_id, business_id, sentence, similarity, vector (bytes).

    Every sentence of reviews that stand counts once, wherever it was posted; issues that were merged are one.
    """
    place, merged = latest(i.issue_sentences, _PLACE_KEY, "assignment_id", "place"), merges()
    sentence, first = i.review_sentences, _first_texts()
    standing = sa.exists().where(
        t.reviews.c.business_id == place.c.business_id,
        t.reviews.c.text_sha256 == place.c.text_sha256,
        stands(),
        scored(),
    )
    statement = (
        sa.select(
            sa.func.coalesce(merged.c.value, place.c.issue_id).label("issue_id"),
            *[place.c[name] for name in ("business_id", "similarity", "vector")],
            *[first.c[name] for name in ("title", "text")],
            *[sentence.c[name] for name in ("start_char", "end_char")],
        )
        .join(
            sentence,
            sa.and_(sentence.c.text_sha256 == place.c.text_sha256, sentence.c.position == place.c.position),
        )
        .join(first, first.c.text_sha256 == place.c.text_sha256)
        .outerjoin(merged, merged.c.issue_id == place.c.issue_id)
        .where(place.c.business_id.in_(business_ids), within(scope, place.c.business_id), standing)
        .order_by(place.c.assignment_id)
    )
    frame = with_sentences(fetch_frame(connection, statement))
    return frame[["issue_id", "business_id", "sentence", "similarity", "vector"]]


_FIGURES = [
    "review_id", "business_id", "text_sha256", "position", "review_date", "stars", "band", "human",
    "answered", "complaint", "champion_label", "champion_needs_review", "generic_label", "p_negative",
]  # fmt: skip
_PLACE_KEY = ["business_id", "text_sha256", "position"]


def _first_texts() -> sa.Subquery[Any]:
    """One review for each scored text: text_sha256, title, text."""
    rank = sa.func.row_number().over(partition_by=t.reviews.c.text_sha256, order_by=t.reviews.c.review_id)
    ranked = sa.select(t.reviews.c.text_sha256, t.reviews.c.title, t.reviews.c.text, rank.label("rank"))
    rows = ranked.subquery()
    return sa.select(rows.c.text_sha256, rows.c.title, rows.c.text).where(rows.c.rank == 1).subquery("first")


def _places() -> sa.Subquery[Any]:
    """In which issue a sentence is now: where it was put last, and where that issue was merged into."""
    place = latest(i.issue_sentences, _PLACE_KEY, "assignment_id", "place")
    merged = merges()
    issue = sa.func.coalesce(merged.c.value, place.c.issue_id).label("issue_id")
    names = ("business_id", "text_sha256", "position", "similarity", "origin")
    return (
        sa.select(issue, *[place.c[name] for name in names])
        .outerjoin(merged, merged.c.issue_id == place.c.issue_id)
        .subquery("places")
    )


def merges() -> sa.Subquery[Any]:
    """What each merged issue is part of now: issue_id, value. Issues that stand for themselves are not in it.

    A merge appends a row for every issue that is part of the merged one, so one look is enough.
    """
    table = i.issue_edits
    rank = sa.func.row_number().over(partition_by=table.c.issue_id, order_by=table.c.edit_id.desc())
    ranked = (
        sa.select(table.c.issue_id, table.c.value, rank.label("rank"))
        .where(table.c.kind == IssueEdit.MERGE.value)
        .subquery()
    )
    return (
        sa.select(ranked.c.issue_id, ranked.c.value)
        .where(ranked.c.rank == 1, ranked.c.value.is_not(None))
        .subquery("merged")
    )


def with_sentences(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows with a column sentence, cut out of the scored text of title and text."""
    scored = scored_texts(list(frame["title"]), list(frame["text"]))
    places = zip(scored, frame["start_char"], frame["end_char"], strict=True)
    return frame.assign(sentence=[text[int(start) : int(end)] for text, start, end in places])
