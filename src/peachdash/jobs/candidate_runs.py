"""Candidates as runs: the test reviews read for a measurement, all stored reviews for a preview.

A run holds pairs of a text and the revision that is to read it. Finished parts go into the cache of
predictions as they come; at the end figures or changes are put on record. The worker gives way to other
runs at every finished part.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa

from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed, NotFound, PeachdashError
from peachdash.jobs.progress import ScoringProgress, describe_run
from peachdash.jobs.runs import (
    UNFINISHED,
    RunFolder,
    create_run,
    forget_old_runs,
    list_runs,
    read_json,
    worker_lock,
    write_json,
)
from peachdash.jobs.scoring import PartWriter, make_scorer, read_part
from peachdash.records import Scope
from peachdash.sentiment.active import find_active, find_model
from peachdash.sentiment.corpus import load_labelled
from peachdash.storage.database import Database
from peachdash.workflows.candidates import (
    CANDIDATE,
    CHAMPION,
    GENERIC,
    find_stored_pairs,
    find_test_pairs,
    load_case,
    record_measurement,
)
from peachdash.workflows.model_costs import ModelCost, find_cost, measure_reading, record_cost
from peachdash.workflows.promoting import find_counterpart, make_preview
from peachdash.workflows.scoring import store_predictions

if TYPE_CHECKING:
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.registry import ModelReference

log = logging.getLogger(__name__)

KIND = "candidate"
MEASURE, PREVIEW = "measure", "preview"
LOCK_SECONDS = 60.0
OnProgress = Callable[[ScoringProgress], None]


@dataclass(frozen=True)
class CandidateRequest:
    """What a run is for.

    Attributes:
        purpose: measure or preview.
        revisions: by role (generic, champion, candidate), as they were when it was asked for.
        reason: why a candidate is measured again; empty for the first time.
        costs: revisions whose speed and memory are to be measured.
        requested_by: in whose name the result is put on record.
    """

    purpose: str
    revisions: dict[str, str]
    reason: str
    costs: list[str]
    requested_by: str

    @classmethod
    def of(cls, run: RunFolder) -> CandidateRequest:
        """The request of a run."""
        asked = run.request
        return cls(
            str(asked["purpose"]),
            dict(asked["revisions"]),
            str(asked["reason"]),
            list(asked["costs"]),
            str(asked["requested_by"]),
        )


def ask_measurement(
    database: Database, scope: Scope, settings: Settings, revision: str, reason: str = ""
) -> RunFolder:
    """The run that measures a candidate: one that waits already, else a new one.

    Raises:
        NotFound: the viewer is no analyst.
        BadInput: all is on record and no reason is given, or there are no test reviews.
        ModelUnavailable: there is no such model.
    """
    request = _request(scope, settings, MEASURE, revision, reason)
    revision = request.revisions[CANDIDATE]
    running = find_candidate_run(settings.jobs, MEASURE, revision)
    if running is not None and running.state in (*UNFINISHED, "done"):
        return running
    others = (request.revisions[CHAMPION], request.revisions[GENERIC])
    pairs = find_test_pairs(database, scope, settings, revision, others, again=bool(request.reason))
    costs = [
        item
        for item in (revision, others[0])
        if request.reason or _lacks_cost(database, scope, settings, item)
    ]
    if not len(pairs) and not costs and load_case(database, scope, settings, revision, *others).is_measured:
        raise BadInput(
            f"The figures of {revision} on these test reviews are on record. Measuring it a second time "
            "needs a reason."
        )
    return _create(settings, replace(request, costs=list(dict.fromkeys(costs))), pairs)


def ask_preview(database: Database, scope: Scope, settings: Settings, revision: str) -> RunFolder:
    """The run that counts what a promotion would change: one that waits already, else a new one.

    Raises:
        NotFound: the viewer is no analyst.
        BadInput: the model is no fine-tuned one, or the champion.
        ModelUnavailable: there is no such model.
    """
    request = _request(scope, settings, PREVIEW, revision, "")
    revision, generic = (item.revision for item in find_counterpart(settings, revision))
    if revision == request.revisions[CHAMPION]:
        raise BadInput(f"{revision} is the champion already.")
    running = find_candidate_run(settings.jobs, PREVIEW, revision)
    if running is not None and running.state in (*UNFINISHED, "done"):
        return running
    return _create(settings, request, find_stored_pairs(database, scope, (revision, generic)))


def find_candidate_run(jobs: Path, purpose: str, revision: str) -> RunFolder | None:
    """The newest run of a purpose for a candidate; None where there is none any more."""
    for run in reversed(list_runs(jobs)):
        asked = run.request
        if asked.get("kind") != KIND or asked.get("purpose") != purpose:
            continue
        if asked["revisions"][CANDIDATE] == revision:
            return run
    return None


def _request(scope: Scope, settings: Settings, purpose: str, revision: str, reason: str) -> CandidateRequest:
    if not scope.may_label:
        raise NotFound("Candidates are for analysts.")
    active = find_active(settings)
    roles = {
        GENERIC: active.generic,
        CHAMPION: active.champion,
        CANDIDATE: find_model(revision, settings).revision,
    }
    return CandidateRequest(purpose, roles, " ".join(reason.split()), [], scope.viewer)


def _create(settings: Settings, request: CandidateRequest, pairs: pd.DataFrame) -> RunFolder:
    forget_old_runs(settings.jobs)
    content = {**vars(request), "texts": len(pairs), "what": "texts"}
    return create_run(settings.jobs, KIND, content, pa.Table.from_pandas(pairs, preserve_index=False))


def _lacks_cost(database: Database, scope: Scope, settings: Settings, revision: str) -> bool:
    cost = find_cost(database, scope, settings, revision)
    return cost is None or cost.memory_bytes is None


def execute_candidate_run(
    run: RunFolder,
    scorer: Scorer,
    find: Callable[[str], ModelReference],
    settings: Settings,
    on_part: Callable[[Path], None] | None = None,
) -> None:
    """Let each revision read what no finished part holds yet; measure costs where they are asked for.

    Args:
        run: new, or left by a process that died or gave way.
        scorer: keeps the models loaded from run to run.
        find: the model of a revision.
        settings: for the costs, which are measured in a process of their own.
        on_part: called with the path of each finished part, and before a cost is measured with that of the
            run; what it raises stops the run.
    """
    rows, done = run.input.to_pandas(), 0
    left = rows[~_pair_keys(rows).isin(_pair_keys(read_so_far(run)))]
    parts = PartWriter(run, len(rows), len(rows) - len(left), 1, on_part)
    run.append_event(event="started", done=parts.already, total=parts.total)
    for revision, texts in left.groupby("revision", sort=False):
        scorer.score(list(texts["text"]), [find(str(revision))], on_batch=_counted(parts, done))
        done += len(texts)
    parts.flush()
    run.append_event(event="read", done=parts.total, total=parts.total)
    _measure_costs(run, find, settings, on_part or (lambda path: None))
    run.append_event(event="finished", done=parts.total, total=parts.total)


def _counted(parts: PartWriter, before: int) -> Callable[[pa.Table, int, int], None]:
    return lambda batch, done, total: parts.add(batch, before + done, total)


def _pair_keys(rows: pd.DataFrame) -> pd.Series:
    return rows["text_sha256"].astype(str) + " " + rows["revision"].astype(str)


def read_so_far(run: RunFolder) -> pd.DataFrame:
    """All predictions of the finished parts of a run."""
    frames = [frame for frame in map(read_part, run.parts()) if frame is not None]
    return pd.concat(frames) if frames else pd.DataFrame(columns=["text_sha256", "revision"], dtype=str)


def _measure_costs(
    run: RunFolder,
    find: Callable[[str], ModelReference],
    settings: Settings,
    check: Callable[[Path], None],
) -> None:
    """Speed and memory of the revisions that lack them; what cannot be measured is left out and logged."""
    costs: dict[str, Any] = {}
    for revision in CandidateRequest.of(run).costs:
        check(run.path)
        try:
            texts = list(load_labelled(settings.data, "validation")["text"])
            costs[revision] = measure_reading(settings, find(revision), texts).to_dict()
        except PeachdashError as error:
            log.warning("the cost of %s was not measured: %s", revision, error)
    write_json(run.path / "costs.json", costs)


def take_candidate_output(
    database: Database, scope: Scope, settings: Settings, run: RunFolder, taken: set[str]
) -> None:
    """Take finished parts into the cache; at the end put figures or changes on record, and close the run.

    Args:
        scope: of the house.
        taken: names of the parts that were taken before; it grows.
    """
    parts = [part for part in run.parts() if part.name not in taken]
    frames = [frame for frame in map(read_part, parts) if frame is not None]
    if frames:
        store_predictions(database, scope, pd.concat(frames))
    taken.update(part.name for part in parts)
    if run.state == "cancelled" and (run.path / "input.parquet").is_file():
        run.discard_payload()
    if run.state != "done":
        return
    try:
        _finish(database, settings, run)
    except PeachdashError as error:
        run.set_state("failed", str(error))
        return
    run.set_state("stored")
    run.discard_payload()


def _finish(database: Database, settings: Settings, run: RunFolder) -> None:
    request = CandidateRequest.of(run)
    scope = Scope.everything(request.requested_by)
    if request.purpose == PREVIEW:
        _finish_preview(database, scope, settings, request)
        return
    for revision, cost in read_json(run.path / "costs.json").items():
        model, measured = find_model(revision, settings), ModelCost.from_dict(cost)
        record_cost(database, scope, settings, model, measured, reason=request.reason)
    fresh = read_so_far(run) if request.reason else None
    if fresh is not None:
        fresh = fresh[fresh["revision"] == request.revisions[CANDIDATE]]
    record_measurement(database, scope, settings, request.revisions, fresh=fresh, reason=request.reason)


def _finish_preview(database: Database, scope: Scope, settings: Settings, request: CandidateRequest) -> None:
    """Count the changes; where reviews came in meanwhile, another run reads those first."""
    candidate, generic = find_counterpart(settings, request.revisions[CANDIDATE])
    pairs = find_stored_pairs(database, scope, (candidate.revision, generic.revision))
    if len(pairs):
        _create(settings, request, pairs)
    else:
        make_preview(database, scope, settings, candidate.revision, request.revisions[CHAMPION])


def run_here(
    database: Database,
    scope: Scope,
    settings: Settings,
    run: RunFolder,
    on_progress: OnProgress = lambda progress: None,
) -> None:
    """Execute a run in this process: for commands, while no `serve` holds the database.

    Raises:
        JobFailed: another process works on the runs of this home and does not end, or the run failed.
        ModelUnavailable: a model cannot be loaded.
    """
    taken: set[str] = set()
    deadline = time.monotonic() + LOCK_SECONDS

    def take(part: Path) -> None:
        take_candidate_output(database, scope, settings, run, taken)
        on_progress(describe_run(run))

    with worker_lock(settings.jobs, wait=lambda: time.monotonic() < deadline) as ours:
        if not ours:
            raise JobFailed("Another process is reading reviews for this home; try again when it is done.")
        run.set_state("running")
        try:
            execute_candidate_run(
                run, make_scorer(settings), partial(find_model, settings=settings), settings, take
            )
        except Exception as error:
            run.set_state("failed", str(error))
            raise
        run.set_state("done")
        take_candidate_output(database, scope, settings, run, taken)
    if run.state == "failed":
        raise JobFailed(run.error)
