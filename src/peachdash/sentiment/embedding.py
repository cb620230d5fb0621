"""Texts as vectors of the bare small encoder, for grouping and for finding similar ones.

They are computed without padding (`packed`), a batch on each core, and on a processor that is faster in
bfloat16 in that: the first larger call tries both on some of its texts and keeps bf16 only where its vectors
are those of fp32 but for rounding.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.sentiment.batches import single_threaded_pool
from peachdash.sentiment.encoders import ENCODERS, SMALL, locate_encoder
from peachdash.sentiment.preparing import count_cores
from peachdash.sentiment.tokens import TextEncoder, cut_ranges, load_tokenizer

log = logging.getLogger(__name__)

WIDTH = 384
BATCH_TOKENS = {"cpu": 2048, "cuda": 65_536}
TEXTS_WORTH_A_TRIAL, TEXTS_TRIED = 1024, 256
LEAST_AGREEMENT = 0.999
"""Cosine that every vector of the trial must have with that of fp32."""

OnBatch = Callable[[int, int], None]


class Embedder:
    """The small encoder without adapter, loaded at the first use and kept.

    Args:
        encoders_dir: folder of encoders that pip does not install.
        device: auto, cpu or cuda.
        precision: fp32, bf16, fp16 (GPU) or auto: fp16 on a GPU, on a CPU what a trial says.

    Attributes:
        precision: in which vectors are computed now; `auto` before the first call.
    """

    def __init__(self, encoders_dir: Path, device: str = "auto", precision: str = "auto") -> None:
        self.encoders_dir, self.precision = encoders_dir, precision
        self._device, self._open = device, precision == "auto"
        self._loaded: tuple[Any, TextEncoder, str] | None = None
        self._packed: dict[str, Any] = {}

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        """Unit vectors (N, 384), float32: the mean over the tokens of each text, of at most 256 tokens.

        Args:
            texts: N texts; identical ones are computed once.
            on_batch: called with how many distinct texts are done and how many there are; what it raises
                ends the call.

        Raises:
            ModelUnavailable: the encoder is not installed or not the published one.
        """
        unique = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        vectors, done = np.zeros((len(unique), WIDTH), dtype=np.float32), 0
        if not unique:
            return vectors
        self._settle_precision(list(unique))
        for rows, found in self._read(list(unique), self.precision):
            vectors[rows] = found
            done += len(rows)
            if on_batch is not None:
                on_batch(done, len(unique))
        return np.asarray(vectors[[unique[text] for text in texts]])

    def _settle_precision(self, texts: list[str]) -> None:
        """Decide between fp32 and bf16, once there is enough to read that it matters."""
        _, _, device = self._load()
        if not self._open:
            return
        worth = device == "cpu" and len(texts) >= TEXTS_WORTH_A_TRIAL
        self.precision, self._open = "fp16" if device == "cuda" else "fp32", device == "cpu" and not worth
        if worth:
            sample = texts[:: max(1, len(texts) // TEXTS_TRIED)][:TEXTS_TRIED]
            (exact, slow), (rounded, fast) = (self._timed(sample, name) for name in ("fp32", "bf16"))
            agreement = float((exact * rounded).sum(axis=1).min())
            if fast < slow and agreement >= LEAST_AGREEMENT:
                self.precision = "bf16"
            log.info("vectors in %s: bf16 takes %.2f of the time", self.precision, fast / slow)

    def _timed(self, texts: list[str], precision: str) -> tuple[np.ndarray, float]:
        """Vectors, and the seconds they took after a warm-up."""
        list(self._read(texts[:16], precision))
        vectors, started = np.zeros((len(texts), WIDTH), dtype=np.float32), time.perf_counter()
        for rows, found in self._read(texts, precision):
            vectors[rows] = found
        return vectors, time.perf_counter() - started

    def _read(self, texts: list[str], precision: str) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Rows and their vectors, batch by batch."""
        from peachdash.sentiment.packing import PackedTexts

        _, encode, device = self._load()
        encoder, packed = self._encoder(precision), PackedTexts.of(encode(texts), device)
        ranges = cut_ranges(packed.lengths, BATCH_TOKENS[device])
        pool = single_threaded_pool(count_cores() if device == "cpu" else 1)
        try:
            found = pool.map(lambda part: _unit_means(encoder, packed.batch(*part)), ranges)
            for (start, stop), vectors in zip(ranges, found, strict=True):
                yield packed.order[start:stop], vectors
        finally:
            pool.shutdown(cancel_futures=True)

    def _load(self) -> tuple[Any, TextEncoder, str]:
        from peachdash.sentiment.model import Network, load_encoder, new_head, resolve_device

        if self._loaded is None:
            device = resolve_device(self._device)
            folder = locate_encoder(ENCODERS["small"], self.encoders_dir)
            encoder = load_encoder(folder)
            encode = TextEncoder(load_tokenizer(folder), int(encoder.config.pad_token_id or 0))
            network = Network(encoder, new_head(int(encoder.config.hidden_size)))
            self._loaded = (network, encode, device)
        return self._loaded

    def _encoder(self, precision: str) -> Any:
        from peachdash.sentiment.packed import PackedEncoder

        network, _, device = self._load()
        if precision not in self._packed:
            self._packed[precision] = PackedEncoder(network, device, precision)
        return self._packed[precision]


def encoder_id() -> str:
    """What vectors are kept under: those of another encoder cannot be compared with them."""
    return SMALL.sha256[:16]


def _unit_means(encoder: Any, batch: Any) -> np.ndarray:
    import torch

    with torch.inference_mode():
        pooled = torch.nn.functional.normalize(encoder.pooled(batch), dim=1)
        return np.asarray(pooled.float().cpu().numpy())
