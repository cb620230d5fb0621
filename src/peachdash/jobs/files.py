"""Files to files, for the command: which files and models, which engine, and what is remembered of it."""

from __future__ import annotations

import glob
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.jobs.scoring import make_scorer
from peachdash.jobs.speed import remember_speed
from peachdash.sentiment.active import find_model
from peachdash.sentiment.registry import ModelReference

if TYPE_CHECKING:
    from peachdash.sentiment.file_run import FilesProgress, FilesResult


@dataclass(frozen=True)
class FilesRequest:
    """What `peachdash score --input … --output …` asks for.

    Attributes:
        patterns: Parquet files, folders of them, or patterns such as `reviews/*.parquet`.
        output: folder for the predictions.
        models: names of the `--model` option.
        text_column, title_column: columns of the input; no title where it is None.
        engine: local or ray.
        actors: of the Ray engine; 0 means one for each GPU, or two without one.
    """

    patterns: tuple[str, ...]
    output: Path
    models: tuple[str, ...] = ("champion",)
    text_column: str = "text"
    title_column: str | None = None
    engine: str = "local"
    actors: int = 0


def score_files_here(
    request: FilesRequest,
    settings: Settings,
    on_progress: Callable[[FilesProgress], None] = lambda progress: None,
) -> FilesResult:
    """Score Parquet files into a folder of predictions; the database is not opened.

    Raises:
        BadInput: the request cannot be carried out; the message says what to change.
        ModelUnavailable: a model cannot be loaded, or Ray is not installed.
    """
    inputs = find_inputs(request.patterns, request.output)
    models = [find_model(name, settings) for name in request.models]
    models = list({model.revision: model for model in models}.values())
    if request.engine == "ray":
        result = _by_ray(request, settings, inputs, models, on_progress)
    else:
        from peachdash.sentiment.files import score_files

        result = score_files(
            inputs,
            request.output,
            models,
            make_scorer(settings),
            text_column=request.text_column,
            title_column=request.title_column,
            on_progress=on_progress,
        )
    if result.texts:
        remember_speed(settings.jobs, result.device, result.precision, result.texts, result.seconds)
    return result


def find_inputs(patterns: Sequence[str], output: Path) -> list[Path]:
    """The Parquet files that patterns name, each once, in order; those of the output are none of them.

    What exists by the very name is taken, whatever brackets it has.

    Raises:
        BadInput: a pattern names no file, or only files of the output folder.
    """
    found: dict[Path, None] = {}
    for pattern in patterns:
        named = _named(pattern)
        files = [path for path in named if path.parent.resolve() != output.resolve()]
        if named and not files:
            raise BadInput(
                f"The output folder {output} holds the input {pattern}: choose another folder for the output."
            )
        if not files:
            raise BadInput(f"{pattern} names no file: expected Parquet files with a column of texts.")
        found |= dict.fromkeys(files)
    return list(found)


def _named(pattern: str) -> list[Path]:
    if Path(pattern).is_file():
        return [Path(pattern)]
    wanted = f"{glob.escape(pattern)}/*.parquet" if Path(pattern).is_dir() else pattern
    names = sorted(glob.glob(wanted, recursive=True))  # noqa: PTH207
    return [Path(name) for name in names if Path(name).is_file()]


def _by_ray(
    request: FilesRequest,
    settings: Settings,
    inputs: Sequence[Path],
    models: Sequence[ModelReference],
    on_progress: Callable[[FilesProgress], None],
) -> FilesResult:
    from peachdash.sentiment.ray_engine import RayPlan, score_files_by_ray

    plan = RayPlan(
        encoders_dir=settings.encoders,
        device=settings.device,
        batch_tokens=settings.batch_tokens,
        actors=request.actors,
        text_column=request.text_column,
        title_column=request.title_column,
    )
    return score_files_by_ray(inputs, request.output, models, plan, on_progress)
