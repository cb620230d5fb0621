"""Grouping as a run: complaint sentences in, issues out. Knows nothing of the database."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.insights.aspects import load_head
from peachdash.insights.issue_building import FoundIssues, Material, build_issues
from peachdash.jobs.runs import RunFolder, create_run

if TYPE_CHECKING:
    from peachdash.sentiment.embedding import Embedder

KIND = "group"
_INPUT = ("new", "prototypes", "members", "namings")
_OUTPUT = ("issues", "sentences", "names")


def create_grouping_run(jobs: Path, material: Material) -> RunFolder:
    """A queued run; the new sentences of `material` have no vector yet, it is computed by the run."""
    parts = {name: getattr(material, name) for name in _INPUT}
    return create_run(jobs, KIND, {"texts": len(material.new)}, _pack(parts))


def execute_grouping_run(
    run: RunFolder,
    embedder: Embedder,
    models: Path,
    check: Callable[[], None] = lambda: None,
) -> None:
    """Embed the new sentences of a run, group and name them; the output is one part.

    Args:
        run: a grouping run; one that a process left begins anew, since its output appears whole.
        embedder: keeps the encoder loaded from run to run.
        models: folder of the shipped models, for the aspect head.
        check: called between batches; what it raises ends the run.
    """
    head, parts = load_head(models), _unpack(run.input, _INPUT)
    new = parts["new"]
    run.append_event(event="started", done=0, total=len(new))

    def embed(texts: Sequence[str]) -> np.ndarray:
        return head.centre(embedder.embed(texts, on_batch=lambda done, total: check()))

    parts["new"] = new.assign(vector=list(embed(list(new["sentence"]))))
    found = build_issues(Material(**parts), head, embed, new_issue_id)
    run.add_part(_pack({name: getattr(found, name) for name in _OUTPUT}))
    run.append_event(event="finished", done=len(new), total=len(new))


def read_grouping(run: RunFolder) -> FoundIssues | None:
    """What a finished run found; None where it left nothing."""
    parts = run.parts()
    return FoundIssues(**_unpack(pq.read_table(parts[-1]), _OUTPUT)) if parts else None


def new_issue_id() -> str:
    """An identifier that sorts by the time of its making."""
    return f"{time.time_ns():020d}-{secrets.token_hex(6)}"


def _pack(frames: dict[str, pd.DataFrame]) -> pa.Table:
    """Several frames as one table with a column that says which; vectors as bytes of float32."""
    stacked = pd.concat([frame.assign(part=name) for name, frame in frames.items()], ignore_index=True)
    if "vector" in stacked:
        stacked["vector"] = [
            np.asarray(item, np.float32).tobytes() if isinstance(item, np.ndarray) else None
            for item in stacked["vector"]
        ]
    return pa.Table.from_pandas(stacked, preserve_index=False, schema=_schema(stacked))


_TYPES: dict[str, pa.DataType] = {
    "position": pa.int64(), "sentences": pa.int64(), "similarity": pa.float64(), "vector": pa.binary(),
    "keywords": pa.list_(pa.string()),
}  # fmt: skip


def _schema(frame: pd.DataFrame) -> pa.Schema:
    return pa.schema([(str(name), _TYPES.get(str(name), pa.string())) for name in frame.columns])


_COLUMNS: dict[str, tuple[str, ...]] = {
    "new": ("business_id", "text_sha256", "position", "sentence"),
    "prototypes": ("issue_id", "business_id", "vector"),
    "members": ("issue_id", "business_id", "sentence", "similarity", "vector"),
    "namings": ("issue_id", "sentences"),
    "issues": ("issue_id", "business_id", "vector"),
    "sentences": ("issue_id", "business_id", "text_sha256", "position", "similarity", "vector"),
    "names": ("issue_id", "name", "keywords", "aspect", "sentences"),
}


def _unpack(table: pa.Table, names: tuple[str, ...]) -> dict[str, pd.DataFrame]:
    whole = table.to_pandas()
    return {name: _part(whole[whole["part"] == name], _COLUMNS[name]) for name in names}


def _part(rows: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    part = rows.reindex(columns=list(columns)).reset_index(drop=True)
    for name in ("position", "sentences"):
        if name in columns:
            part[name] = part[name].astype(int)
    if "vector" in columns:
        part["vector"] = [np.frombuffer(item, dtype=np.float32) for item in part["vector"]]
    if "keywords" in columns:
        part["keywords"] = [list(words) for words in part["keywords"]]
    return part
