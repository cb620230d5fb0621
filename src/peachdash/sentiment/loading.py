"""Models in memory: an adapter or a hub classifier behind the same few methods."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.adapter import HEAD_TOKENS, TAIL_TOKENS, read_adapter, read_manifest
from peachdash.sentiment.encoders import file_sha256, locate_encoder
from peachdash.sentiment.registry import ModelReference
from peachdash.sentiment.tokens import (
    TOKENIZER_FILE,
    TextEncoder,
    load_tokenizer,
    without_limits,
)

if TYPE_CHECKING:
    from pathlib import Path

    from peachdash.sentiment.packing import PackedBatch


@dataclass
class LoadedModel:
    """A model that scores.

    Attributes:
        network: encoder and head as torch modules that explanations may look into: for an adapter a
            `model.Network` in fp32 on the CPU, for a hub classifier a `HubNetwork` on the device.
        scorer: has `logits(batch) -> (B, classes)` on the device; computes what `network` does, faster.
        encode: token ids of scored texts as this model reads them.
        tokenizer: `tokenizers.Tokenizer` without truncation and padding.
        token_key: models with the same key read the same tokens.
        columns: which outputs are negative, neutral and positive.
        precision: fp32, bf16, fp16 or int8.
    """

    reference: ModelReference
    network: Any
    scorer: Any
    encode: TextEncoder
    tokenizer: Any
    token_key: str
    columns: tuple[int, int, int]
    device: str
    precision: str

    @property
    def bytes_a_token(self) -> int:
        """About what one token of a batch takes of a GPU's memory."""
        network = self.network
        config = (network.encoder if hasattr(network, "encoder") else network.module).config
        inner = int(getattr(config, "intermediate_size", 4 * config.hidden_size))
        return 4 * (12 * int(config.hidden_size) + 2 * inner)

    def logits(self, batch: PackedBatch) -> Any:
        """Logits (B, 3) in the order of `LABELS`, before calibration: an fp32 tensor on the device."""
        import torch

        with torch.inference_mode():
            return self.scorer.logits(batch)[:, list(self.columns)].float()

    def probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Calibrated probabilities (B, 3), float32, rows summing to 1.

        Raises:
            ModelUnavailable: a logit is not finite.
        """
        if not np.isfinite(logits).all():
            raise ModelUnavailable(
                f"{self.reference.name} computes numbers that are not finite in {self.precision}: use fp32."
            )
        return softmax(logits, self.reference.temperature).astype(np.float32)


@dataclass
class HubNetwork:
    """A hub classifier behind the methods of `model.Network` and `packed.PackedEncoder`."""

    module: Any
    pad_id: int

    def logits(self, batch: PackedBatch) -> Any:
        """Logits (B, classes) of a packed batch, which is padded first."""
        ids, mask = batch.padded(self.pad_id)
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
    from peachdash.sentiment.packed import PackedEncoder

    if reference.folder is None:
        raise ModelUnavailable(f"{reference.name} has no folder to load.")
    manifest = read_manifest(reference.folder)
    encoder_path = locate_encoder(manifest.encoder_spec, encoders_dir)
    scale = manifest.lora_alpha / manifest.lora_rank
    network = load_network(encoder_path, read_adapter(reference.folder), scale)
    tokenizer = load_tokenizer(encoder_path)
    cut = (manifest.head_tokens, manifest.tail_tokens)
    return LoadedModel(
        reference=reference,
        network=network,
        scorer=PackedEncoder(network, device, precision),
        encode=TextEncoder(tokenizer, int(network.encoder.config.pad_token_id or 0), *cut),
        tokenizer=tokenizer,
        token_key=f"{file_sha256(encoder_path / TOKENIZER_FILE)}-{cut[0]}-{cut[1]}",
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
    pad_id = int(tokenizer.pad_token_id or 0)
    network = HubNetwork(module.to(device, torch_dtype(precision)), pad_id)
    plain = without_limits(tokenizer.backend_tokenizer)
    return LoadedModel(
        reference=reference,
        network=network,
        scorer=network,
        encode=TextEncoder(plain, pad_id, HEAD_TOKENS, TAIL_TOKENS),
        tokenizer=plain,
        token_key=reference.revision,
        columns=columns,
        device=device,
        precision=precision,
    )
