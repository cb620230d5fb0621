"""`peachdash labels`: labels out to a file and in from one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from peachdash.command_line import Json, opened, read_file, say, start, viewer
from peachdash.errors import BadInput
from peachdash.usage import PlainCommand, given_path

labels = typer.Typer(
    short_help="Labels by two annotators: export and import.",
    help="Labels by two annotators: export and import as CSV and as Label Studio's JSON.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
ENDINGS = (".csv", ".json")


@labels.command("export", cls=PlainCommand)
def export_labels(
    target: Annotated[
        Path, typer.Argument(metavar="OUT", parser=given_path, help="OUT.csv, or OUT.json for Label Studio.")
    ],
    task: Annotated[
        str | None, typer.Option(help="Name or id of one labelling task.  [default: all]")
    ] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Add the labels of the shipped corpus.")] = False,
    predictions: Annotated[
        bool, typer.Option("--predictions", help="Add the champion's readings (JSON).")
    ] = False,
) -> None:
    """Write labels and adjudications to a file.

    A label that one annotator alone has given is not in it, nor a reading of such a review: whoever has
    still to label it stays blind. As JSON those reviews are tasks without annotations.
    """
    from peachdash.labelling.label_csv import flat_frame
    from peachdash.labelling.label_studio import to_tasks
    from peachdash.ui.formatting import safe_csv
    from peachdash.workflows.label_exchange import from_plain

    _require_ending(target)
    if predictions and target.suffix.lower() == ".csv":
        raise BadInput("--predictions is for Label Studio's JSON; name a file that ends in .json.")
    asked = {"task": task, "shipped": shipped, "readings": predictions}
    found = from_plain(_request("export", asked))
    if target.suffix.lower() == ".csv":
        target.write_bytes(safe_csv(flat_frame(found.rows)))
    else:
        tasks = to_tasks(found.items, found.rows, found.readings)
        target.write_text(json.dumps(tasks, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    say(f"{len(found.rows):,} labels of {found.rows['review_id'].nunique():,} reviews: {target}")


@labels.command("import", cls=PlainCommand)
def import_labels(
    source: Annotated[
        Path, typer.Argument(metavar="FILE", parser=given_path, help="A CSV file, or Label Studio's JSON.")
    ],
    name: Annotated[
        str, typer.Option(help="What the labelling task is called.  [default: name of the file]")
    ] = "",
    as_json: Json = False,
) -> int:
    """Take labels by two annotators from a file.

    Reviews are found by their number and text. Rows that cannot be used are counted, with the reason. The
    exit status is 2 where that is every row.
    """
    from peachdash.terminal_labels import print_label_import

    _require_ending(source)
    data = read_file(source)
    result = _request("import", {"file_name": source.name, "name": name}, data)
    print_label_import(result, as_json=as_json)
    return 2 if result["rejected"] and not (result["accepted"] or result["known"]) else 0


def _require_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise BadInput(f"{path}: expected a name that ends in .csv or .json, which says the format.")


def _request(action: str, arguments: dict[str, Any], data: bytes = b"") -> dict[str, Any]:
    """Do it here, or have the running `serve` do it."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.sentiment.active import find_active
    from peachdash.workflows.label_exchange import perform_label_request

    settings = start("labels")
    if find_serve(settings) is not None:
        request = {"kind": "labels", "action": action, "arguments": arguments, "viewer": viewer().viewer}
        return hand_over(settings, request, data)
    with opened(settings) as database:
        return perform_label_request(database, viewer(), find_active(settings), action, arguments, data)
