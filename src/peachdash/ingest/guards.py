"""Refusals before a file is read: what is no export, or would not fit, is turned away in one sentence."""

from __future__ import annotations

import codecs
import io
import re
import zipfile

from peachdash.errors import BadInput

MAX_BYTES = 300_000_000
MAX_UNPACKED_BYTES = 1_500_000_000
MAX_PACKING_RATIO = 150
MAX_COLUMNS = 1_000
MAX_CONTROLS = 0.1
MAX_CONTROLS_EIGHT_BIT = 0.02
MIN_CONTROLS = 3
FORMATS = "CSV, JSON or XLSX"

_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"%PDF", "a PDF document; export the reviews as {formats} instead"),
    (b"\xd0\xcf\x11\xe0", "an old or locked Excel file; save it as {formats}, without a password"),
    (b"\x1f\x8b", "compressed with gzip; unpack it first"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive; unpack it first"),
    (b"Rar!", "a RAR archive; unpack it first"),
    (b"PAR1", "a Parquet file; export it as {formats} instead"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "an SQLite database; export the reviews as {formats} instead"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90", "a program"),
)
_HTML_OPENINGS = (b"<!doctype html", b"<html", b"<table", b"<?xml")
_WORKBOOK = "xl/workbook"
_CONTENT = re.compile(rb"[^ \t\r\n\0\xef\xbb\xbf]")
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\v\f\r\x1a\x1b")


def check_size(data: bytes, filename: str, max_bytes: int) -> None:
    """Refuse an empty file and one over `max_bytes`.

    Raises:
        BadInput: the file is empty or too large.
    """
    if _CONTENT.search(data) is None:
        raise BadInput(f"{filename} is empty: expected an export with a header and at least one review.")
    check_file_size(len(data), filename, max_bytes)


def check_file_size(size: int, filename: str, max_bytes: int = MAX_BYTES) -> None:
    """Refuse a file of more than `max_bytes`, before it is read into memory where its size is known.

    Raises:
        BadInput: it is too large.
    """
    if size > max_bytes:
        raise BadInput(
            f"{filename} has {size / 1e6:,.0f} MB, over the limit of {max_bytes / 1e6:,.0f} MB: "
            "split it into smaller files."
        )


def check_columns(count: int, filename: str) -> None:
    """Refuse a table of more than `MAX_COLUMNS` columns.

    Raises:
        BadInput: there are too many columns.
    """
    if count > MAX_COLUMNS:
        raise BadInput(f"{filename} has {count:,} columns; more than {MAX_COLUMNS:,} is no review export.")


def is_zip(data: bytes) -> bool:
    """Whether the file begins as a zip archive does; workbooks are such archives."""
    return data[:4] in {b"PK\x03\x04", b"PK\x05\x06"}


def check_not_binary(data: bytes, filename: str, formats: str = FORMATS) -> None:
    """Refuse what is no text: known file types by their first bytes, others by their control bytes.

    Args:
        formats: what the caller reads, for the message.

    Raises:
        BadInput: the file is no text.
    """
    for signature, what in _SIGNATURES:
        if data.startswith(signature):
            raise BadInput(f"{filename} is {what.format(formats=formats)}.")
    if data[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_HTML_OPENINGS):
        raise BadInput(f"{filename} is a web page or XML: export the reviews as {formats} instead.")
    sample = data[:65_536]
    if not _may_be_utf16(sample) and _is_binary(sample):
        raise BadInput(f"{filename} is a binary file, not text: expected {formats}.")


def check_workbook(data: bytes, filename: str) -> None:
    """Refuse a zip file that is no workbook, has macros, or would unpack to more than fits.

    Raises:
        BadInput: with what is wrong.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
        raise BadInput(f"{filename} is a damaged zip or XLSX file: {error}.") from error
    _check_entries(entries, len(data), filename)


def _check_entries(entries: list[zipfile.ZipInfo], packed: int, filename: str) -> None:
    names = [entry.filename.lower() for entry in entries]
    if filename.lower().endswith((".xlsm", ".xltm")) or any("vbaproject" in name for name in names):
        raise BadInput(f"{filename} contains macros and is not opened: save it as .xlsx without macros.")
    if any(entry.flag_bits & 1 for entry in entries):
        raise BadInput(f"{filename} is encrypted: save it without a password.")
    if not any(name.startswith(_WORKBOOK) for name in names):
        raise BadInput(f"{filename} is a zip archive, not a workbook: unpack it and import the files in it.")
    unpacked = sum(entry.file_size for entry in entries)
    crowded = unpacked > 50_000_000 and unpacked > MAX_PACKING_RATIO * packed
    if unpacked > MAX_UNPACKED_BYTES or crowded:
        raise BadInput(
            f"{filename} would unpack from {packed / 1e6:,.1f} to {unpacked / 1e6:,.0f} MB and is not "
            "opened: save the sheet with the reviews as CSV."
        )


def _may_be_utf16(sample: bytes) -> bool:
    if sample[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return True
    pairs = len(sample) // 2
    return pairs > 0 and max(sample[0::2].count(0), sample[1::2].count(0)) > 0.4 * pairs


def _is_binary(sample: bytes) -> bool:
    """Whether there are more control bytes than in text; of random bytes 25 in 256 are.

    Text that is no UTF-8 has next to none of them, so that a few are enough there; in UTF-8 they are let
    pass up to a tenth.
    """
    controls = len(sample) - len(sample.translate(None, _CONTROLS))
    share = controls / max(1, len(sample))
    if share > MAX_CONTROLS:
        return True
    return controls >= MIN_CONTROLS and share > MAX_CONTROLS_EIGHT_BIT and not _is_utf8(sample)


def _is_utf8(sample: bytes) -> bool:
    """Whether a sample is UTF-8, but for a character that its end may cut."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True
