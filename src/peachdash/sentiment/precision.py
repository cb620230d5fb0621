"""In which precision a CPU reads fastest without reading differently: tried once, then remembered.

Some processors compute bfloat16 several times as fast as fp32, others many times slower, and int8 may be
faster than either but reads differently. So before the first large piece of work each precision reads the
validation reviews; the fastest that keeps at least 99% of the labels of fp32, and macro-F1 within half a
point, is used from then on by this home on this machine.
"""

from __future__ import annotations

import json
import logging
import os
import platform
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from peachdash.errors import PeachdashError
from peachdash.sentiment.corpus import load_labelled
from peachdash.sentiment.examples import label_indices
from peachdash.sentiment.registry import ModelReference

if TYPE_CHECKING:
    from peachdash.config import Settings
    from peachdash.sentiment.engine import Scorer

log = logging.getLogger(__name__)

FILE = "precision.json"
REFERENCE = "fp32"
CANDIDATES = ("bf16", "int8")
TEXTS_WORTH_A_TRIAL = 2000
LEAST_AGREEMENT = 0.99
LARGEST_F1_LOSS = 0.005


@dataclass(frozen=True)
class PrecisionTrial:
    """How one precision read the validation reviews.

    Attributes:
        precision: fp32, bf16 or int8.
        texts_per_second: loading left out.
        agreement: share of labels that are those of fp32, 0 to 1.
        macro_f1: against the gold labels, 0 to 1.
    """

    precision: str
    texts_per_second: float
    agreement: float
    macro_f1: float


def choose_precision(trials: Sequence[PrecisionTrial]) -> str:
    """The fastest precision that reads as fp32 does; the first trial must be that of fp32."""
    exact = trials[0]
    faithful = [
        trial
        for trial in trials
        if trial.agreement >= LEAST_AGREEMENT and abs(trial.macro_f1 - exact.macro_f1) <= LARGEST_F1_LOSS
    ]
    return max(faithful, key=lambda trial: trial.texts_per_second).precision


class PrecisionMemory:
    """Which precision suits a model on this machine; trials are kept in one file of the home.

    Call it with a model and the number of texts to be read. Where nothing is remembered and the work is
    small, or a trial fails, the answer is fp32.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.home / FILE

    def __call__(self, model: ModelReference, texts: int) -> str:
        known = self._read().get(self._key(model))
        if known is not None:
            return str(known["chosen"])
        if texts < TEXTS_WORTH_A_TRIAL or model.folder is None:
            return REFERENCE
        try:
            trials = self._try(model)
        except PeachdashError as error:
            log.warning("no precision was tried for %s: %s", model.revision, error)
            return REFERENCE
        chosen = choose_precision(trials)
        log.info("%s reads in %s here: %s", model.revision, chosen, trials)
        self._remember(model, chosen, trials)
        return chosen

    def _try(self, model: ModelReference) -> list[PrecisionTrial]:
        from sklearn.metrics import f1_score

        from peachdash.sentiment.engine import Scorer

        frame = load_labelled(self._settings.data, "validation").drop_duplicates("text")
        texts, gold = list(frame["text"]), label_indices(frame)
        trials: list[PrecisionTrial] = []
        exact: np.ndarray | None = None
        for precision in (REFERENCE, *CANDIDATES):
            scorer = Scorer(
                self._settings.encoders, device="cpu", threads=self._settings.threads, precision=precision
            )
            read, speed = _timed(scorer, texts, model)
            exact = read if exact is None else exact
            macro = float(f1_score(gold, read, average="macro"))
            trials.append(PrecisionTrial(precision, round(speed, 1), float((read == exact).mean()), macro))
        return trials

    def _key(self, model: ModelReference) -> str:
        from importlib.metadata import version

        cpu = f"{platform.machine()} {_processor()} x{self._settings.threads or os.cpu_count()}"
        return f"{model.revision} | {cpu} | torch {version('torch')}"

    def _read(self) -> dict[str, dict[str, object]]:
        try:
            content = json.loads(self._path.read_text(encoding="utf-8"))
            return content if isinstance(content, dict) else {}
        except (OSError, ValueError):
            return {}

    def _remember(self, model: ModelReference, chosen: str, trials: Sequence[PrecisionTrial]) -> None:
        known = self._read() | {
            self._key(model): {"chosen": chosen, "trials": [asdict(trial) for trial in trials]}
        }
        self._path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self._path.parent, prefix=".precision-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(known, file, indent=1)
        Path(name).replace(self._path)


def _timed(scorer: Scorer, texts: list[str], model: ModelReference) -> tuple[np.ndarray, float]:
    """Class numbers (N,) in the order of the texts, and texts read in a second after a warm-up."""
    scorer.score(texts[:16], [model])
    started = time.perf_counter()
    table = scorer.score(texts, [model])
    seconds = time.perf_counter() - started
    columns = [table[f"p_{label}"].to_numpy() for label in ("negative", "neutral", "positive")]
    return np.stack(columns, axis=1).argmax(axis=1), len(texts) / seconds


def _processor() -> str:
    """The processor's model name, as Linux tells it; elsewhere what Python knows."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        return next(line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()
