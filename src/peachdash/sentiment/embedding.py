"""Texts as vectors of the bare small encoder, for grouping and for finding similar ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.sentiment.encoders import ENCODERS, SMALL, locate_encoder
from peachdash.sentiment.tokens import cut_batches, encode_texts, load_tokenizer

WIDTH = 384
BATCH_TOKENS = 4096
OnBatch = Callable[[int, int], None]


class Embedder:
    """The small encoder without adapter, loaded at the first use and kept.

    Args:
        encoders_dir: folder of encoders that pip does not install.
        device: auto, cpu or cuda.
    """

    def __init__(self, encoders_dir: Path, device: str = "auto") -> None:
        self.encoders_dir = encoders_dir
        self._device = device
        self._loaded: tuple[Any, Any, int, str] | None = None

    def embed(self, texts: Sequence[str], on_batch: OnBatch | None = None) -> np.ndarray:
        """Unit vectors (N, 384), float32: the mean over the tokens of each text, of at most 256 tokens.

        Args:
            texts: N texts; identical ones are computed once.
            on_batch: called with how many distinct texts are done and how many there are.

        Raises:
            ModelUnavailable: the encoder is not installed or not the published one.
        """
        unique = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        vectors = np.zeros((len(unique), WIDTH), dtype=np.float32)
        if not unique:
            return vectors
        encoder, tokenizer, pad_id, device = self._load()
        encoded, done = encode_texts(tokenizer, list(unique), pad_id), 0
        for rows in cut_batches(encoded.lengths, BATCH_TOKENS):
            vectors[rows] = _embed_batch(encoder, *encoded.padded(rows), device)
            done += len(rows)
            if on_batch is not None:
                on_batch(done, len(unique))
        return np.asarray(vectors[[unique[text] for text in texts]])

    def _load(self) -> tuple[Any, Any, int, str]:
        from peachdash.sentiment.model import load_encoder, resolve_device

        if self._loaded is None:
            folder, device = (
                locate_encoder(ENCODERS["small"], self.encoders_dir),
                resolve_device(self._device),
            )
            encoder = load_encoder(folder).to(device)
            pad_id = int(encoder.config.pad_token_id or 0)
            self._loaded = (encoder, load_tokenizer(folder), pad_id, device)
        return self._loaded


def encoder_id() -> str:
    """What vectors are kept under: those of another encoder cannot be compared with them."""
    return SMALL.sha256[:16]


def _embed_batch(encoder: Any, ids: np.ndarray, mask: np.ndarray, device: str) -> np.ndarray:
    import torch

    from peachdash.sentiment.model import mean_pool

    with torch.inference_mode():
        tokens, kept = (torch.from_numpy(array).to(device) for array in (ids, mask))
        hidden = encoder(input_ids=tokens, attention_mask=kept).last_hidden_state
        pooled = torch.nn.functional.normalize(mean_pool(hidden, kept), dim=1)
        return np.asarray(pooled.float().cpu().numpy())
