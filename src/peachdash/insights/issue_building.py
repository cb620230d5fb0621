"""From new complaint sentences to issues: grouped, named, with their aspect. Knows no database."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from peachdash.insights.aspects import AspectHead, most_probable
from peachdash.insights.grouping import NEW, GroupingSettings, group_sentences, unit
from peachdash.insights.naming import Embed, name_issues, names_itself

RENAMED_AT = 2.0
"""An issue is named anew when it holds this many times the sentences it was named from."""

SENTENCES_READ = 40
"""Most sentences of an issue that its name is made of: the nearest to its centre."""


@dataclass(frozen=True)
class Material:
    """What a run of grouping works on; vectors are rows of float32 arrays, centred, of unit length.

    Attributes:
        new: business_id, text_sha256, position, sentence, text (of the whole review), vector; in the order
            of time.
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
        embed: reads phrases and reviews, for the names.
        make_id: gives an identifier that was never used.
        settings: of the grouping.
    """
    parts = [
        _build_business(str(business), rows, material, head, embed, make_id, settings)
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
    embed: Embed,
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
    names = _name(everything, set(issue_ids), material.namings, head, embed)
    return FoundIssues(founded, placed[_COLUMNS["sentences"]], names)


def _name(
    members: pd.DataFrame, touched: set[str], namings: pd.DataFrame, head: AspectHead, embed: Embed
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
    nearest = nearest[nearest["issue_id"].isin(wanted)]
    found = name_issues(groups, wanted, _meanings(nearest, embed), embed)
    aspects = _aspects(nearest, head)
    rows = [
        (issue, name.name, name.keywords, aspects[issue], int(sizes[issue])) for issue, name in found.items()
    ]
    return pd.DataFrame(rows, columns=_COLUMNS["names"])


def _meanings(nearest: pd.DataFrame, embed: Embed) -> dict[str, np.ndarray]:
    """What each issue means: the mean of its sentences and, where it is new, the review of the nearest one.

    The review says what a sentence such as "Twice." is about.
    """
    own = {
        str(issue): unit(np.stack(list(rows["vector"])).mean(axis=0))
        for issue, rows in nearest.groupby("issue_id")
        if not names_itself(list(rows["sentence"]))
    }
    first = nearest.drop_duplicates("issue_id").set_index("issue_id")["text"].dropna()
    first = first[first.index.isin(own)]
    reviews = embed(list(first)) if len(first) else np.zeros((0, 1))
    around = dict(zip(map(str, first.index), reviews, strict=True))
    return {issue: unit(vector + around.get(issue, 0)) for issue, vector in own.items()}


def _aspects(members: pd.DataFrame, head: AspectHead) -> dict[str, str]:
    """The aspect of each issue: the most probable one on the mean over its sentences."""
    if members.empty:
        return {}
    probabilities = pd.DataFrame(head.probabilities(np.stack(list(members["vector"]))))
    means = probabilities.groupby(members["issue_id"].to_numpy()).mean()
    return dict(zip(map(str, means.index), most_probable(means.to_numpy()), strict=True))
