"""The same scoring on Ray Data: actors on several GPUs or machines, Parquet in, Parquet out.

Each actor runs `file_run.FilesRun` over the ranges of rows that Ray hands it and writes its parts into the
output folder, which all machines must see. One small actor knows which texts were met, so that a text that
several actors get is read by the first. Parts are named by what they hold: rows that Ray hands out again
after a worker died replace their part. After the pass the parts are counted against the texts; what is
missing is read again.
"""

from __future__ import annotations

import hashlib
import logging
import os
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from peachdash.errors import BadInput, JobFailed, ModelUnavailable
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.file_run import FilesProgress, FilesResult, FilesRun
from peachdash.sentiment.files import count_rows, one_group, read_columns, read_rows, read_seen
from peachdash.sentiment.preparing import count_cores
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.seen import SeenHashes

log = logging.getLogger(__name__)

RAY_VERSION = "2.60.0"
PASSES = 3
ROWS_IN_A_UNIT = {"cpu": 4096, "cuda": 262_144}


@dataclass(frozen=True)
class UnitDone:
    """A unit of rows that an actor has read: `began` and `ended` in seconds since 1970, by its clock.

    `problem` says why it could not be read or written; empty where it was.
    """

    actor: str
    rows: int
    texts: int
    device: str
    precision: str
    began: float
    ended: float
    problem: str = ""


@dataclass(frozen=True)
class RayResult(FilesResult):
    """What a run did; `seconds` count from when the first actor was ready, as loading is left out locally."""

    units: tuple[UnitDone, ...] = ()


@dataclass(frozen=True)
class RayPlan:
    """How to spread the work.

    Attributes:
        encoders_dir: folder of encoders that pip does not install, the same on all machines.
        device: auto, cpu or cuda.
        batch_tokens: tokens of one batch; 0 lets the device decide.
        actors: 0 means one for each GPU of the cluster, or two without one.
        text_column, title_column: of the inputs.
        precision: as in `Scorer`; auto is fp16 on a GPU and fp32 on a CPU.
    """

    encoders_dir: Path
    device: str = "auto"
    batch_tokens: int = 0
    actors: int = 0
    text_column: str = "text"
    title_column: str | None = None
    precision: str = "auto"


def score_files_by_ray(
    inputs: Sequence[Path],
    output: Path,
    models: Sequence[ModelReference],
    plan: RayPlan,
    on_progress: Callable[[FilesProgress], None] = lambda progress: None,
) -> RayResult:
    """`files.score_files` by actors; joins the cluster of `RAY_ADDRESS`, else uses this machine.

    Raises:
        BadInput: as `files.score_files`.
        ModelUnavailable: Ray is not installed, or a model cannot be loaded.
        JobFailed: texts were left after several passes.
    """
    ray = _started()
    total = count_rows(inputs, read_columns(plan.text_column, plan.title_column))
    revisions = [model.revision for model in models]
    done: list[UnitDone] = []
    for _ in range(PASSES):
        seen = read_seen(output, revisions)
        claims = ray.remote(_Claims).options(num_cpus=0).remote(revisions, seen)
        units = _one_pass(ray, inputs, output.absolute(), models, plan, claims)
        done += _followed(units, total, on_progress)
        wanted = ray.get(claims.count.remote())
        ray.kill(claims)
        if _count(read_seen(output, revisions)) >= wanted:
            return _result(done, total)
        log.warning("some texts were lost with a worker; reading them again")
    raise JobFailed("Some texts are still not read after three passes: run the command again.")


