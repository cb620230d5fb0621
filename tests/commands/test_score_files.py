"""`peachdash score --input … --output …`: files to files, no database."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from peachdash.sentiment.text import text_sha256


@pytest.fixture
def reviews(tmp_path):
    folder = tmp_path / "reviews"
    folder.mkdir()
    texts = {"a": ["Warm cone, kind people.", "", "Cold soup."], "b": ["Cold soup.", "🍑", None]}
    for name, column in texts.items():
        pq.write_table(pa.table({"text": pa.array(column, pa.string())}), folder / f"{name}.parquet")
    return folder


def test_files_are_scored_once_and_no_database_is_made(peachdash, reviews, tmp_path):
    first = peachdash("score", "--input", f"{reviews}/*.parquet", "--output", "out", "--json")
    assert first.status == 0, first.err
    assert (first.json["rows"], first.json["read"], first.json["device"]) == (6, 4, "cpu")
    table = pq.read_table(tmp_path / "out").to_pydict()
    labels = dict(zip(table["text_sha256"], table["label"], strict=True))
    assert labels[text_sha256("")] == ""
    assert labels[text_sha256("Warm cone, kind people.")] == "positive"
    assert labels[text_sha256("Cold soup.")] == "negative"
    again = peachdash("score", "--input", reviews, "--output", "out")
    assert "0 new texts" in again.err
    assert pq.read_table(tmp_path / "out").num_rows == 4
    assert not list(tmp_path.rglob("*.duckdb"))
    status = peachdash("status", "--json").json["last_scoring"]
    assert (status["device"], status["texts"]) == ("cpu", 4)
    assert status["texts_per_second"] > 0
    assert "4 texts on cpu in" in peachdash("status").out


def test_wrong_use_is_one_line(peachdash, reviews, tmp_path):
    peachdash("score", "--input", reviews).assert_refused("--output")
    peachdash("score", "--engine", "ray").assert_refused("--input")
    peachdash("score", "--text-column", "body").assert_refused("--input")
    peachdash("score", "--input", "none/*.parquet", "--output", "out").assert_refused("names no file")
    wrong = peachdash("score", "--input", reviews, "--output", "out", "--text-column", "body")
    wrong.assert_refused("body", "text")
    (tmp_path / "taken").write_text("x")
    peachdash("score", "--input", reviews, "--output", "taken").assert_refused("no folder")
    lexicon = peachdash("score", "--input", reviews, "--output", "out", "--model", "lexicon")
    lexicon.assert_refused("lexicon")


def test_brackets_in_names_are_names(peachdash, reviews, tmp_path):
    folder = tmp_path / "br[1]"
    reviews.rename(folder)
    (folder / "b.parquet").rename(tmp_path / "x[1].parquet")
    assert peachdash("score", "--input", "br[1]", "--output", "one", "--json").json["rows"] == 3
    both = peachdash(
        "score", "--input", "x[1].parquet", "--input", "br[[]1]/*.parquet", "--output", "two", "--json"
    )
    assert both.json["rows"] == 6


def test_an_output_folder_that_holds_the_input_is_said(peachdash, reviews):
    for source in (reviews / "a.parquet", reviews):
        told = peachdash("score", "--input", source, "--output", reviews)
        told.assert_refused("output folder", "holds the input", "another folder")


def test_unreadable_texts_and_columns_are_one_line(peachdash, reviews):
    texts = pa.array([b"caf\xe9"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": texts}), reviews / "c.parquet")
    peachdash("score", "--input", reviews, "--output", "out").assert_refused("c.parquet, row group 1 of 1")
    twice = pa.table([pa.array(["a"]), pa.array(["b"])], names=["text", "text"])
    pq.write_table(twice, reviews / "c.parquet")
    peachdash("score", "--input", reviews, "--output", "out").assert_refused("2 columns called 'text'")


def test_before_any_scoring_status_says_so(peachdash):
    assert "nothing has been read yet" in peachdash("status").out
