"""What reading with a model costs, measured in a process of its own, so that its memory is its own too.

`python -m peachdash.sentiment.costing` takes one JSON object on standard input and prints one.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.registry import ModelReference

WARM_UP_TEXTS = 8
TIMEOUT_SECONDS = 900.0
KIBIBYTE = 1024


@dataclass(frozen=True)
class ReadingCost:
    """What was measured.

    Attributes:
        texts_per_second: distinct texts read, tokenizing included, loading left out.
        memory_bytes: the most that the process held; on a GPU the most that the model held there.
        device: cpu or cuda.
        precision: that the model computed in.
    """

    texts_per_second: float
    memory_bytes: int
    device: str
    precision: str


def measure_apart(
    model: ModelReference,
    texts: Sequence[str],
    *,
    encoders_dir: Path,
    device: str,
    batch_tokens: int,
    threads: int,
) -> ReadingCost:
    """Read some texts with a model in a process of its own.

    Raises:
        ModelUnavailable: the model cannot be loaded; the message is that of the process.
    """
    options = {"device": device, "batch_tokens": batch_tokens, "threads": threads}
    request = {
        "model": {**asdict(model), "folder": None if model.folder is None else str(model.folder)},
        "texts": list(texts),
        "encoders_dir": str(encoders_dir),
        "options": options,
    }
    done = subprocess.run(
        [sys.executable, "-m", "peachdash.sentiment.costing"],
        input=json.dumps(request),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelUnavailable(f"What {model.name} costs could not be measured: {last}")
    return ReadingCost(**json.loads(done.stdout.splitlines()[-1]))


def main() -> int:
    """Measure what standard input asks for."""
    request = json.load(sys.stdin)
    sys.stdout.write(json.dumps(asdict(_measure(request))) + "\n")
    return 0


def _measure(request: dict[str, Any]) -> ReadingCost:
    from peachdash.sentiment.engine import Scorer

    fields = request["model"]
    folder = None if fields["folder"] is None else Path(fields["folder"])
    model = ModelReference(**{**fields, "folder": folder})
    scorer = Scorer(Path(request["encoders_dir"]), **request["options"])
    texts = request["texts"]
    scorer.score(texts[:WARM_UP_TEXTS], [model])
    started = time.perf_counter()
    table = scorer.score(texts, [model])
    seconds = time.perf_counter() - started
    device = scorer.device if model.folder is not None or model.role == "hub" else "cpu"
    return ReadingCost(
        round(len(texts) / seconds, 1), _peak_bytes(device), device, str(table["precision"][0])
    )


def _peak_bytes(device: str) -> int:
    if device == "cuda":
        import torch

        return int(torch.cuda.max_memory_allocated())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * KIBIBYTE


if __name__ == "__main__":
    sys.exit(main())
