"""`peachdash import` and `peachdash profiles`: exports in, and what was settled for files of one kind."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from peachdash.command_line import Json, opened, read_file, say, start, viewer
from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed
from peachdash.usage import given_path

POLL_SECONDS = 0.2


def import_files(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", parser=given_path, help="Review exports.")],
    business: Annotated[str | None, typer.Option(help="Business of rows that name none.")] = None,
    source: Annotated[
        str | None, typer.Option(help="Source (google, yelp, …) of rows that name none.")
    ] = None,
    date_order: Annotated[
        Literal["dmy", "mdy"] | None,
        typer.Option(help="Order of day and month where the dates leave it open."),
    ] = None,
    map_: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Correct one column; FIELD= for none."),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="Take a saved profile.  [default: one that fits]")
    ] = None,
    save_profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Keep what was settled as a profile.")
    ] = None,
    platform_count: Annotated[
        int | None, typer.Option(min=0, help="Reviews that the platform shows, to compare with.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Say what would be stored, and store nothing.")
    ] = False,
    rejects: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.csv",
            parser=given_path,
            help="Write the rejected rows, to be corrected and imported.",
        ),
    ] = None,
    as_json: Json = False,
) -> int:
    """Import review exports. Rows that are stored already are counted, not stored again.

    With --json one object a line is printed for each file. The exit status is 2 where every row of a file
    was rejected.
    """
    from peachdash.terminal import print_import
    from peachdash.workflows.importing import ImportOptions

    if rejects is not None and len(files) > 1:
        raise BadInput(f"--rejects takes the rows of one file, got {len(files)} files.")
    settings = start("import")
    options = ImportOptions(business, source, _mapping(map_ or []), date_order, profile, platform_count)
    status = 0
    for file in files:
        data = read_file(file)
        result = _import_one(settings, data, file, options, check=check)
        if save_profile is not None and not check:
            _save_profile(settings, save_profile, data, file, result, options)
        if rejects is not None:
            _write_rejects(data, file, result, rejects)
        print_import(result, as_json=as_json, file=file.name if len(files) > 1 else None)
        if result["rejected"] and not (result["accepted"] or result["duplicates"]):
            status = 2
    return status


def list_profiles(
    remove: Annotated[str | None, typer.Option(metavar="NAME", help="Take a profile away.")] = None,
    as_json: Json = False,
) -> None:
    """List the import profiles that were saved, or take one away."""
    from peachdash.terminal import print_profiles

    arguments = {} if remove is None else {"name": remove}
    answer = _ask(start("profiles"), "list" if remove is None else "remove", arguments)
    print_profiles(answer["profiles"], as_json=as_json)


def _mapping(pairs: list[str]) -> dict[str, str | None] | None:
    mapping: dict[str, str | None] = {}
    for pair in pairs:
        field, sign, column = pair.partition("=")
        if not sign:
            raise BadInput(f"--map expects FIELD=COLUMN, such as text=Comment, got {pair!r}.")
        mapping[field.strip()] = column or None
    return mapping or None


def _import_one(settings: Settings, data: bytes, file: Path, options: Any, *, check: bool) -> dict[str, Any]:
    """The outcome of one file, stored here or by the running `serve`."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.workflows.import_plan import plan_result
    from peachdash.workflows.imports import import_export, plan_import

    if find_serve(settings) is not None:
        asked = {"kind": "import", "file_name": file.name, "options": asdict(options), "check": check}
        answer = hand_over(settings, {**asked, "viewer": viewer().viewer}, data)
        return _wait_for(settings, answer["run"]) if "run" in answer else answer
    with opened(settings) as database:
        if check:
            return plan_result(
                plan_import(database, viewer(), settings.home, data, file.name, options)
            ).to_dict()
        return import_export(database, viewer(), settings.home, data, file.name, options, "command").to_dict()


def _wait_for(settings: Settings, run_id: str) -> dict[str, Any]:
    """The outcome of a large import that `serve` has in its hands."""
    from peachdash import errors
    from peachdash.jobs.runs import RunFolder, read_json
    from peachdash.jobs.serving import find_serve

    run, told = RunFolder(settings.jobs / run_id), ""
    while run.state not in ("stored", "failed"):
        if find_serve(settings) is None:
            raise JobFailed("`peachdash serve` ended; it goes on with this import when it is started again.")
        words = {"queued": "waits", "running": "is read", "done": "is stored"}.get(run.state, "")
        if words and words != told:
            say(f"{run.request.get('file_name')} {words}")
        told = words
        time.sleep(POLL_SECONDS)
    result = read_json(run.path / "result.json")
    if run.state == "failed":
        kind = getattr(errors, str(result.get("kind")), JobFailed)
        raise kind(run.error)
    return result


def _save_profile(
    settings: Settings, name: str, data: bytes, file: Path, result: dict[str, Any], options: Any
) -> None:
    from peachdash.ingest.readers import read_table

    columns = list(read_table(data, file.name, limit=20).frame.columns)
    arguments = {"name": name, "columns": columns, "mapping": result["mapping"], "options": asdict(options)}
    _ask(settings, "save", arguments)
    say(f"profile saved: {name}")


def _ask(settings: Settings, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The answer to a request about profiles, given here or by the running `serve`."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.workflows.profiles import perform_profile_request

    if find_serve(settings) is not None:
        request = {"kind": "profiles", "action": action, "arguments": arguments}
        return hand_over(settings, {**request, "viewer": viewer().viewer})
    with opened(settings) as database:
        return perform_profile_request(database, viewer(), action, arguments)


def _write_rejects(data: bytes, file: Path, result: dict[str, Any], target: Path) -> None:
    import pandas as pd

    from peachdash.ingest.readers import read_table
    from peachdash.ingest.rejecting import mendable
    from peachdash.ui.formatting import safe_csv

    rejects = pd.DataFrame(result["rejects"], columns=["row", "column", "reason"])
    target.write_bytes(safe_csv(mendable(read_table(data, file.name), rejects)))
    say(f"{len(rejects):,} rejected rows: {target}")