def _one_pass(
    ray: Any,
    inputs: Sequence[Path],
    output: Path,
    models: Sequence[ModelReference],
    plan: RayPlan,
    claims: Any,
) -> Any:
    """A data set of what the actors say of each unit."""
    gpus = int(ray.cluster_resources().get("GPU", 0)) if plan.device != "cpu" else 0
    actors = plan.actors or gpus or 2
    device = "cuda" if gpus else "cpu"
    threads = max(1, count_cores() // actors)
    units = cut_units(inputs, ROWS_IN_A_UNIT[device])
    return ray.data.from_items(units, override_num_blocks=max(1, len(units))).map_batches(
        _Actor,
        batch_size=1,
        compute=ray.data.ActorPoolStrategy(size=actors),
        num_gpus=1 if gpus else 0,
        num_cpus=0 if gpus else _cpus_an_actor(ray, actors),
        fn_constructor_args=(output, list(models), plan, device, threads, claims),
    )


def cut_units(inputs: Sequence[Path], rows: int) -> list[dict[str, Any]]:
    """The work in units that an actor takes at a time: path, start and stop of the rows."""
    units = []
    for path in inputs:
        count = pq.read_metadata(path).num_rows
        units += [
            {"path": str(path.absolute()), "start": start, "stop": min(start + rows, count)}
            for start in range(0, count, rows)
        ]
    return units


def _cpus_an_actor(ray: Any, actors: int) -> float:
    """A share of the cluster's cores that leaves one for whatever else Ray runs."""
    cores = float(ray.cluster_resources().get("CPU", 1))
    return max(0.1, min(1.0, round((cores - 1) / actors, 2)))


def _followed(units: Any, total: int, on_progress: Callable[[FilesProgress], None]) -> list[UnitDone]:
    done: list[UnitDone] = []
    rows = texts = 0
    first: tuple[float, int, int] | None = None
    for row in units.iter_rows():
        done.append(UnitDone(**{name: row[name] for name in UnitDone.__dataclass_fields__}))
        if done[-1].problem:
            raise BadInput(done[-1].problem)
        rows, texts = rows + done[-1].rows, texts + done[-1].texts
        now = time.perf_counter()
        first = first or (now, rows, texts)
        seconds = now - first[0]
        speed = (texts - first[2]) / seconds if seconds > 0 and texts > first[2] else None
        pace = (rows - first[1]) / seconds if seconds > 0 else 0
        left = (total - rows) / pace if pace > 0 else None
        on_progress(FilesProgress(rows, total, texts, speed, left))
    return done


def _result(units: Sequence[UnitDone], total: int) -> RayResult:
    if not units:
        return RayResult(total, 0, "cpu", "", 0.0)
    seconds = max(unit.ended for unit in units) - min(unit.began for unit in units)
    texts = sum(unit.texts for unit in units)
    return RayResult(total, texts, units[0].device, units[0].precision, seconds, tuple(units))


class _Claims:
    """The actor that says who reads a text: whoever asks first. The same question has the same answer."""

    def __init__(self, revisions: Sequence[str], seen: dict[str, SeenHashes]) -> None:
        self._seen = {revision: seen[revision] for revision in revisions}
        self._answers: dict[tuple[str, bytes], np.ndarray] = {}

    def claim(self, revision: str, hashes: np.ndarray) -> np.ndarray:
        key = (revision, hashlib.sha256(hashes.tobytes()).digest())
        if key not in self._answers:
            self._answers[key] = self._seen[revision].add_new(hashes)
        return self._answers[key]

    def count(self) -> int:
        return _count(self._seen)


class _AskedClaims:
    """`file_run.Known` by asking the actor."""

    def __init__(self, claims: Any, revision: str) -> None:
        self._claims, self._revision = claims, revision

    def add_new(self, hashes: np.ndarray) -> np.ndarray:
        import ray

        return np.array(ray.get(self._claims.claim.remote(self._revision, hashes)))


class _Actor:
    """Loads the models once, reads a text so that all is ready, then scores the units that it is given."""

    def __init__(
        self,
        output: Path,
        models: Sequence[ModelReference],
        plan: RayPlan,
        device: str,
        threads: int,
        claims: Any,
    ) -> None:
        import torch

        torch.set_num_threads(threads)
        self._output, self._plan = output, plan
        self._scorer = Scorer(
            plan.encoders_dir,
            device=device,
            batch_tokens=plan.batch_tokens,
            threads=threads,
            precision=plan.precision,
        )
        self._group = one_group(self._scorer, models, ROWS_IN_A_UNIT[device])
        self._scorer.score(["ready"], models)
        self._seen = {model.revision: _AskedClaims(claims, model.revision) for model in models}

    def __call__(self, units: dict[str, np.ndarray]) -> dict[str, list[Any]]:
        path, start, stop = Path(str(units["path"][0])), int(units["start"][0]), int(units["stop"][0])
        began, problem = time.time(), ""
        run = FilesRun(self._output, self._group, self._seen, stop - start, lambda progress: None)
        rows = read_rows(path, start, stop, self._plan.text_column, self._plan.title_column)
        try:
            run.go(self._scorer, rows)
        except BadInput as error:
            problem = str(error)
        done = run.result()
        actor = f"{socket.gethostname()} {os.getpid()}"
        how = (done.device, done.precision, began, time.time(), problem)
        unit = UnitDone(actor, done.rows, done.texts, *how)
        return {name: [value] for name, value in asdict(unit).items()}


def _count(seen: dict[str, SeenHashes]) -> int:
    return sum(len(hashes) for hashes in seen.values())


def _started() -> Any:
    """Ray, joined to a cluster or started here, without its reports of use.

    Raises:
        ModelUnavailable: it is not installed.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    logging.getLogger("ray").setLevel(logging.ERROR)
    try:
        import ray
        import ray.data
    except ImportError:
        raise ModelUnavailable(
            f"The Ray engine needs Ray: pip install 'ray[data]=={RAY_VERSION}', or use --engine local."
        ) from None
    if not ray.is_initialized():
        if os.environ.get("RAY_ADDRESS"):
            ray.init(log_to_driver=False)
        else:
            ray.init(include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")
    ray.data.DataContext.get_current().enable_progress_bars = False
    return ray
