"""Getting stored reviews read: which texts wait, and taking predictions in."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import pandas as pd

from peachdash.records import Scope
from peachdash.sentiment.text_columns import scored_column
from peachdash.storage.database import Database
from peachdash.storage.predictions import append_predictions, load_unread

log = logging.getLogger(__name__)


def find_unread(
    database: Database, scope: Scope, revisions: Iterable[str], *, labelled_split: str | None = None
) -> pd.DataFrame:
    """Distinct scored texts that one of the revisions has not read: text_sha256, text.

    With `labelled_split` only those that are labelled and in that split.

    Scoring serves the whole house, so a narrower scope than everything finds nothing.
    """
    if not scope.may_see_all_texts:
        return pd.DataFrame({"text_sha256": [], "text": []})
    with database.read() as connection:
        rows = load_unread(connection, revisions, labelled_split=labelled_split)
    return pd.DataFrame(
        {"text_sha256": rows["text_sha256"], "text": scored_column(rows["title"], rows["text"])}
    )


def store_predictions(database: Database, scope: Scope, predictions: pd.DataFrame) -> int:
    """Take predictions into the cache, in one transaction; how many were new.

    Taking the same ones again does no harm. A narrower scope than everything stores nothing.
    """
    if not scope.may_see_all_texts:
        return 0
    with database.write() as connection:
        stored = append_predictions(connection, predictions)
    log.info("predictions: %d taken in, %d of them new", len(predictions), stored)
    return stored
