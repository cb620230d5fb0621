"""JSON and JSON Lines as columns of text: nested objects become dotted names ("reviewer.displayName")."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

from peachdash.errors import BadInput
from peachdash.ingest.decoding import find_encoding, open_text
from peachdash.ingest.guards import check_columns
from peachdash.ingest.model import BrokenRow, RawTable
from peachdash.ingest.tables import TableBuilder

PLACE_PREFIX = "place."
_LISTS = (
    "reviews",
    "reviews_data",
    "reviewsData",
    "reviewsList",
    "features",
    "data",
    "items",
    "results",
    "result",
)
_OWN_WORDS = ("text", "comment", "review", "review_text", "body")
_MAX_DEPTH = 6


def read_json(data: bytes, filename: str) -> RawTable:
    """The records of a JSON document: a list of reviews, or of places with their reviews.

    What a place says of itself is repeated in columns that start with "place.".

    Raises:
        BadInput: the document is damaged, holds no records, or has too many columns.
    """
    encoding = find_encoding(data)
    with open_text(data, encoding) as stream:
        try:
            document = json.load(stream)
        except RecursionError as error:
            raise BadInput(f"{filename} is nested too deeply to be a review export.") from error
        except ValueError as error:
            raise BadInput(f"{filename} is not valid JSON ({error}): export it again.") from error
    items = list(enumerate(_reviews_of(document, {}), start=1))
    table = _table_of(items, [], filename)
    table.container, table.encoding = "json", encoding.name
    return table


def read_json_lines(data: bytes, filename: str) -> RawTable:
    """One JSON object a line; a line that is none becomes a broken row.

    Raises:
        BadInput: no line is an object, or there are too many columns.
    """
    encoding = find_encoding(data)
    items: list[tuple[int, Any]] = []
    broken: list[BrokenRow] = []
    with open_text(data, encoding) as stream:
        for row, line in enumerate(stream, start=1):
            if not line.strip():
                continue
            try:
                items.append((row, _parse_line(line)))
            except (ValueError, RecursionError) as error:
                broken.append(BrokenRow(row, f"not a JSON object: {error}", (line.strip(),)))
    table = _table_of(items, broken, filename)
    table.container, table.encoding = "jsonl", encoding.name
    return table


def _parse_line(line: str) -> dict[str, Any]:
    value = json.loads(line)
    if not isinstance(value, dict):
        raise ValueError(f"found a {type(value).__name__}")
    return value


def _reviews_of(document: Any, place: dict[str, Any], depth: int = 0) -> Iterator[Any]:
    """The review objects of a document, each with what is known of its place."""
    if isinstance(document, list):
        for item in document:
            yield from _reviews_of(item, place, depth + 1) if depth < _MAX_DEPTH else [item]
        return
    inner = _inner_list(document)
    if inner is None or depth >= _MAX_DEPTH:
        yield place | document if isinstance(document, dict) else document
        return
    outer = {f"{PLACE_PREFIX}{name}": value for name, value in document.items() if name != inner}
    yield from _reviews_of(document[inner], place | outer, depth + 1)


def _inner_list(document: Any) -> str | None:
    """The key under which an object holds its reviews, if it does."""
    if not isinstance(document, dict) or _is_review(document):
        return None
    for name in _LISTS:
        value = document.get(name)
        if isinstance(value, list) and (not value or isinstance(value[0], dict | list)):
            return name
        if isinstance(value, dict) and _inner_list(value) is not None:
            return name
    return None


def _is_review(document: dict[str, Any]) -> bool:
    """Whether an object has words of its own, so that a list in it holds something else than reviews."""
    return any(isinstance(document.get(name), str) for name in _OWN_WORDS)


def _table_of(items: list[tuple[int, Any]], broken: list[BrokenRow], filename: str) -> RawTable:
    flat: list[tuple[int, dict[str, str]]] = []
    names: dict[str, None] = {}
    for row, item in items:
        if not isinstance(item, dict):
            reason = f"expected an object, found a {type(item).__name__}"
            broken.append(BrokenRow(row, reason, (_as_text(item) or "",)))
            continue
        cells = dict(_flatten(item))
        names.update(dict.fromkeys(cells))
        check_columns(len(names), filename)
        flat.append((row, cells))
    if not names:
        raise BadInput(f"{filename} holds no reviews: expected a list of objects.")
    builder = TableBuilder(list(names))
    for row, cells in flat:
        builder.add(row, [cells.get(name) for name in names])
    return RawTable(builder.build(), "json", broken)


def _flatten(item: dict[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, str]]:
    for name, value in item.items():
        if isinstance(value, dict) and depth < _MAX_DEPTH:
            yield from _flatten(value, f"{prefix}{name}.", depth + 1)
        elif (text := _as_text(value)) is not None:
            yield _sound(f"{prefix}{name}"), text
        else:
            yield _sound(f"{prefix}{name}"), ""


def _as_text(value: Any) -> str | None:
    if value is None or value == [] or value == {}:
        return None
    if isinstance(value, str):
        return _sound(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    return _sound(json.dumps(value, ensure_ascii=False))


def _sound(text: str) -> str:
    """Without the half characters that an escape like "\\ud83d" can leave."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def looks_like_json_lines(lines: Iterable[str]) -> bool:
    """Whether the first two filled lines are JSON objects each for itself."""
    filled = (line for line in lines if line.strip())
    first, second = next(filled, ""), next(filled, "")
    try:
        return isinstance(json.loads(first), dict) and second.lstrip().startswith("{")
    except (ValueError, RecursionError):
        return False
