"""Scoring: texts in, predictions out, as an Arrow table. Knows nothing of the database.

Each distinct text is tokenised once for all models that share its tokens, batches are cut by a token
budget from length-sorted texts, and every finished batch is handed out at once, so that a crash loses one
batch. A batch that does not fit into memory is halved and tried again. The composition of a batch changes
a probability by rounding only.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from peachdash.errors import BadInput
from peachdash.records import LABELS
from peachdash.sentiment.lexicon import score_lexicon
from peachdash.sentiment.loading import LoadedModel, load_model
from peachdash.sentiment.registry import LEXICON, ModelReference
from peachdash.sentiment.text import text_sha256s
from peachdash.sentiment.tokens import EncodedTexts, cut_batches

PREDICTION_SCHEMA = pa.schema(
    [
        ("text_sha256", pa.string()),
        ("revision", pa.string()),
        ("precision", pa.string()),
        ("label", pa.string()),
        ("p_negative", pa.float32()),
        ("p_neutral", pa.float32()),
        ("p_positive", pa.float32()),
        ("needs_review", pa.bool_()),
    ]
)
EXACT = "exact"
DEFAULT_BATCH_TOKENS = {"cpu": 4096, "cuda": 65536}
DEFAULT_PRECISION = {"cpu": "fp32", "cuda": "fp16"}
TEXTS_IN_A_CHUNK = 65536
LEXICON_BATCH = 512
MODELS_KEPT = 4

OnBatch = Callable[[pa.Table, int, int], None]


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
        batch_tokens: tokens of one padded batch; 0 lets the device decide.
        threads: CPU threads of torch; 0 leaves them as they are.
        precision: fp32, bf16, fp16 (GPU only) or auto: fp16 on a GPU, on a CPU what `choose` says.
        choose: the precision for a model and a number of texts on a CPU; fp32 where it is left out.
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
        if precision not in ("auto", "fp32", "bf16", "fp16"):
            raise BadInput(f"precision must be auto, fp32, bf16 or fp16, not {precision!r}.")
        self.encoders_dir = encoders_dir
        self._wanted_device = device
        self._wanted_precision = precision
        self._batch_tokens = batch_tokens
        self._threads = threads
        self._choose = choose
        self._loaded: OrderedDict[tuple[str, str], LoadedModel] = OrderedDict()

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
        for group in self._token_groups(learned, len(unique)) if unique else ():
            self._score_group(run, unique, group)
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
        import torch

        from peachdash.sentiment.model import resolve_device

        device = resolve_device(self._wanted_device)
        if self._threads:
            torch.set_num_threads(self._threads)
        return device

    def _precision(self, device: str, reference: ModelReference, texts: int) -> str:
        if self._wanted_precision != "auto":
            if (device, self._wanted_precision) == ("cpu", "fp16"):
                raise BadInput("fp16 needs a GPU: use fp32 or bf16 on a CPU.")
            return self._wanted_precision
        if device == "cpu" and self._choose is not None:
            return self._choose(reference, texts)
        return DEFAULT_PRECISION[device]

    def _token_groups(self, models: Sequence[ModelReference], texts: int) -> list[list[LoadedModel]]:
        """The models, loaded, in groups that read the same tokens."""
        groups: dict[str, list[LoadedModel]] = {}
        for model in models:
            loaded = self.loaded(model, texts)
            groups.setdefault(loaded.token_key, []).append(loaded)
        return list(groups.values())

    def _score_group(self, run: _Run, unique: list[str], group: list[LoadedModel]) -> None:
        budget = self._batch_tokens or DEFAULT_BATCH_TOKENS[group[0].device]
        for start, encoded in _encoded_chunks(group[0], unique):
            for rows in cut_batches(encoded.lengths, budget):
                for model in group:
                    logits = logits_within_memory(model, encoded, rows)
                    run.add(model.reference, model.precision, rows + start, model.probabilities(logits))

    def _score_lexicon(self, run: _Run, unique: list[str], model: ModelReference) -> None:
        for start in range(0, len(unique), LEXICON_BATCH):
            batch = unique[start : start + LEXICON_BATCH]
            rows = np.arange(start, start + len(batch))
            run.add(model, EXACT, rows, score_lexicon(batch).astype(np.float32))


def logits_within_memory(model: LoadedModel, encoded: EncodedTexts, rows: np.ndarray) -> np.ndarray:
    """Logits (len(rows), 3) of some texts; a batch that does not fit into memory is halved until it does."""
    try:
        return model.logits(*encoded.padded(rows))
    except (RuntimeError, MemoryError) as error:
        if len(rows) < 2 or not _is_out_of_memory(error):
            raise
    _free_memory(model.device)
    half = len(rows) // 2
    parts = [logits_within_memory(model, encoded, part) for part in (rows[:half], rows[half:])]
    return np.concatenate(parts)


class _Run:
    """What one call has computed so far, and the handing out of finished batches."""

    def __init__(self, keys: list[str], models: Sequence[ModelReference], on_batch: OnBatch | None) -> None:
        self._keys = np.asarray(keys, dtype=object)
        self._models = {model.revision: model for model in models}
        self._on_batch = on_batch
        self._probabilities = {
            model.revision: np.full((len(keys), 3), np.nan, dtype=np.float32) for model in models
        }
        self._precision: dict[str, str] = {}
        self._done = 0

    def add(self, model: ModelReference, precision: str, rows: np.ndarray, probabilities: np.ndarray) -> None:
        self._probabilities[model.revision][rows] = probabilities
        self._precision[model.revision] = precision
        self._done += len(rows)
        if self._on_batch is not None:
            table = _prediction_table(self._keys[rows], model, precision, probabilities)
            self._on_batch(table, self._done, len(self._keys) * len(self._models))

    def result(self) -> pa.Table:
        tables = [
            _prediction_table(self._keys, model, self._precision[revision], self._probabilities[revision])
            for revision, model in self._models.items()
            if len(self._keys)
        ]
        return pa.concat_tables(tables) if tables else PREDICTION_SCHEMA.empty_table()


def _prediction_table(
    keys: np.ndarray, model: ModelReference, precision: str, probabilities: np.ndarray
) -> pa.Table:
    count = len(keys)
    labels = np.asarray(LABELS, dtype=object)[probabilities.argmax(axis=1)]
    columns: list[Any] = [
        keys,
        [model.revision] * count,
        [precision] * count,
        labels,
        *(np.ascontiguousarray(probabilities[:, index]) for index in range(3)),
        probabilities.max(axis=1) < model.threshold,
    ]
    return pa.Table.from_arrays(
        [pa.array(column, type=field.type) for column, field in zip(columns, PREDICTION_SCHEMA, strict=True)],
        schema=PREDICTION_SCHEMA,
    )


def _encoded_chunks(model: LoadedModel, texts: list[str]) -> Iterator[tuple[int, EncodedTexts]]:
    """Chunks of tokenised texts with the number of their first; the next one is made while one is used."""
    starts = range(0, len(texts), TEXTS_IN_A_CHUNK)
    with ThreadPoolExecutor(max_workers=1) as pool:
        chunks = [(start, texts[start : start + TEXTS_IN_A_CHUNK]) for start in starts]
        upcoming = pool.submit(model.encode, chunks[0][1])
        for number, (start, _) in enumerate(chunks):
            encoded = upcoming.result()
            if number + 1 < len(chunks):
                upcoming = pool.submit(model.encode, chunks[number + 1][1])
            yield start, encoded


def _is_out_of_memory(error: BaseException) -> bool:
    message = str(error).lower()
    return isinstance(error, MemoryError) or "out of memory" in message or "can't allocate memory" in message


def _free_memory(device: str) -> None:
    if device == "cuda":
        import torch

        torch.cuda.empty_cache()
