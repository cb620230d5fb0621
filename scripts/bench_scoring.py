"""How fast this machine scores, beside its peers, on the same texts and in one run.

    python -m scripts.bench_scoring [--quick] [--size small --size base] [--texts N] [--encoders FOLDER]

In turn: transformers' pipeline and sentence-transformers' encode at their best batch sizes, then Peachdash from
text Parquet to prediction Parquet, start-up excluded. On a GPU also the model alone, the tokenizer alone and
the arithmetic floor: the operations that the real tokens take over the rate of a large matrix product.
Peers are slow, so they read the first part of the texts only, and the table says how many. Prints a table and
writes JSON. Needs torch, transformers, tokenizers and pyarrow; sentence-transformers where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
for place in (str(REPOSITORY), str(REPOSITORY / "src")):
    if place not in sys.path:
        sys.path.insert(0, place)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np  # noqa: E402
import pyarrow as pa  # noqa: E402
import pyarrow.parquet as pq  # noqa: E402

from scripts.bench_encoders import prepare_encoder  # noqa: E402
from scripts.bench_peers import (  # noqa: E402
    PIPELINE_SIZES,
    SENTENCE_SIZES,
    best_rate,
    pipeline_peer,
    sentence_peer,
)
from scripts.bench_texts import MIXES, make_texts  # noqa: E402

COUNTS = {"cuda": (200_000, 6_000, 1_024), "cpu": (600, 160, 48)}
QUICK = {"cuda": (40_000, 1_024, 256), "cpu": (96, 32, 16)}
WARM_TEXTS = {"cuda": 60_000, "cpu": 64}
CHECKED_TEXTS = {"cuda": 2_000, "cpu": 48}


@dataclass(frozen=True)
class Plan:
    """What is measured: how many texts ours reads, how many the peers, how many choose a batch size."""

    device: str
    texts: int
    peer_texts: int
    sample: int


def main() -> None:
    """Measure, print, write."""
    options = _parser().parse_args()
    started = time.perf_counter()
    device = _device(options.device)
    counts = (QUICK if options.quick else COUNTS)[device]
    plan = Plan(device, options.texts or counts[0], options.peer_texts or counts[1], counts[2])
    found: dict[str, Any] = {"machine": describe_machine(device), "quick": options.quick, "rows": []}
    say(json.dumps(found["machine"]))
    mixes = {}
    for mix in options.mix or MIXES:
        mixes[mix] = make_texts(mix, plan.texts)
        say(f"{mix}: {plan.texts:,} different texts")
    if device == "cuda":
        found["matrix_product_tflops"] = matrix_rate()
        say(f"matrix product: {found['matrix_product_tflops']:.0f} TFLOP/s in fp16")
    with tempfile.TemporaryDirectory() as folder:
        for size in options.size or ["small", "base"][: 2 if device == "cuda" else 1]:
            measure_size(size, plan, mixes, found, options, Path(folder))
    print_table(found["rows"])
    found["seconds"] = round(time.perf_counter() - started, 1)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1) + "\n")
    say(f"{found['seconds']:.0f} s; written to {options.out}")


def measure_size(
    size: str,
    plan: Plan,
    mixes: dict[str, list[str]],
    found: dict[str, Any],
    options: argparse.Namespace,
    folder: Path,
) -> None:
    """All rows of one encoder."""
    encoders, weights = prepare_encoder(size, options.encoders, folder / "encoders")
    say(f"--- {size}: {weights} weights")
    ours = Ours(size, plan, encoders, folder)
    peers = {"transformers pipeline": (pipeline_peer, PIPELINE_SIZES)}
    if not options.skip_peers:
        peers["sentence-transformers encode"] = (sentence_peer, SENTENCE_SIZES)

    def add(mix: str, what: str, **figures: Any) -> None:
        row = {"size": size, "weights": weights, "mix": mix, "what": what, **figures}
        found["rows"].append(row)
        say(f"{size:<6}{mix:<6}{what:<34}{figures.get('texts_per_second', float('nan')):>12,.0f} texts/s")

    for name, (make, sizes) in peers.items():
        attempt(name, lambda make=make, sizes=sizes, name=name: [
            add(mix, name, **best_rate(run, texts[: plan.peer_texts], sizes[plan.device], plan.sample))
            for run in [make(encoders / size, plan.device)]
            for mix, texts in mixes.items()
        ])  # fmt: skip
        free_memory(plan.device)
    for mix, texts in mixes.items():
        tokens = ours.tokens(texts)
        if plan.device == "cuda":
            attempt("floor", lambda: add(mix, "arithmetic floor", **floor(ours, tokens, found)))
            attempt("tokenizers", lambda: add(mix, "tokenizers package alone", **ours.package_rate(texts)))
            attempt("preparing", lambda: add(mix, "ours, preparing alone", **ours.preparing_rate(texts)))
            for options_name, extra in ours.variants(not options.no_compile and not options.quick):
                attempt(options_name, lambda: add(mix, f"ours, model alone{options_name}",
                        **ours.model_rate(tokens, **extra)))  # fmt: skip
        for precision in ours.precisions():
            attempt(
                precision, lambda: add(mix, f"ours, files, {precision}", **ours.files_rate(texts, precision))
            )
    for precision in ours.precisions():
        attempt(
            "check", lambda: say(f"{size}: {precision} against plain fp32: {ours.check(mixes, precision)}")
        )
        attempt("check", lambda: add("both", f"check {precision}", **ours.check(mixes, precision)))


class Ours:
    """Peachdash on one encoder."""

    def __init__(self, size: str, plan: Plan, encoders: Path, folder: Path) -> None:
        from peachdash.sentiment.registry import load_reference

        self.size, self.plan, self.encoders, self.folder = size, plan, encoders, folder
        self.reference = load_reference(REPOSITORY / "models" / f"champion-{size}")
        self.scorers: dict[tuple[str, bool], Any] = {}

    def precisions(self) -> list[str]:
        return ["fp16", "bf16"] if self.plan.device == "cuda" else ["fp32", "bf16", "int8"]

    def variants(self, fused: bool) -> list[tuple[str, dict[str, Any]]]:
        found: list[tuple[str, dict[str, Any]]] = [("", {})]
        if fused:
            found.append((", compiled", {"fused": True}))
        return found

    def scorer(self, precision: str, fused: bool = False) -> Any:
        from peachdash.sentiment.engine import Scorer

        key = (precision, fused)
        if key not in self.scorers:
            self.scorers[key] = Scorer(
                self.encoders, device=self.plan.device, precision=precision, fused=fused
            )
        return self.scorers[key]

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
            result = score_files([place / f"{name}.parquet"], place / "out", [self.reference], scorer)
        rows = sum(pq.ParquetFile(path).metadata.num_rows for path in (place / "out").glob("*.parquet"))
        if rows != len(texts):
            raise RuntimeError(f"{rows} predictions of {len(texts)} texts")
        return {"texts_per_second": len(texts) / result.seconds, "texts": len(texts), "precision": precision}

    def model_rate(self, encoded: Any, fused: bool = False) -> dict[str, Any]:
        """Tokens to probabilities in memory: what is left when preparing and files cost nothing."""
        scorer = self.scorer("fp16", fused)
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
            pieces = (Piece(None, part[start : start + 4096]) for start in range(0, len(part), 4096))
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


def attempt(name: str, work: Callable[[], object]) -> None:
    """Measure one thing; what fails is said and left out, so that the rest is measured all the same."""
    try:
        work()
    except Exception as error:
        import traceback

        say(f"{name} was not measured: {type(error).__name__}: {str(error)[:300]}")
        say("".join(traceback.format_tb(error.__traceback__)[-3:]))


def free_memory(device: str) -> None:
    if device == "cuda":
        import gc

        import torch

        gc.collect()
        torch.cuda.empty_cache()


def describe_machine(device: str) -> dict[str, Any]:
    import torch
    import transformers

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "device": torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "cpu",
        "cores": cores,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def print_table(rows: Sequence[dict[str, Any]]) -> None:
    """All rates, and each as a multiple of the pipeline's on the same texts."""
    print(f"\n{'size':<6} {'mix':<6} {'what':<34} {'texts/s':>12} {'x pipeline':>11} {'x floor':>8}  of")
    for row in rows:
        if "texts_per_second" not in row:
            continue
        same = [one for one in rows if (one["size"], one["mix"]) == (row["size"], row["mix"])]
        ratios = []
        for what, width in (("transformers pipeline", 11), ("arithmetic floor", 8)):
            other = next((one["texts_per_second"] for one in same if one["what"] == what), None)
            share = row["texts_per_second"] / other if other else None
            ratios.append(f"{share:>{width}.{1 if width == 11 else 3}f}" if share else " " * width)
        count = f"{row['texts']:,}" if "texts" in row else ""
        print(
            f"{row['size']:<6} {row['mix']:<6} {row['what']:<34} {row['texts_per_second']:>12,.1f} "
            f"{ratios[0]} {ratios[1]}  {count}"
        )


def say(line: str) -> None:
    print(line, flush=True)


def _device(wanted: str) -> str:
    from peachdash.sentiment.model import resolve_device

    return resolve_device(wanted)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few texts: a smoke run of under a minute")
    parser.add_argument("--size", action="append", choices=["small", "base"], help="default: both on a GPU")
    parser.add_argument("--mix", action="append", choices=MIXES, help="default: both")
    parser.add_argument("--texts", type=int, default=0, help="texts of each mix that ours reads")
    parser.add_argument("--peer-texts", type=int, default=0, help="texts of each mix that the peers read")
    parser.add_argument("--skip-peers", action="store_true", help="no sentence-transformers")
    parser.add_argument("--no-compile", action="store_true", help="leave out the row with torch.compile")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--encoders", type=Path, default=REPOSITORY / ".cache" / "encoders")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "bench_scoring.json")
    return parser


if __name__ == "__main__":
    main()
