"""Parquet in, Parquet out: each text once, whatever happens."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sentiment_tiny import Built, make_frame, probabilities, score

from peachdash.errors import BadInput
from peachdash.sentiment import file_run
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.files import count_rows, read_columns, read_rows, score_files
from peachdash.sentiment.predictions import PREDICTION_SCHEMA, hash_bytes, hex_strings
from peachdash.sentiment.preparing import (
    HelperPool,
    Piece,
    Prepared,
    join_prepared,
    prepare,
    prepare_ahead,
    receive,
    send,
)
from peachdash.sentiment.registry import resolve_model
from peachdash.sentiment.text import text_sha256
from peachdash.sentiment.tokens import EncodedTexts

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]
pytestmark = pytest.mark.usefixtures("tiny_encoder")


@pytest.fixture
def texts() -> list[str]:
    return list(dict.fromkeys(make_frame(60, seed=21)["text"]))


@pytest.fixture
def inputs(tmp_path: Path, texts: list[str]) -> list[Path]:
    """Two files that repeat each other's texts, with blank ones and a row group of 7 rows."""
    odd = ["", None, " \n", "\x00", "🍑 " * 300, "the soup " * 12_000]
    paths = [tmp_path / "a.parquet", tmp_path / "b.parquet"]
    for path, part in zip(paths, (texts[:40] + odd, texts[30:] + odd), strict=True):
        pq.write_table(pa.table({"text": pa.array(part, pa.string())}), path, row_group_size=7)
    return paths


@pytest.fixture
def scorer(encoders_dir: Path) -> Scorer:
    return Scorer(encoders_dir, device="cpu")


def read(output: Path) -> pa.Table:
    return pq.read_table(output)


def test_each_text_has_one_row_and_the_reading_of_the_engine(
    generic: Built, encoders_dir: Path, scorer: Scorer, inputs: list[Path], texts: list[str], tmp_path: Path
) -> None:
    result = score_files(inputs, tmp_path / "out", [generic.reference], scorer)
    table = read(tmp_path / "out")
    assert table.schema.equals(PREDICTION_SCHEMA)
    assert (
        (result.rows, result.texts) == (len(texts) + 22, table.num_rows) == (len(texts) + 22, len(texts) + 3)
    )
    rows = {row["text_sha256"]: row for row in table.to_pylist()}
    assert len(rows) == table.num_rows
    expected = score(texts, [generic.reference], encoders_dir)
    found = pa.Table.from_pylist([rows[key] for key in expected["text_sha256"].to_pylist()])
    assert probabilities(found) == pytest.approx(probabilities(expected), abs=1e-5)
    blank = rows[text_sha256("")]
    assert (blank["label"], blank["p_negative"], blank["needs_review"]) == ("", None, True)
    assert all(row["label"] for key, row in rows.items() if key != text_sha256(""))


def test_a_repeated_run_reads_nothing_and_a_new_file_only_what_is_new(
    generic: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path
) -> None:
    output = tmp_path / "out"
    first = score_files(inputs[:1], output, [generic.reference], scorer)
    second = score_files(inputs, output, [generic.reference], scorer)
    third = score_files(inputs, output, [generic.reference], scorer)
    keys = read(output)["text_sha256"].to_pylist()
    assert len(keys) == len(set(keys)) == first.texts + second.texts
    assert third.texts == 0
    assert second.texts > 0


def test_a_run_that_broke_off_goes_on(
    generic: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_run, "TEXTS_IN_A_CPU_PART", 10)
    monkeypatch.setattr("peachdash.sentiment.files.ROWS_IN_A_PIECE", 5)
    write, written = file_run.write_part, []

    def break_off(output: Path, table: pa.Table, name: str) -> None:
        if len(written) == 2:
            (output / ".part-half").write_bytes(b"half")
            raise OSError("no space left on device")
        written.append(table.num_rows)
        write(output, table, name)

    monkeypatch.setattr(file_run, "write_part", break_off)
    with pytest.raises(OSError, match="no space"):
        score_files(inputs, tmp_path / "out", [generic.reference], scorer)
    monkeypatch.setattr(file_run, "write_part", write)
    result = score_files(inputs, tmp_path / "out", [generic.reference], scorer)
    keys = read(tmp_path / "out")["text_sha256"].to_pylist()
    assert len(keys) == len(set(keys)) == result.texts + sum(written)


