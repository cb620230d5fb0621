"""What is turned away, and that each refusal says why in one line."""

from __future__ import annotations

import io
import random
import zipfile

import openpyxl
import pytest

from peachdash.errors import BadInput
from peachdash.ingest import guards
from peachdash.ingest.readers import read_table


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return stream.getvalue()


def small_workbook() -> bytes:
    book = openpyxl.Workbook()
    book.active.append(["text", "stars"])
    book.active.append(["good", 5])
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "filename", "reason"),
    [
        (b"", "x.csv", "is empty"),
        (b"\xef\xbb\xbf \r\n\n", "x.csv", "is empty"),
        (b"\0\0\0", "x.csv", "is empty"),
        (b"text,stars\n", "x.csv", "has a header but no rows"),
        (b"%PDF-1.7\n1 0 obj", "x.csv", "is a PDF document"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "x.xls", "old or locked Excel"),
        (b"\x1f\x8b\x08\x00", "x.csv.gz", "compressed with gzip"),
        (b"\x89PNG\r\n", "x.csv", "is a picture"),
        (b"<!DOCTYPE html><html>", "x.xls", "is a web page"),
        (b"\x00\x01\x02\x03\x04\x05" * 100, "x.csv", "is a binary file"),
        (b"PK\x03\x04 this is no zip", "x.xlsx", "is a damaged zip"),
        (archive({"reviews.json": b"[]"}), "takeout.zip", "is a zip archive, not a workbook"),
        (archive({"xl/workbook.xml": b"", "xl/vbaProject.bin": b"x"}), "x.xlsx", "contains macros"),
        (archive({"xl/workbook.xml": b""}), "x.xlsm", "contains macros"),
        (archive({"xl/workbook.xml": b"<broken"}), "x.xlsx", "is a damaged workbook"),
        (
            ",".join(f"c{n}" for n in range(1_001)).encode() + b"\n1" + b",1" * 1_000,
            "x.csv",
            "has 1,001 columns",
        ),
    ],
)
def test_refusals(data: bytes, filename: str, reason: str) -> None:
    with pytest.raises(BadInput, match=reason) as refusal:
        read_table(data, filename)
    assert str(refusal.value).startswith(filename)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("size", [300, 5_000, 100_000])
def test_random_bytes_are_no_reviews(seed: int, size: int) -> None:
    with pytest.raises(BadInput, match="is a binary file"):
        guards.check_not_binary(random.Random(seed).randbytes(size), "bin.csv")


@pytest.mark.parametrize(
    "encoding", ["cp1252", "latin-1", "mac_roman", "utf-8", "utf-16", "utf-16-le", "utf-32"]
)
def test_text_in_any_encoding_passes_also_with_some_control_characters(encoding: str) -> None:
    words = "Très bon café à 5 £" if encoding == "latin-1" else "Très bon café – “superbe”, à 5 €"
    text = "text;stars\n" + f"{words};5\n" * 40
    guards.check_not_binary(text.encode(encoding), "x.csv")
    guards.check_not_binary((text + "a\0b\x07").encode(encoding), "x.csv")
    guards.check_not_binary("text\ncafé et croissant \x01, très bon\x02\n".encode(encoding), "x.csv")


def test_control_characters_in_utf8_pass_up_to_a_tenth() -> None:
    guards.check_not_binary(b"good \x08 soup " * 40, "x.csv")
    guards.check_not_binary(("été \x08 soup " * 40).encode(), "x.csv")
    with pytest.raises(BadInput, match="binary"):
        guards.check_not_binary(b"soup\x08" * 40, "x.csv")


def test_the_message_names_what_the_caller_reads() -> None:
    for data in (b"PAR1", b"%PDF", b"<html>", bytes(range(256)), b"\xd0\xcf\x11\xe0"):
        with pytest.raises(BadInput, match="CSV") as refusal:
            guards.check_not_binary(data, "x", "CSV")
        assert "JSON" not in str(refusal.value)


def test_size_limit_is_exact() -> None:
    data = b"text\ngood\n"
    assert len(read_table(data, "x.csv", max_bytes=len(data)).frame) == 1
    with pytest.raises(BadInput, match="over the limit"):
        read_table(data, "x.csv", max_bytes=len(data) - 1)


def test_a_thousand_columns_are_read() -> None:
    header = ",".join(["text", *(f"c{n}" for n in range(999))])
    assert read_table((header + "\ngood" + "," * 999 + "\n").encode(), "x.csv").frame.shape == (1, 1_000)


def test_a_zip_bomb_is_not_unpacked() -> None:
    bomb = archive({"xl/workbook.xml": b"", "xl/worksheets/sheet1.xml": b"0" * 60_000_000})
    assert len(bomb) < 100_000
    with pytest.raises(BadInput, match=r"would unpack from 0\.1 to 60 MB"):
        read_table(bomb, "x.xlsx")


def test_an_encrypted_workbook_is_refused() -> None:
    data = bytearray(archive({"xl/workbook.xml": b"x"}))
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(BadInput, match="encrypted"):
        read_table(bytes(data), "x.xlsx")


def test_a_plain_workbook_passes() -> None:
    guards.check_workbook(small_workbook(), "x.xlsx")
    assert read_table(small_workbook(), "x.csv").container == "xlsx"


def test_a_truncated_workbook_is_refused() -> None:
    data = small_workbook()
    for length in range(100, len(data), 499):
        with pytest.raises(BadInput):
            read_table(data[:length], "x.xlsx")
