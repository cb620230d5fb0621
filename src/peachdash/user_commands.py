"""`peachdash users`: people on the command line, the first admin above all."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from peachdash.command_line import Json, opened, start, viewer
from peachdash.records import Role
from peachdash.usage import PlainCommand

users = typer.Typer(
    short_help="People of the server mode: list, add, change.",
    help="People of the server mode: list, add, change, assign to clients, deactivate.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="As the sign-in provider knows it.")]


@users.command("list")
def list_users(as_json: Json = False) -> None:
    """List everybody with role and clients."""
    _request("list", {}, as_json=as_json)


@users.command("add", cls=PlainCommand)
def add(
    email: Email,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    name: Annotated[str, typer.Option(help="What they are called.")] = "",
    client: Annotated[
        list[str] | None,
        typer.Option(metavar="CLIENT", help="Client of a manager or client, several times for several."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Let somebody sign in."""
    arguments = {"email": email, "role": role.value, "name": name, "clients": client or []}
    _request("add", arguments, as_json=as_json)


@users.command("change", cls=PlainCommand)
def change(
    email: Email,
    role: Annotated[Role | None, typer.Option(help="Another role.")] = None,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    as_json: Json = False,
) -> None:
    """Give somebody another role or name."""
    _request("change", {"email": email, "role": role and role.value, "name": name}, as_json=as_json)


@users.command("deactivate", cls=PlainCommand)
def deactivate(email: Email, as_json: Json = False) -> None:
    """Keep somebody out, at once and in every browser."""
    _request("change", {"email": email, "active": False}, as_json=as_json)


@users.command("activate", cls=PlainCommand)
def activate(email: Email, as_json: Json = False) -> None:
    """Let somebody in again."""
    _request("change", {"email": email, "active": True}, as_json=as_json)


@users.command("assign", cls=PlainCommand)
def assign(
    email: Email,
    client: Annotated[str, typer.Argument(metavar="CLIENT", help="Name or id of the client.")],
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take the client away instead.")] = False,
    as_json: Json = False,
) -> None:
    """Show a manager or client the businesses of a client."""
    arguments = {"email": email, "client": client, "assigned": not withdraw}
    _request("assign", arguments, as_json=as_json)


@users.command("sign-out", cls=PlainCommand)
def sign_out(
    email: Email,
    new_account: Annotated[
        bool, typer.Option("--new-account", help="Let another account with this e-mail take their place.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Sign somebody out in every browser."""
    _request("sign_out", {"email": email, "forget_identity": new_account}, as_json=as_json)


def _request(action: str, arguments: dict[str, Any], *, as_json: bool) -> None:
    """Do it here, or have the running `serve` do it; then print everybody."""
    from peachdash.jobs.handover import hand_over
    from peachdash.jobs.serving import find_serve
    from peachdash.terminal import print_people
    from peachdash.workflows.people_requests import perform_people_request

    settings = start("users")
    if find_serve(settings) is not None:
        request = {"kind": "people", "action": action, "arguments": arguments, "viewer": viewer().viewer}
        result = hand_over(settings, request)
    else:
        with opened(settings) as database:
            result = perform_people_request(database, viewer(), action, arguments)
    print_people(result["people"], as_json=as_json)
