"""Writing reviews and imports, and reading back what duplicates are found by."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import sqlalchemy as sa

from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame, fetch_columns, temporary_keys
from peachdash.storage.standing import imported, latest_replies, replaced, undone

IDENTITY = (
    "review_id",
    "business_id",
    "source",
    "platform_id",
    "review_date",
    "stars",
    "text_sha256",
    "reviewer_hash",
)


def load_identity(connection: sa.Connection, business_ids: Iterable[str]) -> pd.DataFrame:
    """What makes a stored review the same as a new one, for some businesses.

    Columns: `IDENTITY`, replied (whether there is an owner's reply) and current (false for a version that
    a newer one replaced). Undone imports are left out, so that an undone file can be imported again.
    """
    late = latest_replies()
    replied = sa.func.coalesce(sa.func.nullif(t.reviews.c.owner_reply, ""), late.c.late_reply).is_not(None)
    with temporary_keys(connection, pd.DataFrame({"business_id": sorted(set(business_ids))})) as keys:
        statement = (
            sa.select(
                *[t.reviews.c[name] for name in IDENTITY],
                replied.label("replied"),
                t.reviews.c.review_id.not_in(replaced()).label("current"),
            )
            .join(keys, keys.c.business_id == t.reviews.c.business_id)
            .outerjoin(late, late.c.review_id == t.reviews.c.review_id)
            .where(imported())
        )
        return fetch_columns(connection, statement)


def append_reviews(connection: sa.Connection, import_id: str, rows: pd.DataFrame) -> int:
    """Append reviews, sorted by (business, date), numbered after the last one; how many.

    `rows` holds every column of `reviews` but import_id, and review_id only where `number_reviews` gave it.
    """
    numbered = rows if "review_id" in rows else number_reviews(connection, rows)
    append_import_businesses(connection, import_id, numbered["business_id"].unique())
    return append_frame(connection, t.reviews, numbered.assign(import_id=import_id))


def number_reviews(
    connection: sa.Connection, rows: pd.DataFrame, wanted: pd.Series | None = None
) -> pd.DataFrame:
    """The (wanted) rows in the order (business, date) in which they are stored, with their review_id."""
    last = connection.execute(sa.select(sa.func.coalesce(sa.func.max(t.reviews.c.review_id), 0))).scalar_one()
    places = np.arange(len(rows)) if wanted is None else np.flatnonzero(wanted.to_numpy())
    businesses, _ = rows["business_id"].iloc[places].factorize(sort=True)
    ordered = places[np.lexsort((_day_numbers(rows["review_date"].iloc[places]), businesses))]
    names = [name for name in rows.columns if name in t.reviews.c or name == "replaces_id"]
    return rows[names].iloc[ordered].assign(review_id=range(last + 1, last + 1 + len(ordered)))


def _day_numbers(dates: pd.Series) -> np.ndarray:
    """Days since 1970; a missing date comes after all others."""
    days = pa.array(dates, pa.date32(), from_pandas=True)
    days = days.combine_chunks() if isinstance(days, pa.ChunkedArray) else days
    return np.asarray(days.cast(pa.int32()).fill_null(np.iinfo("int32").max))


def append_import_businesses(connection: sa.Connection, import_id: str, business_ids: Iterable[str]) -> None:
    """Append which businesses an import names, so that it is theirs alone who may see all of them."""
    table = t.import_businesses
    stored = set(
        connection.execute(sa.select(table.c.business_id).where(table.c.import_id == import_id)).scalars()
    )
    new = sorted(set(business_ids) - stored)
    append_frame(connection, table, pd.DataFrame({"business_id": new}).assign(import_id=import_id))


def append_import(connection: sa.Connection, record: dict[str, Any], rejects: pd.DataFrame) -> None:
    """Append the record of one import and its rejected rows (row_number, column_name, reason, raw)."""
    connection.execute(sa.insert(t.imports).values(**record, imported_utc=dt.datetime.now(dt.UTC)))
    append_frame(connection, t.import_rejects, rejects.assign(import_id=record["import_id"]))


def import_exists(connection: sa.Connection, import_id: str) -> bool:
    """Whether an import of this id is on record, undone or not."""
    found = sa.select(t.imports.c.import_id).where(t.imports.c.import_id == import_id)
    return connection.execute(found).scalar_one_or_none() is not None


def load_standing_import(connection: sa.Connection, file_sha256: str) -> str | None:
    """The import of a file with this content that was not undone, if there is one."""
    statement = sa.select(t.imports.c.import_id).where(
        t.imports.c.file_sha256 == file_sha256,
        t.imports.c.import_id.not_in(sa.select(t.import_retractions.c.import_id)),
    )
    return connection.execute(statement).scalars().first()


def load_standing_businesses(connection: sa.Connection, import_id: str) -> list[str] | None:
    """The businesses that an import names; None where there is no such import, or it is undone."""
    standing = sa.select(t.imports.c.import_id).where(
        t.imports.c.import_id == import_id,
        t.imports.c.import_id.not_in(sa.select(t.import_retractions.c.import_id)),
    )
    if connection.execute(standing).scalar_one_or_none() is None:
        return None
    named = t.import_businesses
    businesses = sa.select(named.c.business_id).where(named.c.import_id == import_id).distinct()
    return list(connection.execute(businesses).scalars())


def append_retraction(connection: sa.Connection, import_id: str, who: str, reason: str) -> None:
    """Undo an import: its reviews no longer count, but for those that another standing import holds too."""
    connection.execute(
        sa.insert(t.import_retractions).values(
            import_id=import_id, retracted_by=who, retracted_utc=dt.datetime.now(dt.UTC), reason=reason
        )
    )
    again = t.import_repeats
    lost = sa.union(
        sa.select(t.reviews.c.review_id).where(t.reviews.c.import_id == import_id),
        sa.select(t.review_keeps.c.review_id).where(t.review_keeps.c.import_id == import_id),
    ).subquery()
    keeps = (
        sa.select(again.c.import_id, again.c.review_id)
        .where(again.c.review_id.in_(sa.select(lost.c.review_id)), again.c.import_id.not_in(undone()))
        .distinct()
    )
    connection.execute(sa.insert(t.review_keeps).from_select(["import_id", "review_id"], keeps))


def count_kept(connection: sa.Connection, import_id: str) -> int:
    """How many reviews of an undone import go on counting with later ones."""
    statement = sa.select(sa.func.count()).where(t.reviews.c.import_id == import_id, imported())
    return int(connection.execute(statement.select_from(t.reviews)).scalar_one())


def append_links(connection: sa.Connection, import_id: str, links: dict[str, pd.DataFrame]) -> None:
    """Append what an import says of stored reviews.

    Args:
        import_id: of the import.
        links: by table: import_repeats (review_id), review_versions (review_id, replaces_id), late_replies
            (review_id, owner_reply), platform_counts (business_id, source, shown).
    """
    for name, frame in links.items():
        append_frame(connection, t.metadata.tables[name], frame.assign(import_id=import_id))


def rewrite_sorted(connection: sa.Connection) -> int:
    """Rewrite the review table in (business, date) order, within the caller's transaction; its rows.

    On ten million rows that made a weekly trend of one business thirteen times faster. Only DuckDB
    keeps an order on disk; elsewhere nothing is done.
    """
    count = int(connection.execute(sa.select(sa.func.count()).select_from(t.reviews)).scalar_one())
    if connection.dialect.name != "duckdb" or not count:
        return count
    copy = t.reviews.to_metadata(sa.MetaData(), name="reviews_sorted")
    copy.create(connection)
    ordered = sa.select(t.reviews).order_by(
        t.reviews.c.business_id, t.reviews.c.review_date.nulls_last(), t.reviews.c.review_id
    )
    connection.execute(sa.insert(copy).from_select([column.name for column in t.reviews.columns], ordered))
    t.reviews.drop(connection)
    connection.execute(sa.text("ALTER TABLE reviews_sorted RENAME TO reviews"))
    return count
