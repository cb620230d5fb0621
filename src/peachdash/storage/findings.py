"""What is found about stored texts in the background: their language, and others that say nearly the same."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame, fetch_columns, temporary_keys
from peachdash.storage.standing import stands, undone


def load_unscanned(connection: sa.Connection) -> pd.DataFrame:
    """Imports and businesses whose reviews were not looked through yet: import_id, business_id, reviews.

    `reviews` counts all standing ones of the business, since new texts are compared with them.
    """
    named, scans = t.import_businesses, t.import_scans
    scanned = sa.select(scans.c.import_id).where(
        scans.c.import_id == named.c.import_id, scans.c.business_id == named.c.business_id
    )
    due = (
        sa.select(named.c.import_id, named.c.business_id)
        .where(named.c.import_id.not_in(undone()), ~scanned.exists())
        .distinct()
        .order_by(named.c.import_id, named.c.business_id)
    )
    pairs = pd.DataFrame.from_records(
        connection.execute(due).fetchall(), columns=["import_id", "business_id"]
    )
    if pairs.empty:
        return pairs.assign(reviews=0)
    with temporary_keys(connection, pairs[["business_id"]].drop_duplicates()) as keys:
        counts = (
            sa.select(t.reviews.c.business_id, sa.func.count().label("reviews"))
            .join(keys, keys.c.business_id == t.reviews.c.business_id)
            .where(stands())
            .group_by(t.reviews.c.business_id)
        )
        found: dict[str, int] = dict(connection.execute(counts).fetchall())  # type: ignore[arg-type]
    return pairs.assign(reviews=[int(found.get(business, 0)) for business in pairs["business_id"]])


def load_texts(connection: sa.Connection, business_ids: Iterable[str]) -> pd.DataFrame:
    """The standing reviews with words of some businesses, in the order of business and date.

    Columns: review_id, business_id, reviewer_hash, title, text, text_sha256, language (as the file had it)
    and detected (whether the language of the text was looked for).
    """
    names = ("review_id", "business_id", "reviewer_hash", "title", "text", "text_sha256", "language")
    detected = t.reviews.c.text_sha256.in_(sa.select(t.text_languages.c.text_sha256))
    with temporary_keys(connection, pd.DataFrame({"business_id": sorted(set(business_ids))})) as keys:
        statement = (
            sa.select(*[t.reviews.c[name] for name in names], detected.label("detected"))
            .join(keys, keys.c.business_id == t.reviews.c.business_id)
            .where(stands(), t.reviews.c.unscored_reason.is_(None))
            .order_by(t.reviews.c.business_id, t.reviews.c.review_date, t.reviews.c.review_id)
        )
        return fetch_columns(connection, statement)


def append_languages(connection: sa.Connection, rows: pd.DataFrame) -> int:
    """Append the languages of texts that have none yet; how many were new.

    `rows` has text_sha256, language, confidence, readable and detector.
    """
    if rows.empty:
        return 0
    rows = rows.drop_duplicates("text_sha256")
    with temporary_keys(connection, rows[["text_sha256"]].reset_index(drop=True)) as keys:
        known = sa.select(t.text_languages.c.text_sha256).join(
            keys, keys.c.text_sha256 == t.text_languages.c.text_sha256
        )
        stored = set(connection.execute(known).scalars())
    new = rows[~rows["text_sha256"].isin(stored)]
    return append_frame(connection, t.text_languages, new.assign(detected_utc=pd.Timestamp.now("UTC")))


def append_twins(connection: sa.Connection, rows: pd.DataFrame) -> int:
    """Append near duplicates of reviews that have none yet (review_id, twin_id, similarity); how many."""
    if rows.empty:
        return 0
    stored = set(connection.execute(sa.select(t.near_duplicates.c.review_id)).scalars())
    new = rows[~rows["review_id"].isin(stored)]
    return append_frame(connection, t.near_duplicates, new.assign(found_utc=pd.Timestamp.now("UTC")))


def append_scans(connection: sa.Connection, pairs: pd.DataFrame) -> int:
    """Append that the reviews of some imports and businesses (import_id, business_id) were looked through."""
    return append_frame(connection, t.import_scans, pairs.assign(scanned_utc=pd.Timestamp.now("UTC")))
