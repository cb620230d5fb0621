"""Writing sentences, issues, what is in them, and what people make of them. Every call appends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame, temporary_keys
from peachdash.storage.feedback import new_id
from peachdash.storage.standing import scored, stands

VECTOR_TYPE = np.float16


def pack_vectors(vectors: np.ndarray) -> list[bytes]:
    """Rows of (N, D) as bytes of float16."""
    return [row.tobytes() for row in np.asarray(vectors, dtype=VECTOR_TYPE)]


def unpack_vectors(packed: pd.Series | list[bytes]) -> np.ndarray:
    """What `pack_vectors` made, as (N, D) float32; (0, 0) of nothing."""
    rows = [np.frombuffer(item, dtype=VECTOR_TYPE) for item in packed]
    return np.stack(rows).astype(np.float32) if rows else np.zeros((0, 0), dtype=np.float32)


def latest(table: sa.Table, by: list[str], tie: str, name: str) -> sa.Subquery:
    """The latest row for each value of `by`; ids sort by the time of their making."""
    rank = sa.func.row_number().over(
        partition_by=[table.c[column] for column in by], order_by=table.c[tie].desc()
    )
    ranked = sa.select(table, rank.label("rank")).subquery()
    return sa.select(ranked).where(ranked.c.rank == 1).subquery(name)


def load_unsplit(connection: sa.Connection) -> pd.DataFrame:
    """Distinct scored texts of reviews that stand and have no sentences yet: text_sha256, title, text."""
    split = sa.select(i.review_sentences.c.text_sha256)
    return _texts_where(connection, t.reviews.c.text_sha256.not_in(split))


def append_sentences(connection: sa.Connection, sentences: pd.DataFrame) -> int:
    """Append the sentences of texts that have none yet; how many.

    `sentences` has text_sha256, position, start_char, end_char and sentence_sha256.
    """
    stored = _stored_keys(connection, i.review_sentences.c.text_sha256, sentences["text_sha256"])
    return append_frame(connection, i.review_sentences, sentences[~sentences["text_sha256"].isin(stored)])


def load_unread_sentences(connection: sa.Connection, revision: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Distinct sentences that a revision has not read, and the texts that they are cut from.

    Returns:
        Sentences with sentence_sha256, text_sha256, start_char and end_char; and one row a text with
        text_sha256, title and text.
    """
    table = i.review_sentences
    read = sa.select(t.predictions.c.text_sha256).where(t.predictions.c.revision == revision)
    first = sa.func.row_number().over(
        partition_by=table.c.sentence_sha256, order_by=[t.reviews.c.review_id, table.c.position]
    )
    names = ["sentence_sha256", "text_sha256", "start_char", "end_char"]
    rows = (
        sa.select(*[table.c[name] for name in names], first.label("rank"))
        .join(t.reviews, t.reviews.c.text_sha256 == table.c.text_sha256)
        .where(table.c.sentence_sha256.not_in(read), scored(), stands())
        .subquery()
    )
    statement = sa.select(*[rows.c[name] for name in names]).where(rows.c.rank == 1)
    sentences = pd.DataFrame.from_records(connection.execute(statement).fetchall(), columns=names)
    return sentences, _texts_where(
        connection, t.reviews.c.text_sha256.in_(sa.select(rows.c.text_sha256).where(rows.c.rank == 1))
    )


def _texts_where(connection: sa.Connection, condition: sa.ColumnElement[bool]) -> pd.DataFrame:
    """Distinct scored texts of reviews that stand: text_sha256, title, text."""
    first = sa.func.row_number().over(partition_by=t.reviews.c.text_sha256, order_by=t.reviews.c.review_id)
    names = ["text_sha256", "title", "text"]
    rows = (
        sa.select(*[t.reviews.c[name] for name in names], first.label("rank"))
        .where(scored(), stands(), condition)
        .subquery()
    )
    statement = sa.select(*[rows.c[name] for name in names]).where(rows.c.rank == 1)
    return pd.DataFrame.from_records(connection.execute(statement).fetchall(), columns=names)


