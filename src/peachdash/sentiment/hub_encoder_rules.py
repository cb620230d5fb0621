"""Which encoders of the Hugging Face hub can be trained here, by their files.

They must be of a family whose dense layers the LoRA of `lora` addresses and whose arithmetic `packed` has, so
that every path of scoring serves them; their weights must be one safetensors file of a size that a machine
without a GPU can still work with, and nothing of theirs may ask for code.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from peachdash.errors import ModelRefused
from peachdash.sentiment.adapter import MAX_LENGTH, REMOTE_CODE_KEYS
from peachdash.sentiment.encoders import REQUIRED_FILES, WEIGHTS
from peachdash.sentiment.packed import KINDS, SHIFTED_KINDS

CONFIG, TOKENIZER = "config.json", "tokenizer.json"
MOST_BYTES = {WEIGHTS: 1_500_000_000, CONFIG: 1_000_000, TOKENIZER: 50_000_000}
"""Of each file. The weights of BERT large and XLM-RoBERTa base are within the limit."""


def check_files(name: str, sizes: Mapping[str, int | None]) -> None:
    """Refuses a repository without the three files, or with too large ones.

    Args:
        sizes: bytes of every file by its name; None where they are not known.

    Raises:
        ModelRefused: see above.
    """
    if WEIGHTS not in sizes:
        raise ModelRefused(
            f"{name} has no {WEIGHTS}: pickled weights, and weights in several files, are not read."
        )
    for file in REQUIRED_FILES:
        if file not in sizes:
            raise ModelRefused(f"{name} has no {file}, which training and scoring need.")
        if (sizes[file] or 0) > MOST_BYTES[file]:
            raise ModelRefused(
                f"The {file} of {name} has {(sizes[file] or 0) / 1e6:,.0f} MB: at most "
                f"{MOST_BYTES[file] / 1e6:,.0f} are taken."
            )


def check_config(name: str, config: Any) -> None:
    """Refuses an encoder by its `config.json`.

    Raises:
        ModelRefused: it asks for code, is of another family, or differs from it where scoring would not know.
    """
    if not isinstance(config, dict):
        raise ModelRefused(f"The {CONFIG} of {name} holds no settings of a model.")
    if REMOTE_CODE_KEYS & set(config):
        raise ModelRefused(f"{name} needs code from its repository, which never runs here.")
    kind = config.get("model_type")
    if kind not in KINDS:
        raise ModelRefused(
            f"{name} is of the family {kind or 'of no name'}: only {', '.join(KINDS)} can be trained here."
        )
    problem = _problem(config, shifted=kind in SHIFTED_KINDS)
    if problem:
        raise ModelRefused(f"{name} cannot be trained here: {problem}.")


def _problem(config: Mapping[str, Any], *, shifted: bool) -> str | None:
    """The first thing in which a config differs from what can be trained, in words, or None."""
    numbers = [config.get(key) for key in ("hidden_size", "num_hidden_layers", "num_attention_heads")]
    if not all(isinstance(number, int) and number > 0 for number in numbers):
        return "its config gives no width, layers or heads"
    pad = config.get("pad_token_id")
    places = config.get("max_position_embeddings")
    rules = {
        "its activation is not gelu": config.get("hidden_act", "gelu") == "gelu",
        "it is a decoder": not (config.get("is_decoder") or config.get("add_cross_attention")),
        "its weights are quantized": "quantization_config" not in config,
        "its positions are not absolute": config.get("position_embedding_type", "absolute") == "absolute",
        "its config names no padding token": isinstance(pad, int) or not shifted,
        f"it reads fewer than {MAX_LENGTH} tokens": isinstance(places, int)
        and places >= MAX_LENGTH + (int(pad or 0) + 1 if shifted else 0),
    }
    return next((words for words, holds in rules.items() if not holds), None)


def check_loaded(name: str, folder: Path) -> None:
    """Refuses an encoder whose files do not fit each other; loads it once, on the CPU.

    Raises:
        ModelRefused: weights of the encoder are missing, or its tokenizer is not one that puts one special
            token at each end, with numbers that the encoder knows.
        ModelUnavailable: a file cannot be read.
    """
    from peachdash.sentiment.model import missing_weights
    from peachdash.sentiment.tokens import load_tokenizer

    missing = missing_weights(folder)
    if missing:
        raise ModelRefused(f"The weights of {name} lack {len(missing)} of its layers, first {missing[0]}.")
    tokenizer, words = load_tokenizer(folder), _vocabulary(folder)
    special = tokenizer.encode("a word").special_tokens_mask
    if [special[0], special[-1], sum(special)] != [1, 1, 2]:
        raise ModelRefused(f"The tokenizer of {name} does not put one special token at each end of a text.")
    if max(tokenizer.get_vocab(with_added_tokens=True).values()) >= words:
        raise ModelRefused(f"The tokenizer of {name} knows more words than its encoder.")


def _vocabulary(folder: Path) -> int:
    """How many words an encoder knows."""
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    return int(config.vocab_size)
