"""Scoring as a run: texts in, predictions out, resumable. Knows nothing of the database."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.config import Settings
from peachdash.jobs.runs import RunFolder, create_run
from peachdash.jobs.speed import remember_speed

if TYPE_CHECKING:
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.registry import ModelReference

log = logging.getLogger(__name__)

KIND = "score"
PART_SECONDS = 2.0
"""A part is written with the first batch that ends this long after the last: what a kill can cost."""


def make_scorer(settings: Settings) -> Scorer:
    """A scorer as the settings say; importing it is what costs a worker its seconds of start."""
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.precision import PrecisionMemory

    return Scorer(
        settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        threads=settings.threads,
        choose=PrecisionMemory(settings),
    )


def create_scoring_run(
    jobs: Path, texts: pd.DataFrame, models: Iterable[str], *, what: str = "texts"
) -> RunFolder:
    """A queued run that reads `texts` (text_sha256, text) with some models (names or revisions).

    `what` the texts are is shown with the progress.
    """
    table = pa.Table.from_pandas(texts[["text_sha256", "text"]], preserve_index=False)
    request = {"models": list(models), "texts": len(texts), "what": what}
    return create_run(jobs, KIND, request, table)


def execute_scoring_run(
    run: RunFolder,
    scorer: Scorer,
    find: Callable[[str], ModelReference],
    on_part: Callable[[Path], None] | None = None,
) -> None:
    """Read the texts of a run that no finished part holds yet, adding parts and events as it goes.

    Args:
        run: a scoring run, new or left by a process that died.
        scorer: keeps the models loaded from run to run.
        find: the model of a name.
        on_part: called with the path of each finished part.
    """
    models = [find(name) for name in run.request["models"]]
    rows, read = run.input.to_pandas(), _texts_read(run)
    left = rows[~rows["text_sha256"].isin(read)]
    parts = PartWriter(run, len(rows), len(rows) - len(left), len(models), on_part)
    run.append_event(event="started", done=parts.already, total=parts.total)
    if len(left):
        scorer.score(list(left["text"]), models, on_batch=parts.add)
        speed = scorer.speed
        if speed is not None:
            remember_speed(run.path.parent, speed.device, speed.precision, speed.texts, speed.seconds)
    parts.flush()
    run.append_event(event="finished", done=parts.total, total=parts.total)


def read_part(path: Path) -> pd.DataFrame | None:
    """The predictions of a finished part; None for one that cannot be read, which is set aside."""
    try:
        return pq.read_table(path).to_pandas()
    except (OSError, pa.ArrowException):
        log.warning("the part %s cannot be read and is set aside", path)
        path.rename(path.with_suffix(".unreadable"))
        return None


def _texts_read(run: RunFolder) -> set[str]:
    """Hashes of the texts that every model of the run has read."""
    parts = [frame for frame in map(read_part, run.parts()) if frame is not None]
    if not parts:
        return set()
    pairs = pd.concat(parts)[["text_sha256", "revision"]].drop_duplicates()
    counts = pairs["text_sha256"].value_counts()
    return set(counts[counts >= len(run.request["models"])].index)


class PartWriter:
    """Gathers batches into parts, and tells how far the run is.

    Args:
        run: whose output it is.
        total: texts of the run; already: those that an earlier process read.
        models: how many read each text.
        on_part: called with the path of each finished part.
    """

    def __init__(
        self,
        run: RunFolder,
        total: int,
        already: int,
        models: int,
        on_part: Callable[[Path], None] | None,
    ) -> None:
        self.run, self.total, self.already, self.models, self.on_part = run, total, already, models, on_part
        self._batches: list[pa.Table] = []
        self._flushed = time.monotonic()
        self._first: tuple[float, int] | None = None

    def add(self, batch: pa.Table, done: int, total: int) -> None:
        """Take a finished batch; `done` of `total` predictions of this call exist."""
        self._batches.append(batch)
        if self._first is None:
            self._first = (time.monotonic(), done)
        if time.monotonic() - self._flushed >= PART_SECONDS:
            self.flush()
            self._report(done)

    def flush(self) -> None:
        """Write what was gathered since the last part."""
        if self._batches:
            path = self.run.add_part(pa.concat_tables(self._batches))
            self._batches = []
            if self.on_part is not None:
                self.on_part(path)
        self._flushed = time.monotonic()

    def _report(self, done: int) -> None:
        """Add an event; the speed is counted from the first batch on, since loading a model comes before."""
        started, before = self._first or (time.monotonic(), done)
        rate = (done // self.models - before // self.models) / max(time.monotonic() - started, 1e-9)
        done //= self.models
        left = self.total - self.already - done
        self.run.append_event(
            event="progress",
            done=self.already + done,
            total=self.total,
            texts_per_second=round(rate, 1) or None,
            seconds_left=round(left / rate, 1) if rate else None,
        )
