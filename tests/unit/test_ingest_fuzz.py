"""Whatever the bytes: either a refusal with a message, or rows that add up."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from peachdash.errors import BadInput
from peachdash.ingest import ExportRead, mark_duplicates, read_export

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
EASY = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=40)


def read(data: bytes, filename: str = "x.csv") -> ExportRead | None:
    """The export, checked for what must hold of any; None where it was refused in one sentence."""
    try:
        export = read_export(data, filename, business="Cafe", hash_key=b"key", today=dt.date(2026, 11, 22))
    except BadInput as refusal:
        message = str(refusal)
    else:
        return checked(export)
    assert message.endswith(".")
    assert "\n" not in message
    return None


def checked(export: ExportRead) -> ExportRead:
    """The export, if its rows add up."""
    numbers = [*export.rows["row"], *export.rejects["row"]]
    assert export.rows_read == len(numbers) == len(set(numbers))
    assert export.rows["stars"].dropna().between(1, 5).all()
    assert export.rows["business"].notna().all()
    assert export.rejects["reason"].notna().all()
    assert export.rows[["text", "title", "stars"]].notna().any(axis=1).all()
    mark_duplicates(export.rows)
    return export


@EASY
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    read(data)


@EASY
@given(st.text(alphabet='ab5,;|\t"\n\r\\ é', max_size=200))
def test_any_quoting(text: str) -> None:
    read(("text,stars\n" + text).encode())


@EASY
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | TEXTS,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["text", "stars", "reviews", "date", "x"]), inner, max_size=3)
        ),
    )
)
def test_any_json(document: object) -> None:
    read(json.dumps(document).encode(), "x.json")


@EASY
@given(
    st.lists(st.tuples(TEXTS, st.integers(1, 5)), min_size=1, max_size=8),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from(["\n", "\r\n"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_csv_writes_is_read_back(
    rows: list[tuple[str, int]], delimiter: str, end: str, encoding: str
) -> None:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerows([("text", "stars"), *rows])
    export = read(stream.getvalue().encode(encoding))
    assert export is not None
    assert export.rows["stars"].tolist() == [float(stars) for _, stars in rows]
    assert export.rejects.empty


def mutated(data: bytes, rng: random.Random) -> bytes:
    """The bytes with a few of them changed, dropped, doubled or cut off."""
    changed = bytearray(data)
    for _ in range(rng.choice([1, 3, 20])):
        place = rng.randrange(len(changed))
        length = rng.choice([1, 1, 5, 200])
        kind = rng.randrange(5)
        if kind == 0:
            changed[place] = rng.choice([0, 10, 13, 34, 44, 59, 92, 255, rng.randrange(256)])
        elif kind == 1:
            del changed[place : place + length]
        elif kind == 2:
            changed[place:place] = changed[place : place + length]
        elif kind == 3:
            changed[place:place] = rng.randbytes(length)
        elif rng.random() < 0.2:
            del changed[place:]
        if not changed:
            return b""
    return bytes(changed)


SECONDS_OF_A_HANG = 60


@pytest.fixture
def no_hang() -> Iterator[None]:
    """Break off what would never end."""

    def ring(*arguments: object) -> None:
        raise AssertionError(f"one file was read for {SECONDS_OF_A_HANG} seconds")

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def beginning(name: str) -> bytes:
    """A short piece of a real export that can stand for it; a workbook is small enough as it is."""
    data = (EXPORTS / name).read_bytes()
    if name.endswith(".csv"):
        return data[:2500]
    if name.endswith(".json"):
        document = json.loads(data)
        short = {"reviews": document["reviews"][:3]} if isinstance(document, dict) else document[:3]
        return json.dumps(short).encode()
    return data


NAMES = sorted(path.name for path in EXPORTS.glob("*.*") if path.suffix in (".csv", ".json", ".xlsx"))
CASES = {".csv": 1800, ".json": 1500, ".xlsx": 150}


@pytest.mark.slow
@pytest.mark.skipif(not EXPORTS.is_dir(), reason="../shared/data/exports is not there")
@pytest.mark.parametrize("name", NAMES)
def test_damaged_exports(name: str, no_hang: None) -> None:
    """Together with the tests below 20,000 cases and more: 10 CSV files, 2 JSON files, a workbook."""
    rng = random.Random(name)
    data = beginning(name)
    for _ in range(CASES[Path(name).suffix]):
        signal.alarm(SECONDS_OF_A_HANG)
        read(mutated(data, rng), name)


def test_the_damaged_exports_are_as_many_as_said() -> None:
    files = {".csv": 10, ".json": 2, ".xlsx": 1}
    assert sum(count * CASES[suffix] for suffix, count in files.items()) >= 20_000


HARD = settings(
    max_examples=1000, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
CELLS = st.text(alphabet='ab5,;|\t"\n\r\\ é=-/0123456789', max_size=20)


@pytest.mark.slow
@HARD
@given(st.lists(st.lists(CELLS, min_size=1, max_size=4), min_size=1, max_size=6), st.sampled_from(",;\t|"))
def test_any_table(rows: list[list[str]], delimiter: str) -> None:
    body = "\n".join(delimiter.join(row) for row in rows)
    read(f"text{delimiter}stars{delimiter}date\n{body}".encode())


@pytest.mark.slow
@HARD
@given(st.lists(st.one_of(CELLS, st.dates().map(str), st.sampled_from(["3 months ago", "03/04/2026"]))))
def test_any_dates(cells: list[str]) -> None:
    stream = io.StringIO()
    csv.writer(stream).writerows([("text", "date"), *[("fine soup", cell) for cell in cells]])
    read(stream.getvalue().encode())
