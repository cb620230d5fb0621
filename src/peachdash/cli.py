"""The `peachdash` command. Exit status: 0 done, 2 wrong use or bad input, 1 a fault of ours."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer
from typer.exceptions import TyperException

from peachdash import __version__
from peachdash.candidate_commands import list_models, promote, rollback
from peachdash.command_line import Json, active, opened, require_no_serve, say, start, viewer
from peachdash.config import load_settings
from peachdash.errors import DatabaseFailed, JobFailed, PeachdashError
from peachdash.import_commands import import_files, list_profiles
from peachdash.label_commands import labels
from peachdash.score_command import score
from peachdash.training_commands import data_sets, sweep, train
from peachdash.usage import PlainCommand, given_folder, given_path, wrong_use
from peachdash.user_commands import users

app = typer.Typer(
    name="peachdash",
    help="Customer reviews of local businesses, read by a model that knows the town.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(users, name="users")
app.add_typer(labels, name="labels")
app.add_typer(data_sets, name="dataset")
app.command(short_help="Read what a model has not read yet, or Parquet files.")(score)
app.command()(train)
app.command(short_help="Try several settings, and print which read best.")(sweep)


def main() -> None:
    """Entry of the console command: known errors become one line on standard error."""
    if len(sys.argv) == 1:
        sys.argv.append("--help")
    try:
        status = app(prog_name="peachdash", standalone_mode=False)
        sys.stdout.flush()
    except PeachdashError as error:
        stop(str(error), 1 if isinstance(error, (JobFailed, DatabaseFailed)) else 2)
    except (typer.Abort, KeyboardInterrupt):
        stop("stopped; run the same command again to go on.", 130)
    except TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # its message is the help of a group
            print(error, file=sys.stderr)
            sys.exit(2)
        stop(wrong_use(error), 2)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        stop(f"{place}{error.strerror or error}.", 2)
    else:
        sys.exit(status if isinstance(status, int) else 0)


def stop(message: str, status: int) -> NoReturn:
    """End with one line on standard error."""
    print("peachdash: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(status)


@app.command()
def setup(
    demo: Annotated[bool, typer.Option(help="Load the demo businesses, reviews and labels.")] = True,
) -> None:
    """Create the database, load the demo and read its reviews. Repeating it skips what is done."""
    from peachdash.jobs.local import score_unread
    from peachdash.jobs.local_issues import find_issues
    from peachdash.terminal import console_progress
    from peachdash.workflows.models import record_models
    from peachdash.workflows.setup import load_demo

    settings = start("setup")
    require_no_serve(settings, "setup")
    with opened(settings) as database:
        say(f"database: {database.engine.url.database}")
        if demo:
            load_demo(database, viewer(), settings.data, say)
        models = record_models(database, viewer(), settings)
        say(f"champion {models[0].revision}, generic {models[1].revision}")
        with console_progress() as show:
            count = score_unread(database, viewer(), settings, models, on_progress=show)
        say(f"read {count:,} new texts" if count else "every text has been read")
        with console_progress() as show:
            found = find_issues(database, viewer(), settings, active(models), on_progress=show)
        say("complaints grouped into issues" if found else "every complaint is in an issue")


@app.command()
def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on.  [default: 8501]")] = None,
    address: Annotated[
        str | None,
        typer.Option(
            help="Address to listen on; another than 127.0.0.1 in server mode only.  [default: 127.0.0.1]"
        ),
    ] = None,
    browser: Annotated[bool, typer.Option(help="Open a browser (local mode).")] = True,
) -> None:
    """Open the dashboard and keep reading what is imported.

    In local mode it is for you on this machine; with PEACHDASH_MODE=server people sign in.
    """
    from peachdash.serve import serve_dashboard

    serve_dashboard(load_settings(), port=port, address=address, browser=browser)


@app.command(cls=PlainCommand)
def predict(
    source: Annotated[Path, typer.Argument(metavar="IN.csv", parser=given_path, help="Reviews, one a row.")],
    target: Annotated[
        Path,
        typer.Argument(
            metavar="OUT.csv", parser=given_path, help="Where to write the same rows with readings."
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            help="champion, champion-small, champion-base, generic, generic-small, generic-base, lexicon, "
            "a revision, or hub:<id>."
        ),
    ] = "champion",
    text_column: Annotated[str, typer.Option(help="Column that holds the text.")] = "text",
) -> None:
    """Read the reviews of a CSV file with a model. Needs no database.

    The rows keep their order; label (the most probable one), p_negative, p_neutral, p_positive and
    needs_review are added. A blank text has an empty label and probabilities, and needs review.
    """
    from peachdash.sentiment.active import find_model
    from peachdash.terminal import count_progress
    from peachdash.workflows.predict import predict_file

    settings = load_settings()
    reference = find_model(model, settings)
    with count_progress("predictions") as show:
        count = predict_file(source, target, reference, settings, text_column=text_column, on_progress=show)
    say(f"{count:,} rows read by {reference.name} ({reference.revision}): {target}")


app.command("import", cls=PlainCommand)(import_files)
app.command("profiles")(list_profiles)
app.command("models", short_help="List the models that could be champion.")(list_models)
app.command(cls=PlainCommand, short_help="Make a model the champion, after showing what changes.")(promote)
app.command(short_help="Go back to the champion before the present one.")(rollback)


@app.command()
def evaluate(
    model: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Model to measure, several times for several.  [default: lexicon and both sizes]",
        ),
    ] = None,
    real_sets: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            parser=given_folder,
            help="Folder with published review sets in `reviews/`; nothing happens without one.  "
            "[default: PEACHDASH_REAL_SETS, else ../shared/data]",
        ),
    ] = None,
    real_set: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SET", help="Published set to measure on.  [default: those with labels from people]"
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure models on the held-out labelled reviews. Figures of a revision are computed once."""
    from peachdash.evaluation.real_sets import DEFAULT_SETS
    from peachdash.jobs import evaluating
    from peachdash.terminal import console_progress, named_progress
    from peachdash.terminal_figures import EvaluationReport, print_evaluation

    settings = start("evaluate")
    require_no_serve(settings, "evaluate")
    models, sets = evaluating.models_to_measure(settings, model or ()), tuple(real_set or DEFAULT_SETS)
    with opened(settings) as database:
        with console_progress() as show:
            results = evaluating.measure_held_out(database, viewer(), settings, models, show)
        costs = evaluating.measure_costs(database, viewer(), settings, models)
        with named_progress() as show_named:
            published = evaluating.measure_real_sets(
                database, viewer(), settings, models, real_sets or settings.real_sets, sets, show_named
            )
        pairs = evaluating.compare_measured(database, viewer(), models)
    print_evaluation(EvaluationReport(results, pairs, costs, published), as_json=as_json)


