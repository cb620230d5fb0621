"""Explaining a reading as a run: one text in, the weights of its words and some vectors out."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.insights.aspects import load_head
from peachdash.jobs.runs import UNFINISHED, RunFolder, create_run, list_runs
from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.workflows.explaining import ExplanationWork, store_explanation

if TYPE_CHECKING:
    from peachdash.sentiment.embedding import Embedder
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.registry import ModelReference

KIND = "explain"
REMEMBERED_RUNS = 5
"""A failed run is told while it is among so many; then the same may be asked again."""

_SCHEMA = pa.schema([("text_sha256", pa.string()), ("vector", pa.binary())])


def ask_explanation(jobs: Path, work: ExplanationWork) -> RunFolder:
    """The run that explains a reading: one that waits already, if only to be stored, else a new one."""
    for run in _explanation_runs(jobs):
        if run.state in (*UNFINISHED, "done") and _explains(run, work):
            return run
    request = {"text_sha256": work.text_sha256, "revision": work.revision, "texts": 1}
    return create_run(jobs, KIND, request, pa.Table.from_pandas(work.texts, preserve_index=False))


def failed_explanation(jobs: Path, work: ExplanationWork) -> RunFolder | None:
    """The newest run of a reading that failed; None where it is not among the last few explanations."""
    last = _explanation_runs(jobs)[-REMEMBERED_RUNS:]
    return next((run for run in reversed(last) if run.state == "failed" and _explains(run, work)), None)


def _explanation_runs(jobs: Path) -> list[RunFolder]:
    return [run for run in list_runs(jobs) if run.request.get("kind") == KIND]


def _explains(run: RunFolder, work: ExplanationWork) -> bool:
    asked = run.request
    return (asked.get("text_sha256"), asked.get("revision")) == (work.text_sha256, work.revision)


def execute_explanation_run(
    run: RunFolder, scorer: Scorer, embedder: Embedder, find: Callable[[str], ModelReference], models: Path
) -> None:
    """Explain the text of a run, and embed it and the texts that it is to be compared with."""
    from peachdash.sentiment.explaining import explain_reading

    run.append_event(event="started", done=0, total=1)
    texts, key = run.input.to_pandas(), str(run.request["text_sha256"])
    text = str(texts.loc[texts["text_sha256"] == key, "text"].iloc[0])
    found = explain_reading(scorer.loaded(find(str(run.request["revision"]))), text)
    vectors = load_head(models).centre(embedder.embed(list(texts["text"])))
    packed = [np.asarray(vector, np.float32).tobytes() for vector in vectors]
    told = {"label": found.label, "words": found.words, "error": found.error}
    table = pa.table({"text_sha256": list(texts["text_sha256"]), "vector": packed}, schema=_SCHEMA)
    run.add_part(table.replace_schema_metadata({"explanation": json.dumps(told)}))


def take_explanation(database: Database, scope: Scope, run: RunFolder, models: Path) -> None:
    """Take what a finished run found into the database, and close the run."""
    table = pq.read_table(run.parts()[-1])
    told = json.loads(table.schema.metadata[b"explanation"])
    vectors = [np.frombuffer(item, dtype=np.float32) for item in table["vector"].to_pylist()]
    frame = pd.DataFrame({"text_sha256": table["text_sha256"].to_pylist(), "vector": vectors})
    key, revision = str(run.request["text_sha256"]), str(run.request["revision"])
    store_explanation(database, scope, key, revision, told, frame, load_head(models).space)
    run.set_state("stored")
    run.discard_payload()
