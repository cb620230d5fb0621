"""The search for likely label errors as a run: labelled texts in, out-of-sample readings of them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.insights.aspects import load_head
from peachdash.jobs.runs import UNFINISHED, RunFolder, create_run, list_runs
from peachdash.labelling.label_errors import LabelCheck, check_labels
from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.workflows.label_checks import CheckWork, store_check

if TYPE_CHECKING:
    from peachdash.sentiment.embedding import Embedder

KIND = "check_labels"
EMBEDDING, LEARNING = "embedding", "learning"
_FOUND = ("p_negative", "p_neutral", "p_positive", "quality", "suspected")
_SCHEMA = pa.schema(
    [("review_id", pa.int64()), ("text_sha256", pa.string()), ("label", pa.string()), ("text", pa.string()),
     ("vector", pa.binary())]
)  # fmt: skip


@dataclass(frozen=True)
class CheckProgress:
    """How far the newest search is.

    Attributes:
        state: see `RunFolder`.
        stage: embedding (sentence vectors) or learning (classifiers and cleanlab).
        done, total: texts of the stage.
        error: why it failed, in words.
    """

    state: str
    stage: str
    done: int
    total: int
    error: str

    @property
    def is_active(self) -> bool:
        return self.state in UNFINISHED or self.state == "done"


def ask_check(jobs: Path, work: CheckWork) -> RunFolder:
    """The run of a search: one that goes on already, else a new one."""
    for run in reversed(_runs(jobs)):
        if run.state in (*UNFINISHED, "done"):
            return run
    request = {"content_sha256": work.content_sha256, "texts": len(work.rows)}
    return create_run(jobs, KIND, request, pa.Table.from_pandas(work.rows, _SCHEMA, preserve_index=False))


def find_check_progress(jobs: Path) -> CheckProgress | None:
    """The progress of the newest search; None where there never was one."""
    runs = _runs(jobs)
    if not runs:
        return None
    events = runs[-1].events()
    last = events[-1] if events else {}
    return CheckProgress(
        runs[-1].state,
        str(last.get("stage", EMBEDDING)),
        int(last.get("done", 0)),
        int(last.get("total", 0)),
        runs[-1].error,
    )


def _runs(jobs: Path) -> list[RunFolder]:
    return [run for run in list_runs(jobs) if run.request.get("kind") == KIND]


def execute_check_run(
    run: RunFolder, embedder: Embedder, models: Path, check: Callable[[], None] = lambda: None
) -> None:
    """Embed the texts of a run that have no vector, and find likely errors; the output is one part.

    Args:
        run: a run of this kind.
        embedder: keeps the encoder loaded from run to run.
        models: folder of the shipped models, for the mean that vectors are centred by.
        check: called between batches; what it raises ends the run.
    """
    rows, head = run.input.to_pandas(), load_head(models)
    missing = rows[rows["vector"].isna()].drop_duplicates("text_sha256")
    run.append_event(event="started", stage=EMBEDDING, done=0, total=len(missing))

    def tell(done: int, total: int) -> None:
        check()
        run.append_event(event="progress", stage=EMBEDDING, done=done, total=total)

    new = head.centre(embedder.embed(list(missing["text"]), on_batch=tell))
    known = {
        key: np.asarray(row, np.float32).tobytes()
        for key, row in zip(missing["text_sha256"], new, strict=True)
    }
    packed = [known.get(key, held) for key, held in zip(rows["text_sha256"], rows["vector"], strict=True)]
    run.append_event(event="progress", stage=LEARNING, done=0, total=len(rows))
    vectors = np.stack([np.frombuffer(item, dtype=np.float32) for item in packed])
    found = check_labels(vectors, list(rows["text"]), rows["label"], rows["text_sha256"])
    told = rows.drop(columns="text").assign(vector=packed, **{name: found.rows[name] for name in _FOUND})
    table = pa.Table.from_pandas(told, preserve_index=False)
    about = {"agreement": found.agreement, "new": sorted(known)}
    run.add_part(table.replace_schema_metadata({"check": json.dumps(about)}))
    run.append_event(event="finished", stage=LEARNING, done=len(rows), total=len(rows))


def take_check(database: Database, scope: Scope, run: RunFolder, models: Path) -> None:
    """Take what a finished run found into the database, and close the run."""
    table = pq.read_table(run.parts()[-1])
    about, rows = json.loads(table.schema.metadata[b"check"]), table.to_pandas()
    new = rows[rows["text_sha256"].isin(about["new"])]
    vectors = pd.DataFrame({"text_sha256": new["text_sha256"]})
    vectors["vector"] = [np.frombuffer(item, dtype=np.float32) for item in new["vector"]]
    found = LabelCheck(rows[list(_FOUND)].reset_index(drop=True), float(about["agreement"]))
    store_check(
        database, scope, str(run.request["content_sha256"]), rows[["review_id", "label"]], found, vectors,
        load_head(models).space,
    )  # fmt: skip
    run.set_state("stored")
    run.discard_payload()
