"""A candidate on the test reviews beside champion and generic model: what it lacks, figures, gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from peachdash.config import Settings
from peachdash.errors import BadInput, NotFound
from peachdash.evaluation import Comparison, Estimate, compare_models
from peachdash.evaluation.gates import Gate, judge
from peachdash.evaluation.parts import compare_businesses, compare_slices
from peachdash.queries.held_out_sets import (
    TEST,
    HeldOutSet,
    count_learned,
    fetch_held_out_set,
    fetch_test_readings,
    fetch_test_texts,
)
from peachdash.records import Scope
from peachdash.sentiment.active import find_model
from peachdash.sentiment.registry import ModelReference
from peachdash.storage.database import Database
from peachdash.workflows.evaluation import (
    HeldOutResult,
    find_evaluation,
    record_evaluation,
)
from peachdash.workflows.real_sets import (
    RealSetResult,
    evaluate_stored_real_sets,
    find_real_set_texts,
)
from peachdash.workflows.scoring import find_unread

GENERIC, CHAMPION, CANDIDATE = "generic", "champion", "candidate"
PAIR_COLUMNS = ["text_sha256", "text", "revision"]


@dataclass(frozen=True)
class Case:
    """Everything that is on record for and against a candidate.

    Attributes:
        held_out: the test reviews.
        results: figures by role (generic, champion, candidate), as far as they are on record.
        comparisons: the candidate (b) against champion and generic (a), where both were measured.
        slices: error of the candidate minus that of the champion, by slice.
        businesses: the same by business id.
        real_sets: candidate and champion on published sets, the candidate against the champion.
        gates: what follows.
        learned: test reviews that the candidate, or a model that it continues, learned from.
    """

    held_out: HeldOutSet
    results: Mapping[str, HeldOutResult]
    comparisons: Mapping[str, Comparison]
    slices: Mapping[str, Estimate]
    businesses: Mapping[str, Estimate]
    real_sets: tuple[RealSetResult, ...]
    gates: tuple[Gate, ...] = field(default=())
    learned: int = 0

    @property
    def is_measured(self) -> bool:
        """Whether the candidate's figures are on record."""
        return CANDIDATE in self.results

    @property
    def is_complete(self) -> bool:
        """Whether the figures of all three are on record."""
        return {GENERIC, CHAMPION, CANDIDATE} <= set(self.results)


def find_test_pairs(
    database: Database,
    scope: Scope,
    settings: Settings,
    candidate: str,
    others: tuple[str, ...],
    *,
    again: bool = False,
) -> pd.DataFrame:
    """What has to be read to measure a candidate beside others: text_sha256, text, revision.

    Args:
        candidate: its revision; others: those of champion and generic model.
        again: whether the candidate reads all test reviews once more.

    Raises:
        NotFound: the viewer may not see all texts.
        BadInput: there is no test review.
    """
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, scope)
        if not held_out.reviews:
            raise BadInput(
                "There are no labelled test reviews. `peachdash setup` loads the shipped ones, or freeze a "
                "data set."
            )
        texts = {
            revision: fetch_test_texts(
                connection, scope, held_out, None if again and revision == candidate else revision
            )
            for revision in (candidate, *others)
        }
    frames = [frame.assign(revision=revision) for revision, frame in texts.items()]
    frames += [
        find_real_set_texts(database, scope, revision, settings.real_sets).assign(revision=revision)
        for revision in (candidate, *others[:1])
    ]
    return _pairs(frames)


def find_stored_pairs(database: Database, scope: Scope, revisions: tuple[str, ...]) -> pd.DataFrame:
    """Stored reviews that some revisions have not read: text_sha256, text, revision.

    Raises:
        NotFound: the viewer may not see all texts.
    """
    if not scope.may_see_all_texts:
        raise NotFound("Previews are for analysts.")
    return _pairs(
        [find_unread(database, scope, [revision]).assign(revision=revision) for revision in revisions]
    )


def _pairs(frames: list[pd.DataFrame]) -> pd.DataFrame:
    filled = [frame[PAIR_COLUMNS] for frame in frames if len(frame)]
    if not filled:
        return pd.DataFrame(columns=PAIR_COLUMNS, dtype=str)
    return pd.concat(filled, ignore_index=True).drop_duplicates(["text_sha256", "revision"])


