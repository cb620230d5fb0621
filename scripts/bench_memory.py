"""Host memory while many texts go from Parquet to Parquet, as by `peachdash score --input`.

    python -m scripts.bench_memory [--texts N] [--mix short] [--encoders FOLDER] [--out FILE]

On a GPU the model reads the texts. On a CPU it would take hours, so it is left out there (it answers at
once): reading, cleaning, hashing, tokenizing, the memory of what was met, and writing stay. Prints, at every
tenth of the way, the resident memory of this process, and that with its helpers (pages that they share are
counted once), and the peaks of both, looked at five times a second. Needs Linux, and no database.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
for place in (str(REPOSITORY), str(REPOSITORY / "src")):
    if place not in sys.path:
        sys.path.insert(0, place)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from scripts.bench_encoders import prepare_encoder  # noqa: E402
from scripts.bench_scoring import add_reading_options, describe_machine, say  # noqa: E402
from scripts.bench_texts import write_texts  # noqa: E402

SECONDS_BETWEEN = 0.2


def main() -> None:
    """Write the texts, score them, print the memory."""
    options = _parser().parse_args()
    from peachdash.sentiment.engine import Scorer
    from peachdash.sentiment.files import score_files
    from peachdash.sentiment.model import resolve_device
    from peachdash.sentiment.registry import load_reference

    device = resolve_device(options.device)
    found: dict[str, Any] = {"machine": describe_machine(device), "texts": options.texts, "mix": options.mix}
    say(json.dumps(found["machine"]))
    with tempfile.TemporaryDirectory() as name, Watch() as watch:
        folder, started = Path(name), time.perf_counter()
        encoders, _ = prepare_encoder("small", options.encoders, folder / "encoders")
        inputs = write_texts(folder / "in", options.mix, options.texts)
        size = sum(path.stat().st_size for path in inputs) / 1e9
        say(f"{options.texts:,} different texts, {size:.1f} GB ({time.perf_counter() - started:.0f} s)")
        model = load_reference(REPOSITORY / "models" / "champion-small")
        scorer = Scorer(encoders, device=device)
        loaded = scorer.loaded(model)
        if device == "cpu":
            loaded.scorer = Answering()
        say(f"models loaded: {megabytes():,.0f} MB")
        watch.start(options.texts)
        result = score_files(inputs, folder / "out", [model], scorer, on_progress=watch.at)
        scorer.close()
    read = "the model" if device == "cuda" else "no model"
    say(f"{result.texts:,} texts in {result.seconds:,.0f} s with {read}; peak {watch.told()}")
    found |= {"seconds": result.seconds, "peak_megabytes": watch.peak, "course_megabytes": watch.course}
    if options.out:
        options.out.write_text(json.dumps(found, indent=1) + "\n")


class Answering:
    """A model that gives zeros."""

    def logits(self, batch: Any) -> Any:
        import torch

        return torch.zeros(len(batch.lengths), 3)


class Watch:
    """Looks at the memory until it is left.

    Attributes:
        peak: megabytes of this process and of it with its helpers.
        course: the same at each tenth of the way, with the rows by then.
    """

    def __init__(self) -> None:
        self.peak = (0.0, 0.0)
        self.course: list[tuple[int, float, float]] = []
        self._total = 0
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Watch:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()

    def start(self, total: int) -> None:
        """Begin to look; `total` rows will come."""
        self._total = total
        self._thread.start()

    def at(self, state: Any) -> None:
        """So many rows have passed."""
        if 10 * state.rows // self._total > len(self.course):
            self.course.append((state.rows, *_both()))
            say(f"{state.rows:>12,} texts: {self.told(self.course[-1][1:])}")

    def told(self, both: tuple[float, ...] = ()) -> str:
        """Two figures in words; the peaks by default."""
        own, together = both or self.peak
        return f"{own:>7,.0f} MB, with helpers {together:>7,.0f} MB"

    def _look(self) -> None:
        while True:
            own, together = _both()
            self.peak = (max(self.peak[0], own), max(self.peak[1], together))
            if self._left.wait(SECONDS_BETWEEN):
                return


def megabytes(process: int | str = "self", kind: str = "Rss") -> float:
    """Memory of a process; kind Pss counts a page that n processes share as an nth. 0 once it is gone."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(f"{kind}:")), 0.0)


def _both() -> tuple[float, float]:
    """Of this process, and of it and its children."""
    own = megabytes()
    return own, own + sum(megabytes(process, "Pss") for process in _children())


def _children() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = path.read_text().rpartition(")")[2].split()[1]
        except OSError:  # it has ended
            continue
        if int(parent) == os.getpid():
            found.append(int(path.parent.name))
    return found


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=int, default=10_000_000)
    add_reading_options(parser)
    return parser


if __name__ == "__main__":
    main()
