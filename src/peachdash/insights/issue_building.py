"""From new complaint sentences to issues: grouped, named, with their aspect. Knows no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from peachdash.insights.aspects import AspectHead, most_probable
from peachdash.insights.grouping import NEW, GroupingSettings, group_sentences, unit
from peachdash.insights.naming import name_issues
from peachdash.insights.phrase_choice import Embed, WordVectors

RENAMED_AT = 2.0
"""An issue is named anew when it holds this many times the sentences it was named from."""

SENTENCES_READ = 40
"""Most sentences of an issue that its name is made of: the nearest to its centre."""


@dataclass(frozen=True)
class Material:
    """What a run of grouping works on; vectors are rows of float32 arrays, centred, of unit length.

    Attributes:
        new: business_id, text_sha256, position, sentence, vector; in the order of time.
        prototypes: issue_id, business_id, vector.
        members: the sentences in issues: issue_id, business_id, sentence, similarity, vector.
        namings: issue_id, sentences: how many each issue was named from.
    """

    new: pd.DataFrame
    prototypes: pd.DataFrame
    members: pd.DataFrame
    namings: pd.DataFrame


@dataclass(frozen=True)
class FoundIssues:
    """What a run found.

    Attributes:
        issues: those that it founded: issue_id, business_id, vector.
        sentences: where each new sentence went: issue_id, business_id, text_sha256, position, similarity,
            vector.
        names: of new issues and those that grew: issue_id, name, keywords, aspect, sentences.
    """

    issues: pd.DataFrame
    sentences: pd.DataFrame
    names: pd.DataFrame


def build_issues(
    material: Material,
    head: AspectHead,
    embed: Embed,
    make_id: Callable[[], str],
    settings: GroupingSettings | None = None,
) -> FoundIssues:
    """Group the new sentences of each business, found issues, and name those that are new or have grown.

    Args:
        material: what there is.
        head: gives the aspect.
        embed: reads words, for the names.
        make_id: gives an identifier that was never used.
        settings: of the grouping.
    """
    vectors = WordVectors(embed)
    parts = [
        _build_business(str(business), rows, material, head, vectors, make_id, settings)
        for business, rows in material.new.groupby("business_id", sort=False)
    ]
    return FoundIssues(
        *(
            pd.concat([getattr(part, name) for part in parts], ignore_index=True)
            if parts
            else pd.DataFrame(columns=columns)
            for name, columns in _COLUMNS.items()
        )
    )


_COLUMNS = {
    "issues": ["issue_id", "business_id", "vector"],
    "sentences": ["issue_id", "business_id", "text_sha256", "position", "similarity", "vector"],
    "names": ["issue_id", "name", "keywords", "aspect", "sentences"],
}


def _build_business(
    business: str,
    rows: pd.DataFrame,
    material: Material,
    head: AspectHead,
    words: WordVectors,
    make_id: Callable[[], str],
    settings: GroupingSettings | None,
) -> FoundIssues:
    known = material.prototypes[material.prototypes["business_id"] == business]
    vectors = np.stack(list(rows["vector"]))
    prototypes = np.stack(list(known["vector"])) if len(known) else np.zeros((0, vectors.shape[1]))
    grouping = group_sentences(vectors, prototypes, [str(name) for name in known["issue_id"]], settings)
    ids = {NEW.format(number): make_id() for number in range(len(grouping.founded))}
    issue_ids = [ids.get(name, name) for name in grouping.groups]
    placed = rows.assign(issue_id=issue_ids, similarity=grouping.similarity)
    founded = pd.DataFrame(
        {"issue_id": list(ids.values()), "business_id": business, "vector": list(grouping.founded.values())},
        columns=_COLUMNS["issues"],
    )
    members = material.members[material.members["business_id"] == business]
    everything = pd.concat([members, placed], ignore_index=True)
    names = _name(everything, set(issue_ids), material.namings, head, words)
    return FoundIssues(founded, placed[_COLUMNS["sentences"]], names)


def _name(
    members: pd.DataFrame, touched: set[str], namings: pd.DataFrame, head: AspectHead, words: WordVectors
) -> pd.DataFrame:
    """Names of the issues that were touched and are new, or have grown enough since they were named."""
    sizes = members["issue_id"].value_counts()
    before = namings.set_index("issue_id")["sentences"] if len(namings) else pd.Series(dtype=float)
    wanted = [
        issue
        for issue in sizes.index
        if issue in touched and sizes[issue] >= RENAMED_AT * before.get(issue, 0)
    ]
    nearest = (
        members.sort_values("similarity", ascending=False, kind="stable")
        .groupby("issue_id")
        .head(SENTENCES_READ)
    )
    groups = {str(issue): list(rows) for issue, rows in nearest.groupby("issue_id")["sentence"]}
    meanings = _meanings(nearest[nearest["issue_id"].isin(wanted)], members)
    found = name_issues(groups, wanted, meanings, words)
    aspects = _aspects(nearest[nearest["issue_id"].isin(wanted)], head)
    rows = [
        (issue, name.name, name.keywords, aspects[issue], int(sizes[issue])) for issue, name in found.items()
    ]
    return pd.DataFrame(rows, columns=_COLUMNS["names"])


def _meanings(nearest: pd.DataFrame, members: pd.DataFrame) -> dict[str, np.ndarray]:
    """What each issue means: the mean of its sentences and, where the nearest one is new, of its review's.

    The other complaints of the review say what a sentence such as "Twice." is about.
    """
    own, issues = _means(nearest["issue_id"], nearest["vector"])
    new = members[members["text_sha256"].notna()]
    reviews, texts = _means(new["text_sha256"], new["vector"])
    around = dict(zip(texts, reviews, strict=True))
    first = nearest.drop_duplicates("issue_id").set_index("issue_id")["text_sha256"]
    return {
        str(issue): unit(vector + around.get(first[issue], 0))
        for issue, vector in zip(issues, own, strict=True)
    }


def _means(keys: pd.Series, vectors: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """The mean of the vectors of each key, of unit length, (K, D), and the keys."""
    codes, names = pd.factorize(keys)
    rows = np.stack(list(vectors)) if len(vectors) else np.zeros((0, 1), dtype=np.float32)
    sums = np.zeros((len(names), rows.shape[1]), dtype=np.float32)
    np.add.at(sums, codes, rows)
    return unit(sums), names


def _aspects(members: pd.DataFrame, head: AspectHead) -> dict[str, str]:
    """The aspect of each issue: the most probable one on the mean over its sentences."""
    if members.empty:
        return {}
    probabilities = pd.DataFrame(head.probabilities(np.stack(list(members["vector"]))))
    means = probabilities.groupby(members["issue_id"].to_numpy()).mean()
    return dict(zip(map(str, means.index), most_probable(means.to_numpy()), strict=True))
