"""Measuring models on published review sets: once for each revision and set, and on record."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from peachdash.config import Settings
from peachdash.evaluation import ModelEvaluation, evaluate_model
from peachdash.evaluation.real_sets import (
    DEFAULT_SETS,
    REAL_SETS,
    RealSet,
    accuracy_difference,
    accuracy_of,
    find_real_sets,
    hash_real_set,
    load_real_set,
    right_readings,
)
from peachdash.evaluation.results import Estimate
from peachdash.queries.held_out import fetch_evaluation
from peachdash.queries.held_out_sets import fetch_read_texts
from peachdash.records import Scope
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.text import clean_text, text_sha256s
from peachdash.storage.database import Database
from peachdash.storage.models import append_evaluation
from peachdash.workflows.predict import read_texts

SPLIT = "all"
OnProgress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class RealSetResult:
    """One model on one published set.

    Attributes:
        real_set: the set.
        name, revision: the model.
        evaluation: its figures; on a set of two classes a reading of neutral counts as wrong.
        two_class_accuracy: accuracy of the likelier of negative and positive; None on a set of three.
        against: revision that it is compared with, its own generic model; '' for none.
        difference: its accuracy minus that one's: of two classes on a set of two, else of three.
        was_stored: whether the figures were on record already.
    """

    real_set: RealSet
    name: str
    revision: str
    evaluation: ModelEvaluation
    two_class_accuracy: Estimate | None
    against: str
    difference: Estimate | None
    was_stored: bool

    def to_dict(self) -> dict[str, Any]:
        """What is stored: JSON values."""
        return {
            "evaluation": self.evaluation.to_dict(),
            "two_class_accuracy": None
            if self.two_class_accuracy is None
            else self.two_class_accuracy.to_dict(),
            "against": self.against,
            "difference": None if self.difference is None else self.difference.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], real_set: RealSet, name: str, revision: str) -> RealSetResult:
        """The inverse of `to_dict`, for a result that was on record."""
        two, difference = data["two_class_accuracy"], data["difference"]
        return cls(
            real_set,
            name,
            revision,
            ModelEvaluation.from_dict(data["evaluation"]),
            None if two is None else Estimate.from_dict(two),
            data["against"],
            None if difference is None else Estimate.from_dict(difference),
            True,
        )


def evaluate_real_sets(
    database: Database,
    scope: Scope,
    settings: Settings,
    models: Sequence[tuple[ModelReference, ModelReference | None]],
    folder: Path,
    *,
    sets: tuple[str, ...] = DEFAULT_SETS,
    on_progress: OnProgress = lambda title, done, total: None,
) -> list[RealSetResult]:
    """The figures of models on the sets of a folder; computed and recorded at the first asking.

    Args:
        models: each model with the one that it is compared with, or None.
        folder: has a folder `reviews` with the sets' files; sets without a file are skipped.
        on_progress: gets title, texts done and texts in all while a model reads.

    Raises:
        BadInput: an unknown set, or a damaged file.
        ModelUnavailable: a model cannot be loaded.
    """
    results: list[RealSetResult] = []
    for real_set in find_real_sets(folder, sets):
        frame = load_real_set(folder, real_set)
        reader = _ModelReader(frame, settings, partial(on_progress, real_set.title))
        data_sha256 = hash_real_set(frame)
        results += [
            _evaluate(database, scope, real_set, reader, data_sha256, model, other) for model, other in models
        ]
    return results


def evaluate_stored_real_sets(
    database: Database, scope: Scope, model: ModelReference, other: ModelReference, folder: Path
) -> list[RealSetResult]:
    """A model against another on the default sets of a folder that both have read; recorded at first asking.

    The readings come out of the cache of predictions; `find_real_set_texts` says what it lacks.

    Raises:
        NotFound: the viewer may not see all texts.
        BadInput: a damaged file.
    """
    results = []
    for real_set in find_real_sets(folder):
        frame = load_real_set(folder, real_set)
        reader = _StoredReader(database, scope, frame)
        if all(reader.is_complete(item) for item in (model, other)):
            data_sha256 = hash_real_set(frame)
            results.append(_evaluate(database, scope, real_set, reader, data_sha256, model, other))
    return results


def find_real_set_texts(database: Database, scope: Scope, revision: str, folder: Path) -> pd.DataFrame:
    """Texts of the default sets of a folder that a revision has not read: text_sha256, text.

    Raises:
        NotFound: the viewer may not see all texts.
        BadInput: a damaged file.
    """
    texts = [
        clean_text(text)
        for real_set in find_real_sets(folder)
        for text in load_real_set(folder, real_set)["text"]
    ]
    wanted = pd.DataFrame({"text_sha256": text_sha256s(texts), "text": texts}).drop_duplicates("text_sha256")
    with database.read() as connection:
        read = fetch_read_texts(connection, scope, revision, wanted["text_sha256"])
    return wanted[~wanted["text_sha256"].isin(read["text_sha256"])]


class _Reader(Protocol):
    """Readings of one set by several models."""

    def readings(self, model: ModelReference) -> pd.DataFrame:
        """The set with label and probabilities, in its order."""


class _StoredReader:
    """Readings out of the cache of predictions."""

    def __init__(self, database: Database, scope: Scope, frame: pd.DataFrame) -> None:
        self.database, self.scope = database, scope
        hashes = text_sha256s([clean_text(text) for text in frame["text"]])
        self.frame = frame.assign(text_sha256=hashes)
        self._read: dict[str, pd.DataFrame] = {}

    def is_complete(self, model: ModelReference) -> bool:
        return len(self.readings(model)) == len(self.frame)

    def readings(self, model: ModelReference) -> pd.DataFrame:
        if model.revision not in self._read:
            with self.database.read() as connection:
                read = fetch_read_texts(
                    connection, self.scope, model.revision, self.frame["text_sha256"].unique()
                )
            self._read[model.revision] = self.frame.merge(read, on="text_sha256")
        return self._read[model.revision]


class _ModelReader:
    """Readings by the models, each computed once, and only where a figure asks for it."""

    def __init__(
        self, frame: pd.DataFrame, settings: Settings, on_progress: Callable[[int, int], None]
    ) -> None:
        self.frame, self.settings, self.on_progress = frame, settings, on_progress
        self._read: dict[str, pd.DataFrame] = {}

    def readings(self, model: ModelReference) -> pd.DataFrame:
        if model.revision not in self._read:
            texts = [clean_text(text) for text in self.frame["text"]]
            read = read_texts(texts, model, self.settings, self.on_progress).reset_index(drop=True)
            self._read[model.revision] = pd.concat([self.frame.reset_index(drop=True), read], axis=1)
        return self._read[model.revision]


def _evaluate(
    database: Database,
    scope: Scope,
    real_set: RealSet,
    reader: _Reader,
    data_sha256: str,
    model: ModelReference,
    other: ModelReference | None,
) -> RealSetResult:
    against = other.revision if other is not None else ""
    key = hashlib.sha256(f"{data_sha256}\t{against}".encode()).hexdigest()
    with database.read() as connection:
        stored = fetch_evaluation(connection, scope, model.revision, key)
    if stored is not None:
        return RealSetResult.from_dict(stored["result"], real_set, model.name, model.revision)
    result = _measure(real_set, reader, model, other)
    record = {
        "revision": model.revision,
        "name": model.name,
        "data_set": real_set.name,
        "data_sha256": key,
        "split": SPLIT,
        "result": result.to_dict(),
        "reason": "",
        "computed_by": scope.viewer,
    }
    with database.write() as connection:
        append_evaluation(connection, record)
    return result


def _measure(
    real_set: RealSet, reader: _Reader, model: ModelReference, other: ModelReference | None
) -> RealSetResult:
    two = real_set.classes == 2
    readings = reader.readings(model)
    right = right_readings(readings, two_classes=two)
    before = None if other is None else right_readings(reader.readings(other), two_classes=two)
    return RealSetResult(
        real_set,
        model.name,
        model.revision,
        evaluate_model(readings),
        accuracy_of(right) if two else None,
        "" if other is None else other.revision,
        None if before is None else accuracy_difference(before, right),
        False,
    )


def stored_real_sets(records: Sequence[Mapping[str, Any]]) -> list[RealSetResult]:
    """Results from rows of the table of evaluations; rows of other data sets are left out."""
    known = {item.name: item for item in REAL_SETS}
    return [
        RealSetResult.from_dict(row["result"], known[row["data_set"]], row["name"], row["revision"])
        for row in records
        if row["data_set"] in known
    ]