def load_prototypes(connection: sa.Connection, business_ids: list[str], encoder: str) -> pd.DataFrame:
    """The prototypes of some businesses' issues, the oldest first: issue_id, business_id, vector."""
    statement = (
        sa.select(i.issues.c.issue_id, i.issues.c.business_id, i.issue_prototypes.c.vector)
        .join(i.issue_prototypes, i.issue_prototypes.c.issue_id == i.issues.c.issue_id)
        .where(i.issues.c.business_id.in_(business_ids), i.issue_prototypes.c.encoder == encoder)
        .order_by(i.issue_prototypes.c.prototype_id)
    )
    names = ["issue_id", "business_id", "vector"]
    return pd.DataFrame.from_records(connection.execute(statement).fetchall(), columns=names)


def load_namings(connection: sa.Connection, business_ids: list[str]) -> pd.DataFrame:
    """The latest names that the method gave: issue_id, name, aspect, sentences (from how many)."""
    naming = latest(i.issue_names, ["issue_id"], "naming_id", "naming")
    names = ["issue_id", "name", "aspect", "sentences"]
    statement = (
        sa.select(*[naming.c[name] for name in names])
        .join(i.issues, i.issues.c.issue_id == naming.c.issue_id)
        .where(i.issues.c.business_id.in_(business_ids))
    )
    return pd.DataFrame.from_records(connection.execute(statement).fetchall(), columns=names)


def append_grouping(connection: sa.Connection, found: dict[str, pd.DataFrame], encoder: str, who: str) -> int:
    """Append what a run of grouping found, whose sentences are not in an issue yet; how many sentences.

    Issues that a person could not see before appear whole: issue, prototype, name and sentences. Repeating
    it does no harm.

    Args:
        found: frames of `issues` (issue_id, business_id, vector), `sentences` (issue_id, business_id,
            text_sha256, position, similarity, vector) and `names` (issue_id, name, keywords, aspect,
            sentences).
    """
    now = pd.Timestamp.now("UTC")
    sentences = found["sentences"]
    sentences = sentences[~_is_placed(connection, sentences)]
    known = _stored_keys(connection, i.issues.c.issue_id, found["issues"]["issue_id"])
    new = found["issues"][~found["issues"]["issue_id"].isin(known)]
    new = new[new["issue_id"].isin(sentences["issue_id"])]
    append_frame(connection, i.issues, new.assign(origin="found", founded_by=who, founded_utc=now))
    append_frame(
        connection,
        i.issue_prototypes,
        new.assign(prototype_id=_ids(len(new)), encoder=encoder, origin="found", made_utc=now),
    )
    names = found["names"]
    existing = _stored_keys(connection, i.issues.c.issue_id, names["issue_id"])
    names = names[names["issue_id"].isin(existing)]
    append_frame(connection, i.issue_names, names.assign(naming_id=_ids(len(names)), named_utc=now))
    return append_frame(
        connection,
        i.issue_sentences,
        sentences.assign(
            assignment_id=_ids(len(sentences)), origin="found", assigned_by=who, assigned_utc=now
        ),
    )


def _ids(count: int) -> list[str]:
    """Ids that sort in the order of the rows."""
    first = new_id()
    return [f"{first}-{number:07}" for number in range(count)]


def _is_placed(connection: sa.Connection, sentences: pd.DataFrame) -> np.ndarray:
    """Which sentences are in an issue of their business already."""
    if sentences.empty:
        return np.zeros(0, dtype=bool)
    table = i.issue_sentences
    with temporary_keys(connection, sentences[["text_sha256"]].drop_duplicates()) as keys:
        statement = sa.select(table.c.business_id, table.c.text_sha256, table.c.position).join(
            keys, keys.c.text_sha256 == table.c.text_sha256
        )
        placed = {(row[0], row[1], int(row[2])) for row in connection.execute(statement)}
    columns = zip(sentences["business_id"], sentences["text_sha256"], sentences["position"], strict=True)
    return np.array([(business, text, int(place)) in placed for business, text, place in columns])


def _stored_keys(connection: sa.Connection, column: sa.Column[Any], values: pd.Series) -> set[str]:
    keys = values.drop_duplicates().rename("key").to_frame()
    if keys.empty:
        return set()
    with temporary_keys(connection, keys) as wanted:
        statement = sa.select(column).distinct().join(wanted, wanted.c.key == column)
        return set(connection.execute(statement).scalars())
