"""`peachdash models`, `promote` and `rollback`: which model reads, and the way to another one and back."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from peachdash.command_line import Json, opened, say, start, viewer
from peachdash.config import Settings
from peachdash.errors import BadInput, JobFailed
from peachdash.jobs.candidate_requests import perform_candidate_request
from peachdash.jobs.progress import describe_run
from peachdash.jobs.runs import RunFolder

POLL_SECONDS = 0.3
Reason = Annotated[str, typer.Option(help="Why; it is kept in the history.")]
Yes = Annotated[bool, typer.Option("--yes", help="Ask nothing, even where a gate is not green.")]


def list_models(as_json: Json = False) -> None:
    """List the models that could be champion: quality, cost, and where they come from."""
    from peachdash.terminal_candidates import print_models

    with _desk(start("models")) as desk:
        print_models(desk.ask("list")["models"], as_json=as_json)


def promote(
    revision: Annotated[str, typer.Argument(metavar="REVISION", help="See `peachdash models`.")],
    reason: Reason,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Make a model the champion: measure it, show what would change, ask, and switch.

    What is on record is not measured again. Nothing is switched before all stored reviews were read, so
    that the switch is at once.
    """
    from peachdash.terminal_candidates import print_case

    _require_reason(reason)
    with _desk(start("promote")) as desk:
        for action, words in (("measure", "test reviews"), ("preview", "stored reviews")):
            desk.complete(desk.ask(action, revision=revision)["run"], words)
        case = desk.ask("case", revision=revision)
        if not as_json:
            print_case(case)
        _confirm(case, yes=yes)
        done = desk.ask(
            "promote",
            revision=case["revision"],
            reason=reason,
            expected=case["champion"],
            confirmed=True,
        )
    _print_switched({**case, **done}, as_json=as_json)


def rollback(reason: Reason, yes: Yes = False, as_json: Json = False) -> None:
    """Go back to the champion before the present one, at once: its readings are still stored."""
    _require_reason(reason)
    with _desk(start("rollback")) as desk:
        found = desk.ask("previous")
        if found["previous"] is None:
            raise BadInput(f"There is no champion before {found['champion']} to go back to.")
        if not yes:
            _require_terminal()
            question = f"Go back from {found['champion']} to {found['previous']}?"
            typer.confirm(question, abort=True, err=True)
        done = desk.ask("rollback", reason=reason, expected=found["champion"])
    _print_switched(done, as_json=as_json)


def _require_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("--reason expects why, in words, got nothing.")


def _confirm(case: dict[str, Any], *, yes: bool) -> None:
    """Ask whether to promote; where a gate is not green, the revision has to be typed."""
    if yes:
        return
    _require_terminal()
    if all(gate["state"] == "green" for gate in case["gates"]):
        typer.confirm(f"Make {case['revision']} the champion?", abort=True, err=True)
        return
    typed = typer.prompt("Not every gate is green. Type the revision to promote it all the same", err=True)
    if typed.strip() != case["revision"]:
        raise BadInput("Nothing was promoted: what was typed is not the revision.")


def _require_terminal() -> None:
    if not sys.stdin.isatty():
        raise BadInput("Nothing was switched: nobody can be asked here, so --yes has to say it is meant.")


def _print_switched(done: dict[str, Any], *, as_json: bool) -> None:
    from peachdash.terminal_candidates import print_switched

    print_switched(done, as_json=as_json)


@dataclass(frozen=True)
class _Desk:
    """Where requests are answered: in this process, or by the running `serve` where database is None."""

    settings: Settings
    database: Any

    def ask(self, action: str, **arguments: Any) -> dict[str, Any]:
        if self.database is not None:
            return perform_candidate_request(self.database, self.settings, viewer(), action, arguments)
        from peachdash.jobs.handover import hand_over

        request = {"kind": "candidates", "action": action, "arguments": arguments}
        return hand_over(self.settings, {**request, "viewer": viewer().viewer})

    def complete(self, run_id: str | None, words: str) -> None:
        """See a run to its end, and those that follow on it."""
        if run_id is None:
            say(f"{words}: on record")
            return
        from peachdash.terminal import console_progress

        run = RunFolder(self.settings.jobs / run_id)
        say(f"{words}: {int(run.request.get('texts', 0)):,} to read")
        with console_progress() as show:
            if self.database is not None:
                from peachdash.jobs.candidate_runs import run_here

                run_here(self.database, viewer(), self.settings, run, show)
            else:
                self._wait(run, show)

    def _wait(self, run: RunFolder, show: Any) -> None:
        from peachdash.jobs.serving import find_serve

        while run.state not in ("stored", "failed", "cancelled"):
            if find_serve(self.settings) is None:
                raise JobFailed("`peachdash serve` ended; it goes on with this when it is started again.")
            show(describe_run(run))
            time.sleep(POLL_SECONDS)
        if run.state in ("failed", "cancelled"):
            raise JobFailed(run.error)


@contextmanager
def _desk(settings: Settings) -> Iterator[_Desk]:
    from peachdash.jobs.serving import find_serve

    if find_serve(settings) is not None:
        yield _Desk(settings, None)
        return
    with opened(settings) as database:
        yield _Desk(settings, database)