def test_two_models_read_in_one_pass_and_a_second_model_joins_later(
    generic: Built, champion: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path
) -> None:
    output, models = tmp_path / "out", [generic.reference, champion.reference]
    alone = score_files(inputs, output, models[:1], scorer)
    both = score_files(inputs, output, models, scorer)
    assert alone.texts == both.texts
    pairs = list(zip(*(read(output)[name].to_pylist() for name in ("text_sha256", "revision")), strict=True))
    assert len(pairs) == len(set(pairs)) == 2 * alone.texts


def test_progress_ends_at_the_last_row(
    generic: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_run, "TEXTS_IN_A_CPU_PART", 10)
    monkeypatch.setattr("peachdash.sentiment.files.ROWS_IN_A_PIECE", 5)
    states = []
    score_files(inputs, tmp_path / "out", [generic.reference], scorer, on_progress=states.append)
    assert [state.rows for state in states] == sorted(state.rows for state in states)
    assert states[-1].rows == states[-1].total
    assert states[-1].texts_per_second
    assert states[-1].seconds_left == 0


def test_titles_are_read_before_texts(generic: Built, scorer: Scorer, tmp_path: Path) -> None:
    path = tmp_path / "titled.parquet"
    pq.write_table(pa.table({"head": ["good", None], "body": ["the soup", "was cold"]}), path)
    score_files(
        [path], tmp_path / "out", [generic.reference], scorer, text_column="body", title_column="head"
    )
    expected = {text_sha256("good\nthe soup"), text_sha256("was cold")}
    assert set(read(tmp_path / "out")["text_sha256"].to_pylist()) == expected


def test_wrong_inputs_are_refused(generic: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path) -> None:
    numbers, broken, output = tmp_path / "n.parquet", tmp_path / "x.parquet", tmp_path / "out"
    pq.write_table(pa.table({"text": [1, 2]}), numbers)
    broken.write_text("no parquet")
    lexicon = resolve_model("lexicon", tmp_path, tmp_path)

    def refused(match: str, paths: list[Path], model=generic.reference, **options) -> None:
        with pytest.raises(BadInput, match=match):
            score_files(paths, output, [model], scorer, **options)

    refused("no column 'body'", inputs, text_column="body")
    refused("holds int64, not text", [numbers])
    refused("cannot be read as Parquet", [broken])
    refused("No input", [])
    refused("lexicon", inputs, model=lexicon)
    assert not output.exists()
    output.mkdir()
    numbers.rename(output / "n.parquet")
    refused("no file of predictions", inputs)


def damage_a_page(path: Path) -> None:
    """Overwrite what follows the magic number: the first page of the first row group."""
    data = bytearray(path.read_bytes())
    data[4:60] = b"\xff" * 56
    path.write_bytes(bytes(data))


