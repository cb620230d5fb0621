"""What a person says of a file that they import, and the file read with it: all that needs no database."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from peachdash.errors import BadInput
from peachdash.ingest import ExportRead, read_export
from peachdash.sentiment.text_columns import column_sha256s

Origin = Literal["page", "command", "inbox", "demo"]
REVIEWER_KEY_BYTES = 32


@dataclass(frozen=True)
class ImportOptions:
    """What the person who imports adds to the file.

    Attributes:
        business, source: for rows in which the file names none.
        mapping: field to column name, where the recognised mapping was corrected.
        date_order: settles dates that stay open in the whole column.
        profile: the saved profile that was taken, by its name.
        platform_count: how many reviews the platform shows for the business, to compare with.
    """

    business: str | None = None
    source: str | None = None
    mapping: dict[str, str | None] | None = None
    date_order: Literal["dmy", "mdy"] | None = None
    profile: str | None = None
    platform_count: int | None = None


@dataclass(frozen=True)
class Prepared:
    """An export that was read and checked by itself, before it is compared with what is stored.

    Attributes:
        read: what the reader found; its rows have text_sha256 beside `ROW_COLUMNS`.
        file_sha256: of the file's bytes.
    """

    read: ExportRead
    file_name: str
    file_sha256: str


def prepare_import(home: Path, data: bytes, file_name: str, options: ImportOptions) -> Prepared:
    """Read and check an export by itself.

    Raises:
        BadInput: the file cannot be used; the message says why and what to do.
    """
    read = read_export(
        data,
        file_name,
        mapping=options.mapping,
        business=options.business,
        source=options.source,
        date_order=options.date_order,
        hash_key=reviewer_key(home),
        today=dt.datetime.now(dt.UTC).date(),
    )
    hashes = column_sha256s(read.rows["title"], read.rows["text"])
    rows = read.rows.assign(text_sha256=pd.Series(hashes, index=read.rows.index, dtype="str"))
    read = ExportRead(read.recognition, rows, read.rejects, read.notes)
    return Prepared(read, Path(file_name).name, hashlib.sha256(data).hexdigest())


def reviewer_key(home: Path) -> bytes:
    """The secret with which reviewer names are hashed; made once, readable by its owner only."""
    path = home / "reviewer.key"
    try:
        key = path.read_bytes()
        if len(key) < REVIEWER_KEY_BYTES:
            raise BadInput(f"{path} is damaged. Restore it, or delete it: reviewers then count as new ones.")
        return key
    except FileNotFoundError:
        home.mkdir(parents=True, exist_ok=True)
        key = secrets.token_bytes(REVIEWER_KEY_BYTES)
        beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        beside.touch(mode=0o600)
        beside.write_bytes(key)
        with suppress(FileExistsError):
            os.link(beside, path)
        beside.unlink()
        return path.read_bytes()
