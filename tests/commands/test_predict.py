"""`peachdash predict`: every file gives a right result or one clear line."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
NEW = ["label", "p_negative", "p_neutral", "p_positive", "needs_review"]


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def rows(path: Path) -> list[dict[str, str]]:
    csv.field_size_limit(10**8)
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_rows_keep_their_order_and_cells(peachdash, tmp_path):
    source = write(
        tmp_path / "in.csv", 'id,text,note\n007,"Great, great scoop!",NA\n008,,\n009,Awful wait,"a ""b"""\n'
    )
    done = peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon")
    assert done.status == 0, done.err
    found = rows(tmp_path / "out.csv")
    assert list(found[0]) == ["id", "text", "note", *NEW]
    assert [row["id"] for row in found] == ["007", "008", "009"]
    assert [row["note"] for row in found] == ["NA", "", 'a "b"']
    assert [row["label"] for row in found] == ["positive", "", "negative"]
    assert [found[1][name] for name in NEW] == ["", "", "", "", "true"]
    for row in (found[0], found[2]):
        assert sum(float(row[name]) for name in NEW[1:4]) == pytest.approx(1, abs=2e-6)
        assert row["needs_review"] in ("true", "false")


def test_an_input_column_named_label_is_kept(peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "text,label\nGreat scoop,gold\n")
    assert peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon").status == 0
    [row] = rows(tmp_path / "out.csv")
    assert (row["input_label"], row["label"]) == ("gold", "positive")


def test_the_text_column_can_be_named(peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "Review Text;x\n")
    peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon").assert_refused("Review Text")
    source = write(tmp_path / "in.csv", "review\nawful\n")
    done = peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon", "--text-column", "Review")
    assert done.status == 0
    assert rows(tmp_path / "out.csv")[0]["label"] == "negative"


def test_odd_texts_get_a_reading(peachdash, tmp_path):
    texts = [
        "x" * 100_000,
        "good " * 20_000,
        "a\0b bad",
        "😀🍑",
        "مطعم رائع جدا",
        "\u202eevil\u202c",
        "line one\nline two",
    ]
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["text"], *[[text] for text in texts]])
    done = peachdash("predict", tmp_path / "in.csv", tmp_path / "out.csv", "--model", "generic-small")
    assert done.status == 0, done.err
    found = rows(tmp_path / "out.csv")
    assert [row["text"] for row in found] == texts
    assert all(row["label"] in ("negative", "neutral", "positive") for row in found)


def test_a_header_without_rows_gives_a_header(peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "text\n")
    assert peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon").status == 0
    assert (tmp_path / "out.csv").read_text() == "text," + ",".join(NEW) + "\n"


def test_blank_lines_of_a_one_column_file_are_blank_texts(peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "text\ngood\n\nbad\n")
    assert peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon").status == 0
    assert [row["label"] for row in rows(tmp_path / "out.csv")] == ["positive", "", "negative"]


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (b"", "empty"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40, "in.csv"),
        (b"words,stars\nfine,4\n", "text"),
        (b'text\n"never closed\n', "in.csv"),
        (b"text,stars\nfine, but slow,3\n", "row 1"),
    ],
)
def test_files_that_cannot_be_used(peachdash, tmp_path, content, word):
    source = write(tmp_path / "in.csv", content)
    peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon").assert_refused(word)
    assert not (tmp_path / "out.csv").exists()


def test_missing_files_folders_and_models(peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "text\nfine\n")
    out = tmp_path / "out.csv"
    peachdash("predict", tmp_path / "no.csv", out).assert_refused("no.csv")
    peachdash("predict", tmp_path, out).assert_refused("folder")
    peachdash("predict", source, tmp_path, "--model", "lexicon").assert_refused("cannot be written")
    peachdash("predict", source, tmp_path / "no" / "out.csv", "--model", "lexicon").assert_refused("folder")
    peachdash("predict", source, out, "--model", "nonsense").assert_refused("nonsense", "generic-small")


@pytest.mark.parametrize(
    "content",
    [b"PAR1" + bytes(range(256)), b"PK\x03\x04" + bytes(range(256)), bytes(range(256)) * 9, b"<html>x"],
    ids=["parquet", "xlsx", "binary", "web page"],
)
def test_only_csv_is_offered(peachdash, tmp_path, content):
    source = write(tmp_path / "in.csv", content)
    told = peachdash("predict", source, tmp_path / "out.csv", "--model", "lexicon")
    told.assert_refused("CSV")
    assert not {"JSON", "XLSX"} & set(told.err.replace(",", " ").replace(".", " ").split())


@pytest.mark.parametrize("file", ["adapter.safetensors", "model.json"])
def test_a_damaged_champion_is_refused_and_status_names_it(peachdash, tmp_path, file):
    models, source = tmp_path / "models", write(tmp_path / "in.csv", "text\nfine\n")
    shutil.copytree(REPOSITORY / "models", models)
    os.truncate(models / "champion-small" / file, 100)
    here = {"PEACHDASH_MODELS": str(models), "PEACHDASH_DEVICE": "cpu"}
    told = peachdash("predict", source, tmp_path / "out.csv", **here)
    told.assert_refused("champion-small is refused", str(models / "champion-small" / file))
    assert not (tmp_path / "out.csv").exists()
    status = peachdash("status", **here)
    assert status.status == 0, status.err
    assert f"refused   {models / 'champion-small' / file}" in status.out
    assert "champion  none: " in status.out
    peachdash("score", **here).assert_refused("champion-small is refused")


def test_a_champion_that_is_gone_is_said_with_the_way_back(peachdash, tmp_path):
    source, home = write(tmp_path / "in.csv", "text\nfine\n"), tmp_path / "home"
    home.mkdir()
    (home / "champion.json").write_text('{"revision": "small-000000000000"}')
    out = tmp_path / "out.csv"
    peachdash("predict", source, out).assert_refused("active champion", f"delete {home / 'champion.json'}")
    done = peachdash("predict", source, out, "--model", "champion-small")
    assert done.status == 0, done.err


def test_needs_no_database(fresh_peachdash, tmp_path):
    source = write(tmp_path / "in.csv", "text\nfine\n")
    assert fresh_peachdash("predict", source, tmp_path / "out.csv").status == 0
    assert not (tmp_path / "home" / "peachdash.duckdb").exists()


def test_the_same_predictions_in_any_order_and_company(peachdash, tmp_path):
    texts = ["Lovely scoop", "The wait was an hour", "Closed on Mondays", "Just peachy, another soggy cone"]
    for name, order in (("one", texts), ("two", [*texts[::-1], "word " * 300])):
        write(tmp_path / f"{name}.csv", "text\n" + "".join(f'"{text}"\n' for text in order))
        done = peachdash(
            "predict", tmp_path / f"{name}.csv", tmp_path / f"{name}.out", "--model", "generic-small"
        )
        assert done.status == 0, done.err
    first, second = ({row["text"]: row for row in rows(tmp_path / f"{name}.out")} for name in ("one", "two"))
    for text in texts:
        assert first[text]["label"] == second[text]["label"]
        for name in NEW[1:4]:
            assert float(first[text][name]) == pytest.approx(float(second[text][name]), abs=1e-4)
