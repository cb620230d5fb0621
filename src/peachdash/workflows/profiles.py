"""Named import profiles: what was settled for one file, taken again for the next one like it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from peachdash.errors import BadInput, NotFound
from peachdash.ingest import Recognition
from peachdash.ingest.readers import read_table
from peachdash.ingest.vocabulary import normalise_name
from peachdash.queries.profiles import fetch_profiles
from peachdash.records import Scope
from peachdash.storage.audit import append_audit
from peachdash.storage.catalogue import fold, load_business_names
from peachdash.storage.database import Database
from peachdash.storage.profiles import append_profile
from peachdash.workflows.importing import ImportOptions

_NAME_LETTERS = 80


def apply_profile(
    database: Database, scope: Scope, data: bytes, file_name: str, options: ImportOptions
) -> ImportOptions:
    """The options with what a saved profile adds: the named one, else one for a file of these columns.

    What was given goes before what the profile says.

    Raises:
        NotFound: there is no profile of the given name.
        BadInput: the file cannot be read, or lacks a column that the named profile takes.
    """
    with database.read() as connection:
        profiles = fetch_profiles(connection, scope)
    if options.profile is not None:
        profiles = profiles[profiles["name"].map(fold) == fold(options.profile)]
        if profiles.empty:
            raise NotFound(f"There is no import profile named {options.profile!r}.")
    if profiles.empty:
        return options
    columns = tuple(read_table(data, file_name, limit=20).frame.columns)
    found = match_profile(profiles, columns)
    if found is None and options.profile is not None:
        lacking = sorted(set(profiles.iloc[0]["columns"]) - {normalise_name(column) for column in columns})
        raise BadInput(
            f"{file_name} is no file for the profile {options.profile!r}: it lacks the column "
            f"{', '.join(map(repr, lacking[:3]))}."
        )
    return options if found is None else _with_profile(options, found, columns)


def match_profile(profiles: pd.DataFrame, columns: tuple[str, ...]) -> dict[str, Any] | None:
    """The profile for a file with these columns: all of the profile's are there; the most telling one."""
    names = {normalise_name(column) for column in columns}
    fitting = [row for row in profiles.to_dict("records") if set(row["columns"]) <= names]
    return max(fitting, key=lambda row: (len(row["columns"]), row["saved_utc"]), default=None)


def save_profile(
    database: Database, scope: Scope, name: str, recognition: Recognition, options: ImportOptions
) -> None:
    """Keep what was settled for a file under a name; a profile of the same name is replaced.

    Raises:
        BadInput: the name is blank or too long, or the business is not stored yet.
        NotFound: the viewer may not import, or another's profile bears the name.
    """
    name = " ".join(name.split())
    if not name or len(name) > _NAME_LETTERS:
        raise BadInput(f"A profile takes a name of 1 to {_NAME_LETTERS} letters, got {len(name)}.")
    if not scope.may_import:
        raise NotFound("Imports are for managers.")
    mapping = {field: normalise_name(column) for field, column in recognition.mapping.items()}
    given = options.mapping or {}
    mapping |= {field: normalise_name(column) if column else "" for field, column in given.items()}
    with database.write() as connection:
        values = {
            "name": _own_name(fetch_profiles(connection, scope), scope, name),
            "columns": sorted({normalise_name(column) for column in recognition.columns}),
            "mapping": mapping,
            "business_id": _business_id(load_business_names(connection), scope, options.business),
            "source": options.source,
            "date_order": options.date_order,
        }
        append_profile(connection, {**values, "active": True}, scope.viewer)
        append_audit(connection, scope.viewer, "save_profile", "import_profile", str(values["name"]))


def keep_profile(
    database: Database, scope: Scope, name: str, recognition: Recognition, options: ImportOptions
) -> str:
    """`save_profile` after an import, where a name is given; why it was not kept, else ''."""
    if not name:
        return ""
    try:
        save_profile(database, scope, name, recognition, options)
    except (BadInput, NotFound) as error:
        return str(error)
    return ""


