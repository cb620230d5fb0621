"""Models in memory: an adapter or a hub classifier behind the same few methods."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.adapter import HEAD_TOKENS, TAIL_TOKENS, read_adapter, read_manifest
from peachdash.sentiment.encoders import ENCODERS, file_sha256, locate_encoder
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.tokens import (
    TOKENIZER_FILE,
    EncodedTexts,
    encode_texts,
    load_tokenizer,
    without_limits,
)


@dataclass
class LoadedModel:
    """A model that scores.

    Attributes:
        network: has `logits(ids, mask) -> (B, classes)`; for an adapter a `model.Network`, whose encoder
            and head are torch modules that explanations may look into.
        tokenizer: `tokenizers.Tokenizer` without truncation and padding.
        token_key: models with the same key read the same tokens.
        columns: which outputs are negative, neutral and positive.
        precision: fp32, bf16 or fp16.
    """

    reference: ModelReference
    network: Any
    tokenizer: Any
    token_key: str
    pad_id: int
    head_tokens: int
    tail_tokens: int
    columns: tuple[int, int, int]
    device: str
    precision: str

    def encode(self, texts: list[str]) -> EncodedTexts:
        """Token ids of scored texts as this model reads them."""
        return encode_texts(self.tokenizer, texts, self.pad_id, self.head_tokens, self.tail_tokens)

    def logits(self, ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        """Logits (B, 3) in the order of `LABELS`, before calibration, float32.

        Raises:
            ModelUnavailable: a logit is not finite.
        """
        import torch

        with torch.inference_mode():
            batch = (torch.from_numpy(array).to(self.device, non_blocking=True) for array in (ids, mask))
            output = self.network.logits(*batch)[:, list(self.columns)].float().cpu().numpy()
        if not np.isfinite(output).all():
            raise ModelUnavailable(
                f"{self.reference.name} computes numbers that are not finite in {self.precision}: use fp32."
            )
        return np.asarray(output)

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (B, 3), float32, rows summing to 1."""
        return softmax(logits, self.reference.temperature).astype(np.float32)


@dataclass
class HubNetwork:
    """A hub classifier with the interface of `model.Network`."""

    module: Any

    def logits(self, ids: Any, mask: Any) -> Any:
        """Token ids and mask (B, L) as logits (B, classes)."""
        return self.module(input_ids=ids, attention_mask=mask).logits


def softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """Softmax of logits / temperature over the last axis, float64."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    powers = np.exp(scaled - scaled.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def load_model(reference: ModelReference, encoders_dir: Path, device: str, precision: str) -> LoadedModel:
    """Loads a model onto a device.

    Args:
        reference: any but the lexicon.
        device: cpu or cuda.

    Raises:
        ModelUnavailable: its encoder or files are missing or not what they should be.
    """
    if reference.role == "hub":
        return _load_hub(reference, device, precision)
    return _load_adapter(reference, encoders_dir, device, precision)


def _load_adapter(reference: ModelReference, encoders_dir: Path, device: str, precision: str) -> LoadedModel:
    from peachdash.sentiment.model import load_network

    if reference.folder is None:
        raise ModelUnavailable(f"{reference.name} has no folder to load.")
    manifest = read_manifest(reference.folder)
    encoder_path = locate_encoder(ENCODERS[manifest.size], encoders_dir)
    scale = manifest.lora_alpha / manifest.lora_rank
    network = load_network(encoder_path, read_adapter(reference.folder), scale)
    cut = (manifest.head_tokens, manifest.tail_tokens)
    return LoadedModel(
        reference=reference,
        network=network.to(device, precision),
        tokenizer=load_tokenizer(encoder_path),
        token_key=f"{file_sha256(encoder_path / TOKENIZER_FILE)}-{cut[0]}-{cut[1]}",
        pad_id=int(network.encoder.config.pad_token_id or 0),
        head_tokens=cut[0],
        tail_tokens=cut[1],
        columns=(0, 1, 2),
        device=device,
        precision=precision,
    )


def _load_hub(reference: ModelReference, device: str, precision: str) -> LoadedModel:
    from peachdash.sentiment.hub import download_hub_model, label_columns, load_hub_classifier
    from peachdash.sentiment.model import torch_dtype

    folder = download_hub_model(reference.revision)
    module, tokenizer = load_hub_classifier(folder)
    columns = label_columns({int(key): str(label) for key, label in module.config.id2label.items()})
    return LoadedModel(
        reference=reference,
        network=HubNetwork(module.to(device, torch_dtype(precision))),
        tokenizer=without_limits(tokenizer.backend_tokenizer),
        token_key=reference.revision,
        pad_id=int(tokenizer.pad_token_id or 0),
        head_tokens=HEAD_TOKENS,
        tail_tokens=TAIL_TOKENS,
        columns=columns,
        device=device,
        precision=precision,
    )
