"""The fast reading of tidy files gives what the careful one gives, and keeps its hands off all others."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from peachdash.ingest import delimited
from peachdash.ingest.columnar import read_tidy
from peachdash.ingest.decoding import find_encoding
from peachdash.ingest.dialects import find_dialect
from peachdash.ingest.readers import read_table

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
TIDY = b'text,stars\n"a ""quoted"" word, and\nmore",5\r\nplain,4\r\n'


def fast(data: bytes):
    encoding = find_encoding(data)
    lines = data.decode(encoding.name).splitlines(keepends=True)
    dialect, _ = find_dialect(lines)
    return read_tidy(data, encoding, dialect, len(dialect.parse_line(lines[0])))


def slow_table(data: bytes, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(delimited, "read_tidy", lambda *arguments: None)
        return read_table(data, "x.csv")


def assert_alike(data: bytes, monkeypatch):
    quick, careful = read_table(data, "x.csv"), slow_table(data, monkeypatch)
    pd.testing.assert_frame_equal(quick.frame, careful.frame, check_index_type=False)
    assert (quick.broken, quick.notes, quick.delimiter) == (careful.broken, careful.notes, careful.delimiter)


def test_a_tidy_file_is_read_by_columns(monkeypatch):
    table = fast(TIDY)
    assert table is not None
    assert table.column(0).to_pylist() == ["text", 'a "quoted" word, and\nmore', "plain"]
    assert_alike(TIDY, monkeypatch)


@pytest.mark.parametrize(
    "data",
    [
        b'text,stars\n"open,5\nplain,4\n',
        b'text,stars\nan "inch" here,5\n',
        b'text,stars\n"closed"x,5\n',
        b"text,stars\none,5,surplus\n",
        b"text,stars\nfine,5\n\nplain,4\n",
        b"text,stars\nfine\0,5\n",
        b"text,stars\nan old\rline end,5\n",
    ],
)
def test_anything_irregular_is_left_to_the_careful_reader(data, monkeypatch):
    assert fast(data) is None
    assert_alike(data, monkeypatch)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding, monkeypatch):
    assert_alike('text,stars\n"Café, très bon",5\nplain,4\n'.encode(encoding), monkeypatch)


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="../shared/data/exports is not there")
def test_real_exports(monkeypatch):
    names = [path for path in sorted(EXPORTS.glob("*.csv")) if path.name != "broken_all_na.csv"]
    for path in names:
        assert_alike(path.read_bytes(), monkeypatch)
    assert sum(fast(path.read_bytes()) is not None for path in names) >= 5


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.text(alphabet='ab,;"\n é', min_size=1, max_size=12), st.integers(1, 5)),
        min_size=2,
        max_size=6,
    )
)
def test_what_csv_writes(rows):
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerows([("text", "stars"), *rows])
    with pytest.MonkeyPatch.context() as patched:
        assert_alike(stream.getvalue().encode(), patched)
