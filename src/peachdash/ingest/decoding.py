"""The text encoding of a file: byte order mark, UTF-8, or an eight-bit encoding of Windows or Mac."""

from __future__ import annotations

import codecs
import io
import re
from dataclasses import dataclass

from charset_normalizer import from_bytes

_BLOCK_BYTES = 1 << 20
_SAMPLE_BYTES = 200_000
_STRAY = "peachdash_stray_bytes"
_STRAY_NOTE = "Some bytes were not UTF-8 and were read as Windows-1252."
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_EIGHT_BIT = ("cp1252", "mac_roman")


@dataclass(frozen=True)
class Encoding:
    """A codec, how it treats bytes that it cannot read, and what the user should know of that."""

    name: str
    errors: str = "strict"
    note: str | None = None


def find_encoding(data: bytes) -> Encoding:
    """The encoding of a text file; never fails, at worst some characters are replaced (see `note`).

    UTF-8 with stray bytes of another encoding stays UTF-8, and the stray bytes are read as Windows-1252.
    """
    for mark, name in _MARKS:
        if data.startswith(mark):
            return Encoding(name) if _decodes(data, name) else _with_losses(name)
    name = _unmarked_utf16(data) or "utf-8"
    if _decodes(data, name):
        return Encoding(name)
    return _find_eight_bit(_lines_beyond_ascii(data)) if name == "utf-8" else _with_losses(name)


def open_text(data: bytes, encoding: Encoding) -> io.TextIOWrapper:
    """The file as a stream of text with its line endings untouched."""
    codecs.register_error(_STRAY, _read_as_cp1252)
    return io.TextIOWrapper(io.BytesIO(data), encoding=encoding.name, errors=encoding.errors, newline="")


def _read_as_cp1252(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("cp1252", errors="replace"), error.end


def _with_losses(name: str) -> Encoding:
    if name == "utf-8-sig":
        return Encoding(name, _STRAY, _STRAY_NOTE)
    return Encoding(name, "replace", f"Some bytes could not be read as {name.upper()} and were replaced.")


def _decodes(data: bytes, name: str) -> bool:
    decoder = codecs.getincrementaldecoder(name)()
    try:
        for start in range(0, len(data), _BLOCK_BYTES):
            decoder.decode(data[start : start + _BLOCK_BYTES])
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def _unmarked_utf16(data: bytes) -> str | None:
    sample = data[: 2 * (min(len(data), 4_000) // 2)]
    pairs = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if pairs and odd > 0.4 * pairs and even < 0.1 * pairs:
        return "utf-16-le"
    if pairs and even > 0.4 * pairs and odd < 0.1 * pairs:
        return "utf-16-be"
    return None


def _lines_beyond_ascii(data: bytes) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    for line in re.finditer(rb"[^\r\n]+", data):
        if not line.group().isascii():
            lines.append(line.group())
            size += len(line.group())
        if size > _SAMPLE_BYTES:
            break
    return lines


def _find_eight_bit(lines: list[bytes]) -> Encoding:
    if 2 * sum(_decodes(line, "utf-8") for line in lines) >= len(lines):
        return Encoding("utf-8", _STRAY, _STRAY_NOTE)
    sample = b"\n".join(lines)
    scores = {name: _plausibility(sample.decode(name, errors="replace")) for name in _EIGHT_BIT}
    name = max(_EIGHT_BIT, key=lambda candidate: scores[candidate])
    if scores[name] < 0:
        best = from_bytes(sample).best()
        name = best.encoding if best is not None else name
    note = f"The file is neither UTF-8 nor marked; it was read as {name}."
    return Encoding(name, "replace", note)


_SIGNS: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"(?<=[A-Za-z])\u2019(?=(?:s|t|re|ve|ll|d|m)\b)"), 3.0),
    (re.compile(r"(?:(?<=\s)|(?<=^))[\u201c\u2018](?=\w)|(?<=[\w.!?,])[\u201d\u2019](?=[\s.,!?]|$)"), 2.0),
    (re.compile(r"(?<=\w)\u2026|(?<=[\s\w])[\u2013\u2014](?=\s)|(?<=\d)\u2013(?=\d)"), 2.0),
    (re.compile(r"[\u20ac\u00a3](?=\d)"), 2.0),
    (re.compile(r"(?<=[A-Za-z])\u2014(?=[A-Za-z])"), 1.5),
    (re.compile(r"[\u00e0-\u00f6\u00f8-\u00ff\u00df]"), 1.0),
    (re.compile(r"\b[\u00c0-\u00d6\u00d8-\u00de](?=[a-z])"), 0.5),
    (re.compile(r"[\u00a0\u00b0\u00ae\u00a9\u2122\u00bd\u2022]"), 0.5),
    (re.compile(r"(?<=[a-z])[\u00c0-\u00d6\u00d8-\u00de\u0160\u0178\u017d\u0152]"), -2.0),
    (re.compile(r"(?<=[A-Za-z])[\u2013\u2018\u201c\u0192\u02c6\u2030\u2039](?=[a-z])"), -2.0),
    (re.compile(r"[\u2020\u2021\u00b6\u00ac\u2206\u221e\u2202\u02dc\u02c6\u0192\u0131]"), -1.0),
    (re.compile(r"[\ufffd\x81\x8d\x8f\x90\x9d]"), -1.0),
)


def _plausibility(text: str) -> float:
    """Evidence that text of a western language was decoded with the right eight-bit code: over 0 is for it.

    The signs are the characters' neighbours: an apostrophe stands in "don't", no capital ends "café".
    charset-normalizer, asked to choose between these two encodings, read half of the Mac files as Windows.
    """
    return sum(weight * len(pattern.findall(text)) for pattern, weight in _SIGNS)
