"""Host memory while many texts go from Parquet to Parquet: `python -m scripts.bench_memory [--texts N]`.

The model is left out (it answers at once), so that ten million texts take minutes on any machine; reading,
cleaning, hashing, tokenizing, the memory of what was met, and writing are those of `peachdash score --input`.
Prints the memory of the process at every tenth of the way, and its peak.
"""

from __future__ import annotations

import argparse
import re
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
for place in (str(REPOSITORY), str(REPOSITORY / "src")):
    if place not in sys.path:
        sys.path.insert(0, place)

import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

ROWS_AT_ONCE = 100_000
WORDS = re.findall(r"\w+", "the soup was cold, our server never came back, but the cobbler saved the evening")


def main() -> None:
    """Write the texts, score them with a model that answers at once, print the memory."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=10_000_000)
    texts = parser.parse_args().texts
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.files import score_files
    from peachdash.sentiment.registry import resolve_model

    encoders = REPOSITORY / ".cache" / "encoders"
    reference = resolve_model("champion-small", REPOSITORY / "models", encoders)
    scorer = Scorer(encoders, device="cpu")
    loaded = scorer.loaded(reference)
    loaded.scorer = Answering()
    print(f"models loaded: {now_megabytes():,.0f} MB", flush=True)
    shown = 0

    def show(state: Any) -> None:
        nonlocal shown
        if 10 * state.rows // texts > shown:
            shown = 10 * state.rows // texts
            print(f"{state.rows:>12,} texts: {now_megabytes():>7,.0f} MB", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "texts.parquet"
        write_texts(source, texts)
        started = time.perf_counter()
        result = score_files([source], Path(folder) / "out", [reference], scorer, on_progress=show)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{result.texts:,} texts in {seconds:,.0f} s without a model; peak {peak:,.0f} MB")


class Answering:
    """A model that gives zeros."""

    def logits(self, batch: Any) -> Any:
        import torch

        return torch.zeros(len(batch.lengths), 3)


def write_texts(path: Path, count: int) -> None:
    """Different texts of about a dozen words."""
    schema = pa.schema([("text", pa.string())])
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, count, ROWS_AT_ONCE):
            rows = range(start, min(start + ROWS_AT_ONCE, count))
            texts = [
                " ".join([*(WORDS[(row >> shift) % len(WORDS)] for shift in range(0, 22, 2)), str(row)])
                for row in rows
            ]
            writer.write_table(pa.table({"text": texts}, schema=schema))


def now_megabytes() -> float:
    """Memory of this process now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


if __name__ == "__main__":
    main()
