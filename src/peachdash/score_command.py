"""`peachdash score`: what the database lacks, or files to files without a database."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from peachdash.command_line import Json, active, opened, say, start, viewer
from peachdash.errors import BadInput
from peachdash.usage import given_files, given_folder

if TYPE_CHECKING:
    from peachdash.jobs.files import FilesRequest


def score(
    source: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="FILES",
            parser=given_files,
            help="Parquet files with a column of texts: a file, a folder, or a pattern in quotation marks "
            "such as 'reviews/*.parquet'; several times for several. Without it the database is read.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", parser=given_folder, help="Folder for the predictions, as Parquet parts."
        ),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"],
        typer.Option(help="local: this process; ray: actors on several GPUs or machines. Files only."),
    ] = "local",
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="As in `predict`, several times for several of one size. Files only.  [default: champion]",
        ),
    ] = None,
    text_column: Annotated[str, typer.Option(help="Column that holds the text. Files only.")] = "text",
    title_column: Annotated[
        str | None, typer.Option(help="Column of titles, read before the text. Files only.")
    ] = None,
    actors: Annotated[
        int | None,
        typer.Option(min=1, help="Actors of the Ray engine.  [default: one a GPU, or two without one]"),
    ] = None,
    as_json: Json = False,
) -> None:  # fmt: skip
    """Read every stored review that a model has not read; or Parquet files, without a database.

    With --input and --output each distinct text has one row a model in the output (text_sha256, revision,
    precision, label, p_negative, p_neutral, p_positive, needs_review); blank texts have an empty label.
    The same command again goes on where it was stopped, and reads only what is new.
    """
    if source or output:
        if not (source and output):
            raise BadInput("--input and --output belong together: name the files and a folder.")
        from peachdash.jobs.files import FilesRequest

        names, titles = tuple(model or ("champion",)), title_column
        _score_files(
            FilesRequest(tuple(source), output, names, text_column, titles, engine, actors or 0),
            as_json=as_json,
        )
        return
    if engine != "local" or model or title_column or actors or text_column != "text":
        raise BadInput("These options are for files: add --input and --output, or leave them out.")
    _score_database(as_json=as_json)


def _score_files(request: FilesRequest, *, as_json: bool) -> None:
    from peachdash.jobs.files import score_files_here
    from peachdash.terminal import files_progress

    with files_progress() as show:
        result = score_files_here(request, start("score"), show)
    speed = result.texts / max(result.seconds, 1e-9)
    if as_json:
        print(
            json.dumps(
                {
                    "rows": result.rows,
                    "read": result.texts,
                    "device": result.device,
                    "precision": result.precision,
                    "texts_per_second": round(speed, 1),
                    "output": str(request.output),
                }
            )
        )
        return
    how = f", {speed:,.0f} a second on {result.device} in {result.precision}" if result.texts else ""
    say(f"{result.rows:,} rows, {result.texts:,} new texts read{how}: {request.output}")


def _score_database(*, as_json: bool) -> None:
    from peachdash.jobs.handover import score_by_serve
    from peachdash.jobs.local import score_unread
    from peachdash.jobs.local_issues import find_issues
    from peachdash.jobs.progress import find_progress
    from peachdash.jobs.serving import find_serve
    from peachdash.terminal import console_progress
    from peachdash.workflows.models import record_models

    settings = start("score")
    if find_serve(settings) is not None:
        with console_progress() as show:
            count = score_by_serve(
                settings, viewer().viewer, on_wait=lambda: show(find_progress(settings.jobs))
            )
    else:
        with opened(settings) as database, console_progress() as show:
            models = record_models(database, viewer(), settings)
            count = score_unread(database, viewer(), settings, models, on_progress=show)
            find_issues(database, viewer(), settings, active(models), on_progress=show)
    print(json.dumps({"read": count}) if as_json else f"{count:,} new texts read")
