"""Complaint sentences into groups that stay: old groups take what is like them, the rest founds new ones.

A group is known by prototypes: unit vectors, the first of which is the mean of the sentences that founded
it. A new sentence joins the group of its nearest prototype if that is near enough; nothing that is grouped
is ever moved. What is left is clustered among itself (average linkage over cosine distance), so that five
customers who tell of one new thing found one group and not five.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import AgglomerativeClustering

from peachdash.errors import BadInput

NEW = "new-{}"
"""How the groups that a call founds are called until they get their ids, in the order of founding."""


@dataclass(frozen=True)
class GroupingSettings:
    """How near a sentence must be, and how many are clustered at once.

    A group is founded by what is nearer to each other than a sentence must be to join it later: a group that
    is pure from its beginning says one thing, and its centre then draws what says it in other words.

    Attributes:
        similarity: least cosine of centred vectors to join a group.
        founding: the same of the average linkage of sentences that found one.
        clustered_at_once: sentences beyond it wait for the next round, whose groups know those of this one.
    """

    similarity: float = 0.35
    founding: float = 0.45
    clustered_at_once: int = 1000

    def __post_init__(self) -> None:
        if not 0 < self.similarity <= self.founding < 1 or self.clustered_at_once < 2:
            raise BadInput(
                "similarity lies between 0 and 1 and is at most founding, "
                "and 2 sentences or more are clustered at once."
            )


@dataclass(frozen=True)
class Grouping:
    """Where N sentences went.

    Attributes:
        groups: (N,) names of groups, those of the prototypes or `NEW` ones.
        similarity: (N,) cosine with the prototype that each sentence joined, or the one it helped to found.
        founded: centroid (D,) of each new group, unit length, in the order of founding.
    """

    groups: np.ndarray
    similarity: np.ndarray
    founded: dict[str, np.ndarray]


def group_sentences(
    vectors: np.ndarray,
    prototypes: np.ndarray,
    names: list[str],
    settings: GroupingSettings | None = None,
) -> Grouping:
    """Put sentences of one business into groups.

    Args:
        vectors: (N, D) centred unit vectors, in the order of time.
        prototypes: (M, D) the same of the groups there are.
        names: M names of groups; several prototypes may bear one name.
        settings: how near is near.

    Raises:
        BadInput: there are not as many names as prototypes.
    """
    if len(names) != len(prototypes):
        raise BadInput(f"Expected a name for each of {len(prototypes)} prototypes, got {len(names)}.")
    state = _State(np.asarray(vectors, np.float32), prototypes, names, settings or GroupingSettings())
    for start in range(0, len(vectors), state.settings.clustered_at_once):
        state.take(np.arange(start, min(start + state.settings.clustered_at_once, len(vectors))))
    return Grouping(np.array(state.groups, dtype=object), state.similarity, state.founded)


class _State:
    """Groups as they grow during a call."""

    def __init__(
        self, vectors: np.ndarray, prototypes: np.ndarray, names: list[str], settings: GroupingSettings
    ) -> None:
        self.vectors, self.settings, self.names = vectors, settings, list(names)
        self.prototypes = np.asarray(prototypes, np.float32).reshape(len(names), vectors.shape[-1])
        self.groups: list[str] = [""] * len(vectors)
        self.similarity = np.ones(len(vectors), dtype=float)
        self.founded: dict[str, np.ndarray] = {}

    def take(self, rows: np.ndarray) -> None:
        left = self._join(rows)
        if len(left):
            self._found(left)

    def _join(self, rows: np.ndarray) -> np.ndarray:
        """Let sentences join the nearest group; those that none is near to."""
        if not len(self.names):
            return rows
        nearness = self.vectors[rows] @ self.prototypes.T
        best, top = nearness.argmax(axis=1), nearness.max(axis=1)
        near = top >= self.settings.similarity
        for row, prototype, value in zip(rows[near], best[near], top[near], strict=True):
            self.groups[row], self.similarity[row] = self.names[prototype], value
        return np.asarray(rows[~near])

    def _found(self, rows: np.ndarray) -> None:
        """Cluster sentences among themselves; every cluster is a new group, in the order of its first."""
        labels = _cluster(self.vectors[rows], self.settings.founding)
        centroids = []
        for label in dict.fromkeys(labels.tolist()):
            members = rows[labels == label]
            centroid = unit(self.vectors[members].mean(axis=0))
            name = NEW.format(len(self.founded))
            self.founded[name] = centroid
            centroids.append(centroid)
            self.names.append(name)
            for row in members:
                self.groups[row], self.similarity[row] = name, float(self.vectors[row] @ centroid)
        self.prototypes = np.concatenate([self.prototypes, np.stack(centroids)])


def _cluster(vectors: np.ndarray, similarity: float) -> np.ndarray:
    if len(vectors) < 2:
        return np.zeros(len(vectors), dtype=int)
    distances = np.clip(1 - vectors @ vectors.T, 0, 2)
    np.fill_diagonal(distances, 0)
    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - similarity
    )
    return np.asarray(model.fit_predict(distances))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors (..., D) at length 1; a zero vector stays zero."""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.where(length > 0, length, 1.0), dtype=np.float32)


def centred(vectors: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Unit vectors without what all sentences share: minus the mean (D,) of a corpus, at length 1."""
    return unit(np.asarray(vectors, np.float32) - mean)
