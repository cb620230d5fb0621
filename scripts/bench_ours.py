"""Peachdash's own rows of the scoring benchmark, and what bounds them on a GPU."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scripts.bench_texts import make_texts

REPOSITORY = Path(__file__).resolve().parents[1]
WARM_TEXTS = {"cuda": 60_000, "cpu": 64}
CHECKED_TEXTS = {"cuda": 2_000, "cpu": 48}
CLASSES = ("negative", "neutral", "positive")


@dataclass(frozen=True)
class Plan:
    """What is measured: how many texts ours reads, how many the peers, how many choose a batch size."""

    device: str
    texts: int
    peer_texts: int
    sample: int


class Ours:
    """Peachdash on one encoder."""

    def __init__(self, size: str, plan: Plan, encoders: Path, folder: Path) -> None:
        from peachdash.sentiment.registry import load_reference

        self.size, self.plan, self.encoders, self.folder = size, plan, encoders, folder
        self.reference = load_reference(REPOSITORY / "models" / f"champion-{size}")
        self.scorers: dict[str, Any] = {}

    def precisions(self) -> list[str]:
        return ["fp16", "bf16"] if self.plan.device == "cuda" else ["fp32", "bf16", "int8"]

    def scorer(self, precision: str) -> Any:
        from peachdash.sentiment.engine import Scorer

        if precision not in self.scorers:
            self.scorers[precision] = Scorer(self.encoders, device=self.plan.device, precision=precision)
        return self.scorers[precision]

    def tokens(self, texts: Sequence[str]) -> Any:
        return self.scorer(self.precisions()[0]).loaded(self.reference).encode(texts)

    def files_rate(self, texts: Sequence[str], precision: str) -> dict[str, Any]:
        """From one Parquet file to a folder of parts, models loaded and helpers started."""
        from peachdash.sentiment.files import score_files

        scorer, place = self.scorer(precision), self.folder / "files"
        warm = make_texts("short", min(WARM_TEXTS[self.plan.device], len(texts)), seed=7)
        for name, part in (("warm", warm), ("texts", texts)):
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            pq.write_table(pa.table({"text": pa.array(part)}), place / f"{name}.parquet")
            busy = time.process_time()
            result = score_files([place / f"{name}.parquet"], place / "out", [self.reference], scorer)
        rows = sum(pq.ParquetFile(path).metadata.num_rows for path in (place / "out").glob("*.parquet"))
        if rows != len(texts):
            raise RuntimeError(f"{rows} predictions of {len(texts)} texts")
        return {
            "texts_per_second": len(texts) / result.seconds,
            "texts_per_core_second": len(texts) / (time.process_time() - busy),
            "texts": len(texts),
            "precision": precision,
        }

    def model_rate(self, encoded: Any) -> dict[str, Any]:
        """Tokens to probabilities in memory: what is left when preparing and files cost nothing."""
        scorer = self.scorer("fp16")
        group = [scorer.loaded(self.reference)]
        started = time.perf_counter()
        best, first = 1e9, 0.0
        for turn in range(3):
            begun = time.perf_counter()
            reader = scorer.reader(group)
            count = sum(len(done.rows) for done in [*reader.read(0, encoded), *reader.finish()])
            best = min(best, time.perf_counter() - begun)
            first = first or time.perf_counter() - started
            if turn and time.perf_counter() - started > 20:
                break
        return {"texts_per_second": count / best, "texts": count, "first_pass_seconds": first}

    def preparing_rate(self, texts: Sequence[str]) -> dict[str, Any]:
        """Cleaning, hashing and tokenising in the helpers, the model left out."""
        from peachdash.sentiment.preparing import Piece, prepare_ahead

        scorer = self.scorer(self.precisions()[0])
        group = [scorer.loaded(self.reference)]
        pool = scorer.helpers(group, 10**9)

        def go(part: Sequence[str]) -> None:
            pieces = (Piece(None, part[start : start + 1024]) for start in range(0, len(part), 1024))
            for _ in prepare_ahead(group[0].encode, pieces, pool):
                pass

        go(make_texts("short", min(WARM_TEXTS["cuda"], len(texts)), seed=7))
        return {"texts_per_second": rate(lambda: go(texts), len(texts)), "helpers": pool.count if pool else 0}

    def package_rate(self, texts: Sequence[str]) -> dict[str, Any]:
        """`encode_batch_fast` of the tokenizers package on all cores, as it comes."""
        os.environ["TOKENIZERS_PARALLELISM"] = "true"
        tokenizer = self.scorer(self.precisions()[0]).loaded(self.reference).tokenizer
        part = list(texts[:40_000])
        tokenizer.encode_batch_fast(part[:1_000])
        return {"texts_per_second": rate(lambda: tokenizer.encode_batch_fast(part), len(part))}

    def check(self, mixes: dict[str, list[str]], precision: str) -> dict[str, Any]:
        """Our probabilities against those of the plain fp32 modules, text by text."""
        count = CHECKED_TEXTS[self.plan.device] // len(mixes)
        texts = [text for group in mixes.values() for text in group[:count]]
        model = self.scorer(precision).loaded(self.reference)
        table = self.scorer(precision).score(texts, [self.reference])
        got = np.stack(
            [table[f"p_{name}"].to_numpy() for name in ("negative", "neutral", "positive")], axis=1
        )
        want = plain_probabilities(model, texts, self.plan.device)
        top = np.sort(want, axis=1)
        clear = top[:, 2] - top[:, 1] > 0.02
        same = got.argmax(axis=1) == want.argmax(axis=1)
        return {
            "largest_difference": float(np.abs(got - want).max()),
            "same_labels": float(same.mean()),
            "same_labels_where_clear": float(same[clear].mean()) if clear.any() else 1.0,
            "texts": len(texts),
        }


def plain_probabilities(model: Any, texts: Sequence[str], device: str) -> np.ndarray:
    """Probabilities by the transformers module in fp32, padded, 32 texts at a time."""
    import torch

    encoded = model.encode(texts)
    rows = np.arange(len(texts))
    model.network.to(device)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(texts), 32):
            batch = [torch.from_numpy(x).to(device) for x in encoded.padded(rows[start : start + 32])]
            parts.append(model.probabilities(model.network.logits(*batch).float().cpu().numpy()))
    model.network.to("cpu")
    return np.concatenate(parts)


def floor(ours: Ours, encoded: Any, found: dict[str, Any]) -> dict[str, Any]:
    """Texts a second if the real tokens took nothing but their matrix products at the measured rate."""
    config = ours.scorer("fp16").loaded(ours.reference).network.encoder.config
    width, inner, layers = config.hidden_size, config.intermediate_size, config.num_hidden_layers
    lengths = encoded.lengths.astype(np.float64)
    dense = 2 * lengths * layers * (4 * width * width + 2 * width * inner)
    attention = 4 * lengths**2 * width * layers
    operations = float((dense + attention).mean())
    rate_ = found["matrix_product_tflops"] * 1e12 / operations
    return {"texts_per_second": rate_, "operations_a_text": operations, "mean_tokens": float(lengths.mean())}


def matrix_rate() -> float:
    """TFLOP/s of a large fp16 matrix product, best of several."""
    import torch

    side = 8192
    first, second = (torch.randn(side, side, device="cuda", dtype=torch.float16) for _ in range(2))
    best = 1e9
    for _ in range(30):
        torch.cuda.synchronize()
        started = time.perf_counter()
        for _ in range(4):
            first @ second
        torch.cuda.synchronize()
        best = min(best, (time.perf_counter() - started) / 4)
    return 2 * side**3 / best / 1e12


def rate(work: Callable[[], object], count: int) -> float:
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)
