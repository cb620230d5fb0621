"""How long a training and a sweep take: `python -m scripts.bench_training [--device auto] [--runs 12]`.

Trains the champion of one size once from the reviews of `--data`, continuing the generic model of `--models`
and replaying general text by its readings, then reads the test reviews and computes the figures of Before and
after. Then a grid of `--runs` settings, `--side-by-side` at a time, each measured on validation only. Prints
both and writes them to `--json`. Needs neither a database nor a dashboard.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from peachdash.errors import PeachdashError
from peachdash.sentiment.builder import BuildData, build_model
from peachdash.sentiment.corpus import load_labelled
from peachdash.sentiment.encoders import ENCODERS, locate_encoder
from peachdash.sentiment.engine import score_texts
from peachdash.sentiment.general_text import download_general_text
from peachdash.sentiment.model import resolve_device
from peachdash.sentiment.recipes import RECIPES
from peachdash.sentiment.registry import load_reference, resolve_model
from peachdash.sentiment.replay import load_split_general_text, read_replay
from peachdash.sentiment.text import text_sha256s
from peachdash.sentiment.training import train
from peachdash.sentiment.training_loop import Watch
from peachdash.sentiment.training_settings import TrainingSettings

GRID = {"learning_rate": [5e-4, 1e-3, 2e-3], "batch_size": [32, 64], "replay_share": [0.4, 0.5]}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        result = _measure(options)
    except PeachdashError as error:
        print(error, file=sys.stderr)
        return 2
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    device = resolve_device(options.device)
    settings = replace(RECIPES[options.size], epochs=options.epochs or RECIPES[options.size].epochs)
    result: dict[str, Any] = {"machine": _machine(device), "size": options.size}
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        started = time.perf_counter()
        data = _load(options, work, device)
        loaded = time.perf_counter() - started
        result["one"] = _one(options, data, settings, work, device, loaded)
        result["sweep"] = _sweep(options, data, settings, work, device) if options.runs else None
    return result


def _load(options: argparse.Namespace, work: Path, device: str) -> BuildData:
    """The data of a champion, as `peachdash.sentiment.build champion` takes them."""
    start = resolve_model(f"generic-{options.size}", options.models, options.encoders)
    download_general_text(options.general_text)
    replayed, general = load_split_general_text(options.general_text)
    replay = read_replay(replayed, start, options.cache or work, options.encoders, device)
    labelled = load_labelled(options.data, "train")
    if options.limit:
        labelled = labelled.sample(min(options.limit, len(labelled)), random_state=0).reset_index(drop=True)
    return BuildData(labelled, load_labelled(options.data, "validation"), replay, None, start, general)


def _one(
    options: argparse.Namespace,
    data: BuildData,
    settings: TrainingSettings,
    work: Path,
    device: str,
    loaded: float,
) -> dict[str, Any]:
    """One training with its evaluation, and the seconds of each part."""
    print(
        f"{options.size} on {_machine(device)}: {len(data.train):,} reviews, {len(data.replay):,} to replay"
    )
    started = time.perf_counter()
    out = work / "model"
    manifest, trained = build_model(
        "champion",
        options.size,
        data,
        settings,
        out,
        encoders_dir=options.encoders,
        device=device,
        watch=Watch(on_event=_print_epoch, checkpoint=work / "checkpoint.safetensors"),
    )
    built = time.perf_counter() - started
    started = time.perf_counter()
    figures = _evaluate(options, out, device)
    evaluated = time.perf_counter() - started
    row = {
        "seconds": round(loaded + built + evaluated, 1),
        "reading_data_seconds": round(loaded, 1),
        "training_seconds": round(trained.seconds, 1),
        "calibrating_seconds": round(built - trained.seconds, 1),
        "evaluating_seconds": round(evaluated, 1),
        "tokens": trained.tokens,
        "tokens_per_second": round(trained.tokens / trained.seconds),
        "precision": trained.precision,
        "validation": manifest.figures,
        "test": figures,
        "history": trained.history,
    }
    print(f"one training with its evaluation: {row['seconds']:.1f} s, of these")
    for key in ("reading_data_seconds", "training_seconds", "calibrating_seconds", "evaluating_seconds"):
        print(f"  {key.replace('_', ' '):24} {row[key]:8.1f}")
    print(f"  {'tokens a second':24} {row['tokens_per_second']:8,}  ({trained.precision})")
    for key, value in {**manifest.figures, **{f"test {k}": v for k, v in figures.items()}}.items():
        print(f"  {key:24} {value}")
    return row


def _evaluate(options: argparse.Namespace, folder: Path, device: str) -> dict[str, Any]:
    """Reads the test reviews with the model of a folder: macro-F1 with interval, and the "peachy" error."""
    frame = load_labelled(options.data, "test")
    read = score_texts(
        list(frame["text"]), [load_reference(folder)], encoders_dir=options.encoders, device=device
    ).to_pandas()
    keyed = frame.assign(text_sha256=text_sha256s(frame["text"])).rename(
        columns={"label": "gold", "business": "business_id"}
    )
    joined = keyed.merge(read, on="text_sha256", how="left", validate="many_to_one")
    try:
        from peachdash.evaluation.evaluate import evaluate_model
    except ModuleNotFoundError as error:
        from sklearn.metrics import f1_score

        macro = float(f1_score(joined["gold"], joined["label"], average="macro"))
        return {"n": len(joined), "macro_f1": round(macro, 4), "without": f"interval: no {error.name} here"}
    found = evaluate_model(joined)
    peachy = joined["slices"].map(lambda names: any(name.startswith("peachy") for name in names))
    wrong = (joined["label"] != joined["gold"])[peachy]
    macro = found.macro.f1
    return {
        "n": len(joined),
        "macro_f1": [round(float(value), 4) for value in (macro.value, macro.low, macro.high)],
        "peachy_error": round(float(wrong.mean()), 4),
        "peachy_n": len(wrong),
    }


def _sweep(
    options: argparse.Namespace, data: BuildData, settings: TrainingSettings, work: Path, device: str
) -> dict[str, Any]:
    """A grid of settings, several at a time, and the table of what validation says of each."""
    members = grid(settings, options.runs)
    at_once = options.side_by_side or (4 if device == "cuda" else 1)
    started = time.perf_counter()
    paths = [work / f"{name}.parquet" for name in ("train", "validation", "replay")]
    for path, frame in zip(paths, (data.train, data.validation, data.replay), strict=True):
        frame.drop(columns=["slices"], errors="ignore").to_parquet(path)
    common = (paths, f"generic-{options.size}", options.models, options.encoders, device, at_once)
    rows: list[dict[str, Any]] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context) as pool:
        jobs = [pool.submit(_member, member.to_dict(), *common) for member in members]
        for job in as_completed(jobs):
            rows.append(job.result())
            print(f"  {len(rows)}/{len(jobs)} {rows[-1]}", file=sys.stderr, flush=True)
    seconds = round(time.perf_counter() - started, 1)
    table = pd.DataFrame(rows).sort_values("macro_f1", ascending=False, ignore_index=True)
    print(f"sweep of {len(rows)} runs, {at_once} at a time: {seconds:.1f} s")
    print(table.to_string(index=False))
    return {"seconds": seconds, "side_by_side": at_once, "runs": table.to_dict("records")}


def grid(settings: TrainingSettings, runs: int) -> list[TrainingSettings]:
    """The first `runs` cells of the grid; beyond it, the same with further seeds."""
    cells = [dict(zip(GRID, values, strict=True)) for values in itertools.product(*GRID.values())]
    seeds = range(settings.seed, settings.seed + -(-runs // len(cells)))
    return [replace(settings, seed=seed, **cell) for seed in seeds for cell in cells][:runs]


def _member(
    values: dict[str, Any],
    paths: list[Path],
    start: str,
    models: Path,
    encoders: Path,
    device: str,
    at_once: int,
) -> dict[str, Any]:
    """One run of the sweep, in a process of its own."""
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // at_once))
    settings = TrainingSettings.from_dict(values)
    train_frame, validation, replay = (pd.read_parquet(path) for path in paths)
    reference = resolve_model(start, models, encoders)
    trained = train(
        settings,
        train_frame,
        validation,
        encoder_path=locate_encoder(ENCODERS[reference.size], encoders),
        start=reference,
        replay_frame=replay,
        device=device,
    )
    best = trained.history[trained.best_epoch - 1]
    return {
        **{name: values[name] for name in (*GRID, "seed")},
        "macro_f1": round(best["macro_f1"], 4),
        "validation_loss": round(best["validation_loss"], 4),
        "best_epoch": trained.best_epoch,
        "seconds": round(trained.seconds, 1),
    }


def _print_epoch(event: dict[str, Any]) -> None:
    losses = f"training {event['training_loss']:.3f}, validation {event['validation_loss']:.3f}"
    figures = f"macro-F1 {event['macro_f1']:.3f}, {event['seconds']:.1f} s"
    print(f"  epoch {event['epoch']}/{event['epochs']}, loss: {losses}, {figures}", flush=True)


def _machine(device: str) -> str:
    if device == "cuda":
        import torch

        return str(torch.cuda.get_device_name())
    return f"{os.cpu_count()} CPU cores ({platform.machine()})"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.bench_training", description="How long a training and a sweep take."
    )
    parser.add_argument("--size", choices=list(ENCODERS), default="small")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--runs", type=int, default=12, help="of the sweep; 0 leaves it out")
    parser.add_argument(
        "--side-by-side", type=int, default=0, help="runs of the sweep at a time  [4 on a GPU, else 1]"
    )
    parser.add_argument("--epochs", type=int, default=0, help="of each training  [as the recipe has it]")
    parser.add_argument("--limit", type=int, default=0, help="train on a sample of this many reviews")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with reviews/ and labels/")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the model folders")
    parser.add_argument("--encoders", type=Path, default=Path(".cache/encoders"))
    parser.add_argument("--general-text", type=Path, default=Path(".cache/general-text"))
    parser.add_argument("--cache", type=Path, help="keeps the readings of the general text")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to a file")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