@app.command(short_help="Say what customers of a business complain about.")
def complaints(
    business: Annotated[str, typer.Option(help="Name or id of the business.")],
    as_json: Json = False,
) -> None:
    """Say what customers of a business complain about, since when, and what is new or rising."""
    from peachdash.jobs.complaint_report import report_complaints
    from peachdash.terminal import console_progress, print_complaints

    settings = start("complaints")
    with console_progress() as show:
        result = report_complaints(settings, viewer(), business, show)
    print_complaints(result, as_json=as_json)


@app.command()
def status(as_json: Json = False) -> None:
    """Say what is installed, stored and waiting."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.jobs.speed import find_speed
    from peachdash.terminal import print_status
    from peachdash.workflows.status import describe_status

    settings = start("status")
    running = find_serve(settings)
    if running is not None:
        result = hand_over(settings, {"kind": "status"})
        result["serving"] = {"pid": running.pid, "port": running.port}
    else:
        with opened(settings) as database:
            result = describe_status(database, viewer(), settings)
        result["last_scoring"] = find_speed(settings.jobs)
        result["serving"] = None
    print_status(result, as_json=as_json)


@app.command()
def optimise() -> None:
    """Rewrite the stored reviews in the order that makes pages fast. Do it after large imports."""
    from peachdash.workflows.maintenance import optimise as rewrite

    settings = start("optimise")
    require_no_serve(settings, "optimise")
    with opened(settings) as database:
        say(f"{rewrite(database, viewer()):,} reviews lie in the order of business and date")


@app.command()
def version() -> None:
    """Print the version."""
    print(__version__)


if __name__ == "__main__":
    main()