def find_outgrown_profile(profiles: pd.DataFrame, columns: tuple[str, ...]) -> tuple[str, list[str]] | None:
    """The profile that a file was once read by, as it seems, and the columns of it that the file lacks.

    It has at least two columns and half of its own in common with the file. None where a profile fits, or
    none comes near.

    Args:
        profiles: as `fetch_profiles` gives them.
        columns: of the file.
    """
    if match_profile(profiles, columns) is not None:
        return None
    names = {normalise_name(column) for column in columns}
    near = [row for row in profiles.to_dict("records") if _in_common(row, names) >= 0.5]
    best = max(near, key=lambda row: _in_common(row, names), default=None)
    return None if best is None else (str(best["name"]), sorted(set(best["columns"]) - names))


def _in_common(profile: dict[str, Any], names: set[str]) -> float:
    """The share of a profile's columns that a file has; 0 where these are fewer than two."""
    common = len(set(profile["columns"]) & names)
    return common / len(set(profile["columns"])) if common >= 2 else 0.0


def remove_profile(database: Database, scope: Scope, name: str) -> None:
    """Take a profile away.

    Raises:
        NotFound: there is none of this name that the viewer may use.
    """
    with database.write() as connection:
        profiles = fetch_profiles(connection, scope)
        found = profiles[profiles["name"].map(fold) == fold(name)]
        if found.empty or not scope.may_import:
            raise NotFound(f"There is no import profile named {name!r}.")
        row = found.iloc[0].to_dict()
        names = ("name", "columns", "mapping", "business_id", "source", "date_order")
        values = {key: row[key] if isinstance(row[key], (str, list, dict)) else None for key in names}
        append_profile(connection, {**values, "active": False}, scope.viewer)
        append_audit(connection, scope.viewer, "remove_profile", "import_profile", str(row["name"]))


def perform_profile_request(
    database: Database, scope: Scope, action: str, arguments: dict[str, Any]
) -> dict[str, Any]:
    """List the profiles, or remove one: what `peachdash profiles` asks for.

    Raises:
        NotFound: there is no profile of the name.
        BadInput: the action is unknown.
    """
    if action == "remove":
        remove_profile(database, scope, **arguments)
    elif action == "save":
        columns = arguments["columns"]
        recognition = Recognition(
            "csv", "csv", None, None, mapping=arguments["mapping"], columns=tuple(columns)
        )
        save_profile(database, scope, arguments["name"], recognition, ImportOptions(**arguments["options"]))
    elif action != "list":
        raise BadInput(f"Expected list, save or remove, got {action!r}.")
    with database.read() as connection:
        profiles = fetch_profiles(connection, scope)
    shown = profiles[["name", "business", "source", "date_order", "mapping", "saved_by"]].astype(object)
    return {"profiles": shown.where(shown.notna(), None).to_dict("records")}


def _own_name(profiles: pd.DataFrame, scope: Scope, name: str) -> str:
    """The name as it is stored: whoever sees some businesses only has names of their own.

    Else a name that is taken would tell that another has a profile of it.
    """
    same = [known for known in profiles["name"] if fold(known) == fold(name)]
    if same:
        return str(same[0])
    return name if scope.business_ids is None else f"{name} ({scope.viewer})"


def _business_id(names: dict[str, str], scope: Scope, business: str | None) -> str | None:
    if business is None:
        return None
    found = names.get(fold(business))
    if found is None or not scope.allows(found):
        raise BadInput(
            f"There is no business named {business!r} yet: import the file, then save the profile."
        )
    return found


def _with_profile(options: ImportOptions, profile: dict[str, Any], columns: tuple[str, ...]) -> ImportOptions:
    by_name = {normalise_name(column): column for column in reversed(columns)}
    saved = {field: by_name.get(name) if name else None for field, name in profile["mapping"].items()}
    given = options.mapping or {}
    taken = set(given.values()) - {None}
    kept = {field: column for field, column in saved.items() if column not in taken}
    return replace(
        options,
        profile=profile["name"],
        mapping={**kept, **given},
        business=options.business or _text(profile["business"]),
        source=options.source or _text(profile["source"]),
        date_order=options.date_order or _text(profile["date_order"]),
    )


def _text(value: object) -> Any:
    return value if isinstance(value, str) and value else None
