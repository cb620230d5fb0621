"""The peers of the scoring benchmark: transformers' pipeline and sentence-transformers' encode.

They compute with the encoder's own shape and, on a GPU, in fp16. A batch size is chosen on a sample; the rate
is that of one pass over the texts given, start-up excluded.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

PIPELINE_SIZES = {"cuda": (64, 256, 512), "cpu": (1, 8, 32)}
SENTENCE_SIZES = {"cuda": (128, 512, 1024), "cpu": (8, 32)}
MOST_TOKENS = 256


def pipeline_peer(folder: Path, device: str) -> Callable[[Sequence[str], int], None]:
    """Transformers' text-classification pipeline with a three-class head on the encoder."""
    import torch
    from transformers import (
        AutoConfig,
        AutoModelForSequenceClassification,
        PreTrainedTokenizerFast,
        pipeline,
    )

    config = AutoConfig.from_pretrained(folder)
    config.num_labels = 3
    module = AutoModelForSequenceClassification.from_pretrained(
        folder, config=config, dtype=torch.float16 if device == "cuda" else torch.float32
    )
    special = _special_tokens(config.model_type)
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **special)
    made = pipeline(
        "text-classification", model=module.eval(), tokenizer=tokenizer, device=0 if device == "cuda" else -1
    )

    def run(texts: Sequence[str], size: int) -> None:
        made(list(texts), batch_size=size, truncation=True, max_length=MOST_TOKENS, top_k=None)

    return run


def sentence_peer(folder: Path, device: str) -> Callable[[Sequence[str], int], None]:
    """sentence-transformers' `encode` on the same encoder: vectors only, no head."""
    from sentence_transformers import SentenceTransformer

    made = SentenceTransformer(str(folder), device=device, local_files_only=True)
    made.max_seq_length = MOST_TOKENS
    if device == "cuda":
        made.half()

    def run(texts: Sequence[str], size: int) -> None:
        made.encode(list(texts), batch_size=size, show_progress_bar=False)

    return run


def best_rate(
    run: Callable[[Sequence[str], int], None], texts: Sequence[str], sizes: Sequence[int], sample: int
) -> dict[str, Any]:
    """Texts a second at the batch size that is best on the first `sample` texts."""
    run(texts[: max(sizes)], sizes[0])
    tried = {}
    for size in sizes:
        run(texts[:size], size)
        tried[size] = sample / _seconds(lambda size=size: run(texts[:sample], size))
    best = max(tried, key=lambda size: tried[size])
    busy = time.process_time()
    rate = len(texts) / _seconds(lambda: run(texts, best))
    core = len(texts) / (time.process_time() - busy)
    return {
        "texts_per_second": rate,
        "texts_per_core_second": core,
        "batch_size": best,
        "texts": len(texts),
        "tried": tried,
    }


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _special_tokens(kind: str) -> dict[str, str]:
    if kind == "mpnet":
        names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "[UNK]"}
    else:
        names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    return {**names, "model_input_names": ["input_ids", "attention_mask"]}
