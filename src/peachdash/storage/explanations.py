"""The cache of explanations, and vectors of whole texts. Rows are appended once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.storage import issue_schema as i
from peachdash.storage.bulk import append_frame, temporary_keys
from peachdash.storage.issues import pack_vectors, unpack_vectors


def load_explanation(connection: sa.Connection, text_sha256: str, revision: str) -> sa.Row[Any] | None:
    """The explanation of what a revision reads in a text: words (JSON), error; None where there is none."""
    table = i.explanations
    statement = (
        sa.select(table.c.words, table.c.error)
        .where(table.c.text_sha256 == text_sha256, table.c.revision == revision)
        .limit(1)
    )
    found: sa.Row[Any] | None = connection.execute(statement).one_or_none()  # type: ignore[assignment]
    return found


def append_explanation(
    connection: sa.Connection, text_sha256: str, revision: str, words: dict[str, Any], error: float
) -> None:
    """Append an explanation, if there is none yet."""
    if load_explanation(connection, text_sha256, revision) is not None:
        return
    connection.execute(
        sa.insert(i.explanations).values(
            text_sha256=text_sha256,
            revision=revision,
            words=words,
            error=error,
            explained_utc=pd.Timestamp.now("UTC").to_pydatetime(),
        )
    )


def load_vectors(connection: sa.Connection, texts: list[str], space: str) -> dict[str, np.ndarray]:
    """The vectors of some texts that are stored, by text_sha256."""
    table, wanted = i.text_vectors, pd.DataFrame({"text_sha256": sorted(set(texts))})
    if wanted.empty:
        return {}
    statement = sa.select(table.c.text_sha256, table.c.vector).where(
        table.c.encoder == space, table.c.text_sha256.in_(list(wanted["text_sha256"]))
    )
    rows = connection.execute(statement).fetchall()
    vectors = unpack_vectors([bytes(row[1]) for row in rows])
    return {str(row[0]): vector for row, vector in zip(rows, vectors, strict=True)}


def append_vectors(connection: sa.Connection, rows: pd.DataFrame, space: str) -> int:
    """Append vectors (text_sha256, vector) that are not stored yet; how many."""
    unique = rows.drop_duplicates("text_sha256").reset_index(drop=True)
    if unique.empty:
        return 0
    table = i.text_vectors
    with temporary_keys(connection, unique[["text_sha256"]]) as keys:
        statement = sa.select(table.c.text_sha256).join(keys, keys.c.text_sha256 == table.c.text_sha256)
        stored = set(connection.execute(statement.where(table.c.encoder == space)).scalars())
    new = unique[~unique["text_sha256"].isin(stored)]
    if new.empty:
        return 0
    packed = pack_vectors(np.stack(list(new["vector"])))
    return append_frame(connection, table, new.assign(vector=packed, encoder=space))