def record_measurement(
    database: Database,
    scope: Scope,
    settings: Settings,
    revisions: Mapping[str, str],
    *,
    fresh: pd.DataFrame | None = None,
    reason: str = "",
) -> None:
    """Put the figures of a candidate and those beside it on record, as far as they are not.

    Args:
        revisions: by role: generic, champion and candidate.
        fresh: what the candidate read just now (columns of predictions), where it was measured again.
        reason: why it was; without one nothing is computed twice.

    Raises:
        NotFound: the viewer is no analyst.
        BadInput: one of them has not read all test reviews.
    """
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, scope)
    for role, revision in revisions.items():
        model = find_model(revision, settings)
        everything = _complete_readings(database, held_out, revision)
        if everything is None:
            raise BadInput(
                f"{model.name} ({revision}) has not read all test reviews of {held_out.words} yet."
            )
        again = role == CANDIDATE and bool(reason)
        if again and fresh is not None:
            everything = _replace_readings(everything, fresh)
        why = reason if again else ""
        record_evaluation(
            database, scope, everything, revision, model.name, held_out.key, TEST, settings.data, why
        )
    candidate, champion = (find_model(revisions[role], settings) for role in (CANDIDATE, CHAMPION))
    if candidate.revision != champion.revision:
        evaluate_stored_real_sets(database, scope, candidate, champion, settings.real_sets)


def _complete_readings(database: Database, held_out: HeldOutSet, revision: str) -> pd.DataFrame | None:
    """The readings of all test reviews; None where some are missing."""
    with database.read() as connection:
        found = fetch_test_readings(connection, Scope.everything(), held_out, revision)
    return found if held_out.reviews and len(found) == held_out.reviews else None


def _replace_readings(everything: pd.DataFrame, fresh: pd.DataFrame) -> pd.DataFrame:
    names = ["label", "p_negative", "p_neutral", "p_positive", "needs_review"]
    read = fresh.drop_duplicates("text_sha256", keep="last")[["text_sha256", *names]]
    return everything.drop(columns=names).merge(read, on="text_sha256")


def load_case(
    database: Database, scope: Scope, settings: Settings, candidate: str, champion: str, generic: str
) -> Case:
    """What is on record for and against a candidate; no model reads anything.

    Published sets that both have read are the one thing that is computed where it is not on record.

    Figures are those of the house; readings and the reviews on which two models differ are only those that
    the viewer may see.

    Raises:
        NotFound: the viewer is no analyst.
        ModelUnavailable: there is no such model.
    """
    with database.read() as connection:
        held_out = fetch_held_out_set(connection, scope)
        learned = count_learned(connection, scope, held_out, candidate)
    readings, results = {}, {}
    for role, revision in ((GENERIC, generic), (CHAMPION, champion), (CANDIDATE, candidate)):
        found = _complete_readings(database, held_out, revision)
        stored = (
            None if found is None else find_evaluation(database, scope, found, revision, role, settings.data)
        )
        if found is not None and stored is not None:
            readings[role], results[role] = found, stored
    comparisons = {
        role: compare_models(readings[role], readings[CANDIDATE])
        for role in (CHAMPION, GENERIC)
        if role in readings and CANDIDATE in readings
    }
    both = CHAMPION in comparisons
    pair = (readings[CHAMPION], readings[CANDIDATE]) if both else None
    slices = compare_slices(*pair) if pair else {}
    models = [find_model(revision, settings) for revision in (candidate, champion)]
    real_sets = _stored_real_sets(database, scope, models, settings.real_sets) if both else ()
    return Case(
        held_out=held_out,
        results=results,
        comparisons=comparisons,
        slices=slices,
        businesses=compare_businesses(*pair) if pair else {},
        real_sets=real_sets,
        gates=judge(
            comparisons.get(CHAMPION),
            slices,
            {item.real_set.title: item.difference for item in real_sets if item.difference is not None},
            results[CANDIDATE].evaluation.calibration_error if CANDIDATE in results else None,
            measured=CANDIDATE in results,
        ),
        learned=learned,
    )


def _stored_real_sets(
    database: Database, scope: Scope, models: list[ModelReference], folder: Path
) -> tuple[RealSetResult, ...]:
    candidate, champion = models
    if candidate.revision == champion.revision:
        return ()
    return tuple(evaluate_stored_real_sets(database, scope, candidate, champion, folder))
