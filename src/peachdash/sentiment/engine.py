"""Scoring: texts in, predictions out, as an Arrow table. Knows nothing of the database.

Each distinct text is tokenised once for all models that share its tokens, ahead of the models; batches are
cut by a token budget from texts sorted by length and computed without padding (`packed`); every finished
batch is handed out at once, so that a crash loses one batch. A batch that does not fit into memory is halved
and tried again. The composition of a batch changes a probability by rounding only. One path serves CPU
and GPU.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from peachdash.errors import BadInput
from peachdash.sentiment.batches import BatchReader
from peachdash.sentiment.lexicon import score_lexicon
from peachdash.sentiment.loading import LoadedModel, load_model
from peachdash.sentiment.predictions import EXACT, PREDICTION_SCHEMA, prediction_table
from peachdash.sentiment.preparing import HelperPool, Piece, count_helpers, join_prepared, prepare_ahead
from peachdash.sentiment.registry import LEXICON, ModelReference
from peachdash.sentiment.text import text_sha256s

BATCH_TOKENS = {"cpu": 1024, "cuda": 131_072}
DEFAULT_PRECISION = {"cpu": "fp32", "cuda": "fp16"}
PRECISIONS = {"cpu": ("fp32", "bf16", "int8"), "cuda": ("fp32", "bf16", "fp16")}
TEXTS_IN_A_CHUNK = {"cpu": 8192, "cuda": 32_768}
TEXTS_IN_THE_FIRST_CHUNK = 2048
TEXTS_IN_A_PIECE = 1024
TEXTS_WORTH_HELPERS = 50_000
LEXICON_BATCH = 512
MODELS_KEPT = 4
GPU_SHARE = 0.4

OnBatch = Callable[[pa.Table, int, int], None]


@dataclass(frozen=True)
class Speed:
    """What a finished run was: where it computed, how exactly, and how fast, loading left out."""

    device: str
    precision: str
    texts: int
    seconds: float

    @property
    def texts_per_second(self) -> float:
        return self.texts / max(self.seconds, 1e-9)


def score_texts(
    texts: Sequence[str],
    models: Sequence[ModelReference],
    *,
    encoders_dir: Path,
    device: str = "auto",
    batch_tokens: int = 0,
    threads: int = 0,
    precision: str = "auto",
    on_batch: OnBatch | None = None,
) -> pa.Table:
    """Predictions of one or several models; see `Scorer`, which keeps the models loaded between calls."""
    scorer = Scorer(
        encoders_dir, device=device, batch_tokens=batch_tokens, threads=threads, precision=precision
    )
    return scorer.score(texts, models, on_batch)


class Scorer:
    """Scores texts and keeps up to four models loaded: made once in a worker, used for every job.

    Args:
        encoders_dir: folder of encoders that pip does not install.
        device: auto, cpu or cuda.
        batch_tokens: tokens of one batch; 0 lets the device and its free memory decide.
        threads: cores that read at a time on a CPU; 0 takes all that this process may use.
        precision: fp32, bf16, fp16 (GPU), int8 (CPU) or auto: fp16 on a GPU, on a CPU what `choose` says.
        choose: the precision for a model and a number of texts on a CPU; fp32 where it is left out.

    Attributes:
        speed: of the last call of `score`; None before it.
    """

    def __init__(
        self,
        encoders_dir: Path,
        *,
        device: str = "auto",
        batch_tokens: int = 0,
        threads: int = 0,
        precision: str = "auto",
        choose: Callable[[ModelReference, int], str] | None = None,
    ) -> None:
        """Checks the options; torch is imported by the first model that is loaded."""
        if batch_tokens < 0 or threads < 0:
            raise BadInput("batch_tokens and threads must be 0 or more.")
        if precision not in ("auto", *PRECISIONS["cpu"], *PRECISIONS["cuda"]):
            raise BadInput(f"precision must be auto, fp32, bf16, fp16 or int8, not {precision!r}.")
        self.encoders_dir = encoders_dir
        self.speed: Speed | None = None
        self._wanted_device = device
        self._wanted_precision = precision
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._choose = choose
        self._loaded: OrderedDict[tuple[str, str], LoadedModel] = OrderedDict()
        self._helpers: dict[str, HelperPool] = {}

    def score(
        self, texts: Sequence[str], models: Sequence[ModelReference], on_batch: OnBatch | None = None
    ) -> pa.Table:
        """Predictions of every model for every distinct text.

        Args:
            texts: scored texts (see `text.scored_text`), taken as they are. Blank ones give no row,
                identical ones one row a model.
            models: references; the same revision twice counts once.
            on_batch: called with the predictions of each finished batch, how many are done and how many
                there will be. What it raises stops the scoring.

        Returns:
            A table with the columns of `PREDICTION_SCHEMA`: for each model in turn the texts in order.
            `label` has the largest of the calibrated probabilities, `needs_review` is true where that
            one is under the model's threshold.

        Raises:
            ModelUnavailable: a model cannot be loaded.
            BadInput: the device or precision cannot be had.
        """
        unique = list(dict.fromkeys(text for text in texts if text.strip()))
        references = list({model.revision: model for model in models}.values())
        run = _Run(text_sha256s(unique), references, on_batch)
        for model in references:
            if model.role == LEXICON:
                self._score_lexicon(run, unique, model)
        learned = [model for model in references if model.role != LEXICON]
        groups = self.token_groups(learned, len(unique)) if unique else []
        started = time.perf_counter()
        for group in groups:
            self._score_group(run, unique, group)
        if groups:
            first = groups[0][0]
            seconds = time.perf_counter() - started
            self.speed = Speed(first.device, first.precision, len(unique), seconds)
        return run.result()

    def loaded(self, reference: ModelReference, texts: int = 1) -> LoadedModel:
        """The model of a reference in memory, loading it where it is not; the least used one makes room.

        Args:
            texts: how many it is going to read, which may decide its precision.

        Raises:
            ModelUnavailable: it cannot be loaded.
        """
        device = self.device
        key = (reference.revision, self._precision(device, reference, texts))
        if key not in self._loaded:
            while len(self._loaded) >= MODELS_KEPT:
                self._loaded.popitem(last=False)
            self._loaded[key] = load_model(reference, self.encoders_dir, device, key[1])
        self._loaded.move_to_end(key)
        return self._loaded[key]

    @property
    def device(self) -> str:
        """`cpu` or `cuda`, where models compute.

        Raises:
            BadInput: the device cannot be had.
        """
        from peachdash.sentiment.model import resolve_device

        return resolve_device(self._wanted_device)

    def token_groups(self, models: Sequence[ModelReference], texts: int) -> list[list[LoadedModel]]:
        """The models, loaded for a number of texts, in groups that read the same tokens."""
        groups: dict[str, list[LoadedModel]] = {}
        for model in models:
            loaded = self.loaded(model, texts)
            groups.setdefault(loaded.token_key, []).append(loaded)
        return list(groups.values())

    def reader(self, group: Sequence[LoadedModel]) -> BatchReader:
        """What computes batches for models that share their tokens, of a size that fits the device."""
        return BatchReader(group, self._batch_tokens or _fitting_tokens(group), self._threads)

    def helpers(self, group: Sequence[LoadedModel], texts: int) -> HelperPool | None:
        """Processes that prepare texts for a GPU, where there are enough of them; kept like the models."""
        count = count_helpers(group[0].device) if texts >= TEXTS_WORTH_HELPERS else 0
        if not count:
            return None
        key = group[0].token_key
        if key not in self._helpers:
            self._helpers[key] = HelperPool(group[0].encode, count)
        return self._helpers[key]

    def close(self) -> None:
        """Ends the helpers; the models stay."""
        for pool in self._helpers.values():
            pool.close()
        self._helpers.clear()

    def _precision(self, device: str, reference: ModelReference, texts: int) -> str:
        wanted = self._wanted_precision
        if wanted != "auto":
            if wanted not in PRECISIONS[device]:
                raise BadInput(f"{wanted} cannot be had on {device}: use {', '.join(PRECISIONS[device])}.")
            return wanted
        if device == "cpu" and self._choose is not None:
            return self._choose(reference, texts)
        return DEFAULT_PRECISION[device]

    def _score_group(self, run: _Run, unique: list[str], group: list[LoadedModel]) -> None:
        reader, device = self.reader(group), group[0].device
        starts = range(0, len(unique), TEXTS_IN_A_PIECE)
        pieces = (Piece(None, unique[start : start + TEXTS_IN_A_PIECE], scored=True) for start in starts)
        prepared = prepare_ahead(group[0].encode, pieces, self.helpers(group, len(unique)))
        chunks = join_prepared(prepared, TEXTS_IN_A_CHUNK[device], TEXTS_IN_THE_FIRST_CHUNK)
        first_rows: list[int] = [0]
        for number, chunk in enumerate(chunks):
            first_rows.append(first_rows[-1] + len(chunk.blank))
            for done in reader.read(number, chunk.encoded):
                run.add_finished(done.model, done.rows + first_rows[done.chunk], done.probabilities)
        for done in reader.finish():
            run.add_finished(done.model, done.rows + first_rows[done.chunk], done.probabilities)

    def _score_lexicon(self, run: _Run, unique: list[str], model: ModelReference) -> None:
        for start in range(0, len(unique), LEXICON_BATCH):
            batch = unique[start : start + LEXICON_BATCH]
            rows = np.arange(start, start + len(batch))
            run.add(model, EXACT, rows, score_lexicon(batch).astype(np.float32))


class _Run:
    """What one call has computed so far, and the handing out of finished batches."""

    def __init__(self, keys: list[str], models: Sequence[ModelReference], on_batch: OnBatch | None) -> None:
        self._keys = pa.array(keys, type=pa.string())
        self._models = {model.revision: model for model in models}
        self._on_batch = on_batch
        self._probabilities = {
            model.revision: np.full((len(keys), 3), np.nan, dtype=np.float32) for model in models
        }
        self._precision: dict[str, str] = {}
        self._done = 0

    def add_finished(self, model: LoadedModel, rows: np.ndarray, probabilities: np.ndarray) -> None:
        self.add(model.reference, model.precision, rows, probabilities)

    def add(self, model: ModelReference, precision: str, rows: np.ndarray, probabilities: np.ndarray) -> None:
        self._probabilities[model.revision][rows] = probabilities
        self._precision[model.revision] = precision
        self._done += len(rows)
        if self._on_batch is not None:
            table = prediction_table(self._keys.take(pa.array(rows)), model, precision, probabilities)
            self._on_batch(table, self._done, len(self._keys) * len(self._models))

    def result(self) -> pa.Table:
        tables = [
            prediction_table(self._keys, model, self._precision[revision], self._probabilities[revision])
            for revision, model in self._models.items()
            if len(self._keys)
        ]
        return pa.concat_tables(tables) if tables else PREDICTION_SCHEMA.empty_table()


def _fitting_tokens(group: Sequence[LoadedModel]) -> int:
    """Tokens of a batch: what the free memory of a GPU holds, up to where larger batches gain nothing."""
    device = group[0].device
    if device == "cpu":
        return BATCH_TOKENS["cpu"]
    import torch

    free, _ = torch.cuda.mem_get_info()
    widest = max(model.bytes_a_token for model in group)
    return int(min(BATCH_TOKENS["cuda"], max(1024, GPU_SHARE * free / widest)))
