"""What the command line says of its own use: wrong options in one sentence, help without types of Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand
from typer.exceptions import TyperException

_OF_A_VALUE = "Input should be"


class PlainCommand(TyperCommand):
    """A command whose help shows arguments as a manual does: `FILE...`, of type `<path>`."""

    def get_help(self, ctx: Any) -> str:
        """The help text, as wide as it was."""
        bare = re.sub(r"<list\[(\w+)\]>|<(Path)>", _single, super().get_help(ctx))
        return re.sub(r"\{([^{}\s]+)\}", r"\1", bare, count=len(self.params))


def _single(found: re.Match[str]) -> str:
    return f"<{(found[1] or found[2]).lower()}>".ljust(len(found[0]))


def given_path(words: str) -> Path:
    """The file that an option or argument names.

    Raises:
        ValueError: it names nothing; `Path` would take that for the current folder.
    """
    return Path(_named(words, "a file"))


def given_folder(words: str) -> Path:
    """As `given_path`, for a folder."""
    return Path(_named(words, "a folder"))


def given_files(words: str) -> str:
    """As `given_path`, for what may be a pattern."""
    return _named(words, "files")


def _named(words: str, kind: str) -> str:
    if not words.strip():
        raise ValueError(f"expected {kind}, got an empty name")
    return words


def wrong_use(error: TyperException) -> str:
    """What is wrong with how a command was called: which option or argument, why, and where help is."""
    context = getattr(error, "ctx", None)
    command = context.command_path if context is not None else "peachdash"
    return f"{_reason(error).rstrip('.')}. `{command} --help` lists what there is."


def _reason(error: TyperException) -> str:
    parameter = getattr(error, "param", None)
    if not isinstance(error, typer.BadParameter) or parameter is None:
        return error.format_message()
    name = str(parameter.opts[0] if parameter.param_type_name == "option" else parameter.display_name_raw)
    told = error.message.removeprefix("Value error, ")
    if not told:
        return f"{name} is missing"
    if told.startswith(_OF_A_VALUE):
        return name + told.removeprefix("Input")
    return f"{name}: {told[:1].lower()}{told[1:]}"
