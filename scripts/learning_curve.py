"""What more labels bring: `python -m scripts.learning_curve [--size small] [--device auto]`.

Trains the champion's recipe on 100, 200, 400, 800, 1,200 and all train reviews, three seeds each, and writes
`models/learning_curve.json`. A minute or two on a GPU; hours on a CPU.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from peachdash.errors import BadInput, PeachdashError
from peachdash.sentiment.adapter import read_manifest
from peachdash.sentiment.corpus import load_labelled
from peachdash.sentiment.encoders import ENCODERS, locate_encoder
from peachdash.sentiment.general_text import download_general_text, load_general_text, split_by_group
from peachdash.sentiment.learning_curve import measure_learning_curve, write_learning_curve
from peachdash.sentiment.registry import ModelReference, resolve_model
from peachdash.sentiment.training_settings import TrainingSettings

DATA_SEED = 0
VALIDATION_SHARE = 0.1


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line; returns the exit status."""
    try:
        print(_measure(_parser().parse_args(arguments)))
    except PeachdashError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _measure(options: argparse.Namespace) -> Path:
    start = resolve_model(f"generic-{options.size}", options.models, options.encoders)
    settings = _with_rank_of(
        start,
        TrainingSettings(
            learning_rate=options.learning_rate, epochs=options.epochs, batch_size=options.batch_size
        ),
    )
    download_general_text(options.general_text)
    general = load_general_text(options.general_text, seed=DATA_SEED)
    runs = measure_learning_curve(
        options.size,
        load_labelled(options.data, "train"),
        load_labelled(options.data, "validation"),
        settings,
        encoder_path=locate_encoder(ENCODERS[options.size], options.encoders),
        start=start,
        replay=split_by_group(general, VALIDATION_SHARE, DATA_SEED)[0],
        device=options.device,
        on_run=lambda row: print(row, file=sys.stderr, flush=True),
    )
    return write_learning_curve(options.models, runs, settings)


def _with_rank_of(start: ModelReference, settings: TrainingSettings) -> TrainingSettings:
    if start.folder is None:
        raise BadInput(f"{start.name} has no adapter to start from.")
    manifest = read_manifest(start.folder)
    return replace(settings, lora_rank=manifest.lora_rank, lora_alpha=manifest.lora_alpha)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scripts.learning_curve", description="What more labels bring."
    )
    parser.add_argument("--size", choices=list(ENCODERS), default="small")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with reviews/ and labels/")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the model folders")
    parser.add_argument("--encoders", type=Path, default=Path(".cache/encoders"))
    parser.add_argument("--general-text", type=Path, default=Path(".cache/general-text"))
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--learning-rate", type=float, default=8e-4)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--batch-size", type=int, default=32)
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
