"""Languages and near duplicates of stored reviews: what is to be looked through, and what was found."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import pandas as pd

from peachdash.ingest.languages import DETECTOR, declared_readable, detect_languages
from peachdash.records import Scope
from peachdash.sentiment.text import scored_texts
from peachdash.sentiment.text_columns import scored_column
from peachdash.storage.database import Database
from peachdash.storage.findings import (
    append_languages,
    append_scans,
    append_twins,
    load_texts,
    load_unscanned,
)

log = logging.getLogger(__name__)

FEW_TEXTS = 500
"""So many texts of an import have their language found at once, in well under a second."""

BATCH_REVIEWS = 20_000
_NOTHING = pd.DataFrame(columns=["text_sha256", "language", "confidence", "readable", "detector"])


@dataclass(frozen=True)
class Undescribed:
    """Reviews to be looked through.

    Attributes:
        reviews: review_id, business_id, reviewer_hash, text_sha256, text (the scored one) and detect (whether
            its language is to be found).
        pairs: import_id and business_id that are done with them.
        left: reviews of later batches.
    """

    reviews: pd.DataFrame
    pairs: pd.DataFrame
    left: int


def detect_few(rows: pd.DataFrame) -> pd.DataFrame:
    """The languages of the texts of an import, if they are few; else nothing, and they are found later.

    Args:
        rows: title, text, text_sha256, language and unscored_reason.
    """
    unknown = rows["unscored_reason"].isna() & ~_declared_readable(rows["language"])
    if unknown.sum() > 10 * FEW_TEXTS:
        return _NOTHING
    open_ = rows[unknown].drop_duplicates("text_sha256")
    if open_.empty or len(open_) > FEW_TEXTS:
        return _NOTHING
    return language_rows(open_["text_sha256"], scored_texts(list(open_["title"]), list(open_["text"])))


def _declared_readable(languages: pd.Series) -> pd.Series:
    known = {language: declared_readable(language) for language in languages.dropna().unique()}
    return languages.map(known).eq(True)


def language_rows(hashes: pd.Series, texts: list[str]) -> pd.DataFrame:
    """What `store_findings` takes of some texts: text_sha256, language, confidence, readable, detector."""
    return detect_languages(texts).assign(text_sha256=hashes.to_numpy(), detector=DETECTOR)


def find_undescribed(database: Database, scope: Scope) -> Undescribed | None:
    """The next batch of reviews to be looked through; None where there is none.

    A narrower scope than everything finds nothing: the work is the house's.
    """
    if not scope.may_see_all_texts:
        return None
    with database.read() as connection:
        due = load_unscanned(connection)
        if due.empty:
            return None
        businesses = due.drop_duplicates("business_id")
        before = businesses["reviews"].cumsum() - businesses["reviews"]
        chosen = businesses.loc[before < BATCH_REVIEWS, "business_id"]
        rows = load_texts(connection, chosen)
    taken = due["business_id"].isin(chosen)
    left = int(due.loc[~taken].drop_duplicates("business_id")["reviews"].sum())
    readable = _declared_readable(rows["language"])
    reviews = rows.assign(
        text=scored_column(rows["title"], rows["text"]),
        detect=~rows["detected"].astype(bool) & ~readable & ~rows["text_sha256"].duplicated(),
    ).drop(columns=["title", "language", "detected"])
    return Undescribed(reviews, due.loc[taken, ["import_id", "business_id"]], left)


def store_findings(
    database: Database, scope: Scope, languages: pd.DataFrame, twins: pd.DataFrame, pairs: pd.DataFrame
) -> None:
    """Take in what was found, in one transaction; doing it again does no harm.

    Args:
        languages: as `language_rows` gives them.
        twins: review_id, twin_id and similarity.
        pairs: import_id and business_id that were looked through.

    A narrower scope than everything stores nothing.
    """
    if not scope.may_see_all_texts:
        return
    with database.write() as connection:
        found = append_languages(connection, languages), append_twins(connection, twins)
        append_scans(connection, pairs)
    log.info("looked through %d imports of businesses: %d languages, %d near duplicates", len(pairs), *found)