def write_wrong_utf8(path: Path) -> None:
    texts = pa.array([b"fine", b"caf\xe9"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": texts}), path)


def test_text_that_is_no_utf8_and_damaged_pages_name_their_file(
    generic: Built, scorer: Scorer, inputs: list[Path], tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.parquet"
    write_wrong_utf8(wrong)
    with pytest.raises(BadInput, match=r"wrong\.parquet, row group 1 of 1 cannot be read"):
        score_files([wrong], tmp_path / "out", [generic.reference], scorer)
    damage_a_page(inputs[1])
    with pytest.raises(BadInput, match=r"b\.parquet, row group 1 of \d+ cannot be read") as caught:
        score_files(inputs, tmp_path / "out", [generic.reference], scorer)
    assert "\n" not in str(caught.value)
    score_files(inputs[:1], tmp_path / "out", [generic.reference], scorer)
    keys = read(tmp_path / "out")["text_sha256"].to_pylist()
    assert len(keys) == len(set(keys)) > 40


@pytest.mark.parametrize("place", range(4, 400, 13))
def test_a_damaged_byte_anywhere_is_read_or_refused(tmp_path: Path, place: int) -> None:
    path = tmp_path / "x.parquet"
    pq.write_table(pa.table({"text": [f"the soup {number}" for number in range(40)]}), path)
    data = bytearray(path.read_bytes())
    data[place : place + 6] = b"\xff" * 6
    path.write_bytes(bytes(data))
    said = "x.parquet"
    try:
        total = count_rows([path], ["text"])
        list(read_rows(path, 0, total, "text", None))
    except BadInput as error:
        said = str(error)
    assert "x.parquet" in said


def test_columns_without_or_with_a_common_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "two.parquet"
    pq.write_table(pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"]), path)
    with pytest.raises(BadInput, match=r"two\.parquet has 2 columns called 'text'"):
        count_rows([path], ["text"])
    pq.write_table(pa.table({"text": ["a"]}), path)
    for columns in (("", None), ("text", "")):
        with pytest.raises(BadInput, match="name of a column is empty"):
            count_rows([path], read_columns(*columns))


def test_a_full_folder_is_named_and_keeps_no_half_part(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    def fill(table: pa.Table, path: Path, **options: object) -> None:
        path.write_bytes(b"half")
        raise OSError(told[-1])

    monkeypatch.setattr(file_run.pq, "write_table", fill)
    for error, said in (
        ("Error writing bytes to file. Detail: [errno 28] No space left on device", "is full.*goes on once"),
        ("Error writing bytes to file. Detail: [errno 5] Input/output error", "Input/output error"),
    ):
        told.append(error)
        with pytest.raises(BadInput, match=f"{tmp_path}.*{said}"):
            file_run.write_part(tmp_path, pa.table({"a": [1]}), "part-1")
        assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("start", "stop"), [(0, 20), (3, 9), (7, 14), (19, 20), (5, 5), (13, 40)])
def test_ranges_of_rows_are_read_whatever_the_row_groups(
    tmp_path: Path, start: int, stop: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("peachdash.sentiment.files.ROWS_IN_A_PIECE", 4)
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"text": [str(number) for number in range(20)]}), path, row_group_size=6)
    pieces = list(read_rows(path, start, stop, "text", None))
    assert [text for piece in pieces for text in piece.texts] == [str(n) for n in range(start, min(stop, 20))]


def test_helper_processes_prepare_what_this_one_would(
    generic: Built, scorer: Scorer, texts: list[str]
) -> None:
    encode = scorer.loaded(generic.reference).encode
    pieces = [Piece(None, texts[start : start + 7]) for start in range(0, len(texts), 7)]
    pieces.append(Piece(["good", None], ["soup", ""]))
    pool = HelperPool(encode, 2)
    try:
        helped = list(prepare_ahead(encode, pieces, pool))
    finally:
        pool.close()
    for piece, found in zip(pieces, helped, strict=True):
        expected = prepare(encode, piece)
        assert (found.hashes == expected.hashes).all()
        assert found.blank.tolist() == expected.blank.tolist()
        assert (found.encoded.ids == expected.encoded.ids).all()
    assert [len(chunk.blank) for chunk in join_prepared(helped, 20)][:2] == [21, 21]


def test_the_first_chunks_are_small_and_double() -> None:
    def rows(count: int) -> Prepared:
        encoded = EncodedTexts(np.zeros(0, dtype=np.int32), np.zeros(count + 1, dtype=np.int64), 0)
        return Prepared(np.zeros((count, 32), dtype=np.uint8), np.ones(count, dtype=bool), encoded)

    chunks = join_prepared((rows(1) for _ in range(25)), 8, first=2)
    assert [len(chunk.blank) for chunk in chunks] == [2, 4, 8, 8, 3]
    assert [len(chunk.blank) for chunk in join_prepared([rows(1)] * 5, 2, first=4)] == [2, 2, 1]


def test_a_helper_that_dies_within_an_answer_is_gone() -> None:
    pipe = io.BytesIO()
    send(pipe, np.arange(100))
    for cut in (4, 60):
        with pytest.raises(EOFError):
            receive(io.BytesIO(pipe.getvalue()[:cut]))
    assert (receive(io.BytesIO(pipe.getvalue())) == np.arange(100)).all()


def test_hashes_are_written_as_text_and_read_back() -> None:
    hashes = np.random.default_rng(1).integers(0, 256, size=(5, 32)).astype(np.uint8)
    strings = hex_strings(hashes)
    assert strings.to_pylist() == [bytes(row).hex() for row in hashes]
    assert (hash_bytes(strings) == hashes).all()
