"""Cutting reviews into sentences, and taking the issues that a run found into the database."""

from __future__ import annotations

import logging

import numpy as np
import pandas as pd

from peachdash.insights.issue_building import FoundIssues, Material
from peachdash.insights.sentences import split_texts
from peachdash.queries.issue_evidence import fetch_members, fetch_ungrouped
from peachdash.records import ActiveModels, Scope
from peachdash.sentiment.text import scored_texts, text_sha256s
from peachdash.storage.database import Database
from peachdash.storage.issues import (
    append_grouping,
    append_sentences,
    load_namings,
    load_prototypes,
    load_unread_sentences,
    load_unsplit,
    pack_vectors,
    unpack_vectors,
)

log = logging.getLogger(__name__)

MOST_AT_ONCE = 20_000
"""Sentences that one run groups; what a kill can cost."""


def cut_sentences(database: Database, scope: Scope) -> int:
    """Cut stored texts that were not cut yet into sentences; how many sentences there are more.

    It serves the whole house, so a narrower scope than everything does nothing.
    """
    if not scope.may_see_all_texts:
        return 0
    with database.read() as connection:
        texts = load_unsplit(connection)
    if texts.empty:
        return 0
    scored = scored_texts(list(texts["title"]), list(texts["text"]))
    found = split_texts(zip(texts["text_sha256"], scored, strict=True))
    found = found.assign(sentence_sha256=text_sha256s(found["sentence"]))
    with database.write() as connection:
        count = append_sentences(connection, found.drop(columns="sentence"))
    log.info("sentences: %d texts cut into %d", len(texts), count)
    return count


def find_unread_sentences(database: Database, scope: Scope, revision: str) -> pd.DataFrame:
    """Distinct sentences that a revision has not read: text_sha256, text; none for a narrow scope."""
    empty = pd.DataFrame({"text_sha256": [], "text": []})
    if not scope.may_see_all_texts:
        return empty
    with database.read() as connection:
        rows, texts = load_unread_sentences(connection, revision)
    if rows.empty:
        return empty
    read = scored_texts(list(texts["title"]), list(texts["text"]))
    by_key = dict(zip(texts["text_sha256"], read, strict=True))
    places = zip(rows["text_sha256"], rows["start_char"], rows["end_char"], strict=True)
    sentences = [by_key[key][int(start) : int(end)] for key, start, end in places]
    return pd.DataFrame({"text_sha256": rows["sentence_sha256"], "text": sentences})


def find_material(database: Database, scope: Scope, models: ActiveModels, space: str) -> Material | None:
    """What the next run of grouping works on; None where every complaint is in an issue.

    Args:
        database: the open database.
        scope: who asks; a narrow one gets None.
        models: whose champion says what complains.
        space: `AspectHead.space`, in which vectors can be compared.
    """
    if not scope.may_see_all_texts:
        return None
    with database.read() as connection:
        new = fetch_ungrouped(connection, scope, models).head(MOST_AT_ONCE)
        if new.empty:
            return None
        businesses = sorted(new["business_id"].unique())
        prototypes = load_prototypes(connection, businesses, space)
        members = fetch_members(connection, scope, businesses)
        namings = load_namings(connection, businesses)
    return Material(
        new[["business_id", "text_sha256", "position", "sentence"]],
        _with_vectors(prototypes),
        _with_vectors(members),
        namings[["issue_id", "sentences"]],
    )


def _with_vectors(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(vector=list(unpack_vectors(list(rows["vector"]))))


def store_issues(database: Database, scope: Scope, found: FoundIssues, space: str) -> int:
    """Take what a run found into the database, in one transaction; how many sentences were new.

    Taking the same again does no harm. A narrower scope than everything stores nothing.
    """
    if not scope.may_see_all_texts:
        return 0
    frames = {"issues": _packed(found.issues), "sentences": _packed(found.sentences), "names": found.names}
    with database.write() as connection:
        count = append_grouping(connection, frames, space, scope.viewer)
    log.info("issues: %d sentences taken in, %d issues founded", count, len(found.issues))
    return count


def _packed(rows: pd.DataFrame) -> pd.DataFrame:
    vectors = np.stack(list(rows["vector"])) if len(rows) else np.zeros((0, 1))
    return rows.assign(vector=pack_vectors(vectors))
