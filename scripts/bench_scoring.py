"""How fast this machine scores, beside its peers, on the same texts and in one run.

    python -m scripts.bench_scoring [--quick] [--size small --size base] [--texts N] [--encoders FOLDER]

In turn: transformers' pipeline and sentence-transformers' encode at their best batch sizes, then Peachdash
from text Parquet to prediction Parquet, start-up excluded. On a GPU also the model alone, the tokenizer alone
and the arithmetic floor: the operations that the real tokens take over the rate of a large matrix product.
Peers are slow, so they read the first part of the texts only, and the table says how many. Prints a table and
writes JSON. Needs torch, transformers, tokenizers and pyarrow; sentence-transformers where it is installed.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
for place in (str(REPOSITORY), str(REPOSITORY / "src")):
    if place not in sys.path:
        sys.path.insert(0, place)
os.environ.setdefault("HF_HUB_OFFLINE", "1")

from scripts.bench_encoders import prepare_encoder  # noqa: E402
from scripts.bench_ours import Ours, Plan, floor, matrix_rate  # noqa: E402
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
    rows = Rows(found["rows"], size, weights)
    peers = {"transformers pipeline": (pipeline_peer, PIPELINE_SIZES)}
    if not options.skip_peers:
        peers["sentence-transformers encode"] = (sentence_peer, SENTENCE_SIZES)
    for name, (make, sizes) in peers.items():
        attempt(name, measure_peer, rows, name, partial(make, encoders / size), sizes, plan, mixes)
        free_memory(plan.device)
    ours = Ours(size, plan, encoders, folder)
    for mix, texts in mixes.items():
        if plan.device == "cuda":
            attempt("bounds", measure_bounds, rows, mix, ours, texts, found)
        for precision in ours.precisions():
            attempt(precision, measure_files, rows, mix, ours, texts, precision)
    for precision in ours.precisions():
        attempt("check", rows.check, precision, ours, mixes)


def measure_files(rows: Rows, mix: str, ours: Ours, texts: list[str], precision: str) -> None:
    rows.add(mix, f"ours, files, {precision}", ours.files_rate(texts, precision))


class Rows:
    """The rows of one encoder, printed as they come."""

    def __init__(self, rows: list[dict[str, Any]], size: str, weights: str) -> None:
        self._rows, self._same = rows, {"size": size, "weights": weights}

    def add(self, mix: str, what: str, figures: dict[str, Any]) -> None:
        self._rows.append({**self._same, "mix": mix, "what": what, **figures})
        core = figures.get("texts_per_core_second")
        busy = f", {core:,.0f} a second of one core" if core else ""
        say(f"{self._same['size']:<6}{mix:<6}{what:<34}{figures['texts_per_second']:>12,.0f} texts/s{busy}")

    def check(self, precision: str, ours: Ours, mixes: dict[str, list[str]]) -> None:
        """Whether a precision reads as plain fp32 does."""
        figures = ours.check(mixes, precision)
        self._rows.append({**self._same, "mix": "both", "what": f"check {precision}", **figures})
        say(f"{self._same['size']}: {precision} against plain fp32, one by one: {figures}")


def measure_peer(
    rows: Rows,
    name: str,
    make: Callable[[str], Any],
    sizes: dict[str, Any],
    plan: Plan,
    mixes: dict[str, list[str]],
) -> None:
    run = make(plan.device)
    for mix, texts in mixes.items():
        rows.add(mix, name, best_rate(run, texts[: plan.peer_texts], sizes[plan.device], plan.sample))


def measure_bounds(rows: Rows, mix: str, ours: Ours, texts: list[str], found: dict[str, Any]) -> None:
    """What bounds a GPU: the arithmetic, the tokenizer, the preparing, the model."""
    tokens = ours.tokens(texts)
    rows.add(mix, "arithmetic floor", floor(ours, tokens, found))
    rows.add(mix, "tokenizers package alone", ours.package_rate(texts))
    rows.add(mix, "ours, preparing alone", ours.preparing_rate(texts))
    rows.add(mix, "ours, model alone", ours.model_rate(tokens))


def attempt(name: str, work: Callable[..., None], *arguments: Any) -> None:
    """Measure one thing; what fails is said and left out, so that the rest is measured all the same."""
    try:
        work(*arguments)
    except Exception as error:
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


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """The options of a benchmark that reads texts of one mix: which, by what, and where the figures go."""
    parser.add_argument("--mix", default="short", choices=MIXES)
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--encoders", type=Path, default=REPOSITORY / ".cache" / "encoders")
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--quick", action="store_true", help="few texts: a smoke run of under a minute")
    parser.add_argument("--size", action="append", choices=["small", "base"], help="default: both on a GPU")
    parser.add_argument("--mix", action="append", choices=MIXES, help="default: both")
    parser.add_argument("--texts", type=int, default=0, help="texts of each mix that ours reads")
    parser.add_argument("--peer-texts", type=int, default=0, help="texts of each mix that the peers read")
    parser.add_argument("--skip-peers", action="store_true", help="no sentence-transformers")
    parser.add_argument("--device", default="auto", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--encoders", type=Path, default=REPOSITORY / ".cache" / "encoders")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "build" / "bench_scoring.json")
    return parser


if __name__ == "__main__":
    main()
