"""Delimiters, quoting, encodings, line ends, broken rows, JSON, JSON Lines and workbooks."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path

import openpyxl
import pytest

from peachdash.errors import BadInput
from peachdash.ingest.readers import read_table

WORDS = ["Didn’t like the café", "“Bad” – crème brûlée, 5 €", "Fine; really | ok"]


def cells(text: str | bytes, filename: str = "x.csv") -> list[list[str]]:
    table = read_table(text.encode() if isinstance(text, str) else text, filename)
    return [table.frame.columns.tolist(), *table.frame.fillna("").to_numpy().tolist()]


def quoted(rows: list[list[str]], delimiter: str, end: str) -> str:
    return "".join(delimiter.join(f'"{cell}"' for cell in row) + end for row in rows)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman"]
)
def test_any_delimiter_encoding_and_line_end(encoding: str, delimiter: str, end: str) -> None:
    rows = [["text", "stars"], *[[word, str(number)] for number, word in enumerate(WORDS, start=1)]]
    table = read_table(quoted(rows, delimiter, end).encode(encoding), "x.csv")
    assert [table.frame.columns.tolist(), *table.frame.to_numpy().tolist()] == rows
    assert table.delimiter == delimiter
    assert table.encoding == encoding
    assert table.container == ("tsv" if delimiter == "\t" else "csv")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_breaks_inside_quotes(end: str) -> None:
    assert cells(f'text,stars{end}"one\n\ntwo",5{end}three,4{end}') == [
        ["text", "stars"],
        ["one\n\ntwo", "5"],
        ["three", "4"],
    ]


def test_stray_bytes_in_utf8() -> None:
    data = "text,stars\nDidn’t like,5\nnaïve ☕,4\n".encode() + b"caf\xe9 ok,3\n"
    table = read_table(data, "x.csv")
    assert table.frame["text"].tolist() == ["Didn’t like", "naïve ☕", "café ok"]
    assert table.notes == ["Some bytes were not UTF-8 and were read as Windows-1252."]


def test_a_text_full_of_other_delimiters() -> None:
    rows = [["text", "stars"], *[["so, so; and, so; and | on, and on", "5"] for _ in range(20)]]
    for delimiter in ";|\t":
        plain = "\n".join(delimiter.join(cell.replace(delimiter, "/") for cell in row) for row in rows)
        assert read_table(plain.encode(), "x.csv").delimiter == delimiter


def test_one_column_needs_no_quotes() -> None:
    assert cells('review\nGreat, fast, nice\n"quoted, text"\n') == [
        ["review"],
        ["Great, fast, nice"],
        ["quoted, text"],
    ]


def test_lines_of_prose_are_one_column() -> None:
    lines = "Great place, we loved the food and staff\nBad service, it was cold, never again for us\n"
    assert cells(lines, "x.txt")[1:] == [[line] for line in lines.splitlines()]


def test_excel_separator_line_titles_and_blank_lines_above_the_header() -> None:
    assert cells("sep=;\ntext;stars\nGreat, fast;5\n") == [["text", "stars"], ["Great, fast", "5"]]
    assert cells("Report for May\n\nDate,Rating,Review\n2026-05-01,5,Great\n")[0] == [
        "Date",
        "Rating",
        "Review",
    ]


def test_no_header() -> None:
    table = read_table(b"5,2026-05-01,Great\n1,2026-05-02,Bad\n", "x.csv")
    assert table.frame.columns.tolist() == ["column 1", "column 2", "column 3"]
    assert len(table.frame) == 2


def test_backslash_quotes_and_spaces_before_quotes() -> None:
    assert (
        cells('text,stars\n"He said \\"wow, so\\" good",4\n"ok, \\"fine\\"",3\n')[1][0]
        == 'He said "wow, so" good'
    )
    assert cells('id, text, stars\n1, "He said, so", 4\n2, "ok, fine", 3\n')[1] == ["1", "He said, so", "4"]


def test_nameless_and_repeated_columns() -> None:
    assert cells(",rating,rating,text\n0,4,5,good\n")[0] == ["column 1", "rating", "rating (2)", "text"]


def test_blank_lines_take_a_number_but_are_no_rows() -> None:
    table = read_table(b"text,stars\na,1\n\n\nb,2\n\n", "x.csv")
    assert table.frame.index.tolist() == [1, 4]
    assert not table.broken


def broken(text: str) -> tuple[list[int], list[int]]:
    table = read_table(text.encode(), "x.csv")
    return table.frame.index.tolist(), [row.row for row in table.broken]


@pytest.mark.parametrize(
    ("lines", "good", "bad"),
    [
        (["1,good,4", "2,good, text,4", "3,fine", "4,ok,5"], [1, 4], [2, 3]),
        (["1,good,4,,", "2,ok,5"], [1, 2], []),
        (['1,"never closed,5', '2,"good text",4', "3,fine,3"], [2, 3], [1]),
        (['1,"never closed,5', "2,good text,4", "3,fine,3"], [2, 3], [1]),
        (["1,good,4", "2,ok,4", '3,"cut off,3'], [1, 2], [3]),
        (['1,"Great" food and more,4', '2,5" heels "nice",4', "3,ok,3"], [1, 2, 3], []),
        (['1,"He said "wow", then left",4', "2,ok,3"], [2], [1]),
    ],
)
def test_broken_rows_cost_no_other_row(lines: list[str], good: list[int], bad: list[int]) -> None:
    assert broken("id,text,stars\n" + "\n".join(lines) + "\n") == (good, bad)


def test_many_unclosed_quotes_take_linear_time() -> None:
    rows = [f'{n},"never closed,5' if n % 50 == 0 else f"{n},good text,4" for n in range(1, 20_001)]
    good, bad = broken("id,text,stars\n" + "\n".join(rows) + "\n")
    assert (len(good), len(bad)) == (19_600, 400)


def test_nul_bytes_are_dropped() -> None:
    assert cells(b"text,stars\nGr\0eat,5\nok,4\n")[1] == ["Great", "5"]


def test_json_list_and_nested_names() -> None:
    reviews = [
        {"text": "good", "reviewer": {"displayName": "Ann"}, "tags": ["a"]},
        {"text": "bad", "stars": 1.5},
    ]
    assert cells(json.dumps(reviews), "x.json") == [
        ["text", "reviewer.displayName", "tags", "stars"],
        ["good", "Ann", '["a"]', ""],
        ["bad", "", "", "1.5"],
    ]


def test_json_places_with_their_reviews() -> None:
    places = [
        {"title": "A", "reviews": [{"text": "x"}, {"text": "y"}]},
        {"title": "B", "reviews": []},
        {"title": "C", "reviews": [{"text": "z"}]},
    ]
    assert cells(json.dumps({"data": places}), "x.json")[1:] == [["A", "x"], ["A", "y"], ["C", "z"]]


def test_a_list_inside_a_review_is_no_list_of_reviews() -> None:
    assert cells('[{"text": "good", "items": [{"sku": "a"}, {"sku": "b"}]}]', "x.json")[1:] == [
        ["good", '[{"sku": "a"}, {"sku": "b"}]']
    ]


def test_json_items_that_are_no_objects_are_broken_rows() -> None:
    table = read_table(b'[{"text": "good"}, 5, null, {"text": "bad"}]', "x.json")
    assert table.frame.index.tolist() == [1, 4]
    assert [row.row for row in table.broken] == [2, 3]


def test_json_half_characters() -> None:
    assert cells('[{"text": "bad\\ud83d food"}]', "x.json")[1] == ["bad? food"]


def test_json_lines_with_damage() -> None:
    table = read_table(b'{"text":"good","stars":5}\n\n{"text":"bad"}\nnot json\n[1]\n', "x.jsonl")
    assert (table.container, table.frame.index.tolist()) == ("jsonl", [1, 3])
    assert [row.row for row in table.broken] == [4, 5]


def test_json_named_csv_is_json_and_brackets_in_csv_are_csv() -> None:
    assert read_table(b'[{"text": "good"}]', "x.csv").container == "json"
    assert cells("[id],[text]\n1,good\n")[0] == ["[id]", "[text]"]


@pytest.mark.parametrize("data", [b'[{"text": "good"},', b"[]", b"{}", b"[1, 2]", b"[" * 100_000])
def test_useless_json_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        read_table(data, "x.json")


def workbook(rows: list[list[object]], **sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, others in sheets.items():
        sheet = book.create_sheet(title)
        for row in others:
            sheet.append(row)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def test_workbook_cells() -> None:
    table = read_table(
        workbook(
            [["Review", "Stars", "Date"], ["good", 4.0, dt.datetime(2026, 1, 2)], [], ["bad", 1.5, None]]
        ),
        "x.xlsx",
    )
    assert table.frame.to_numpy().tolist() == [["good", "4", "2026-01-02T00:00:00"], ["bad", "1.5", ""]]
    assert table.frame.index.tolist() == [1, 3]


def test_workbook_title_rows_and_the_sheet_with_the_reviews() -> None:
    rows: list[list[object]] = [["Report"], [], ["Date", "Rating", "Review"], ["2026-01-02", 5, "good"]]
    table = read_table(workbook([["Legend", "x"], ["a", "b"]], Reviews=rows), "x.xlsx")
    assert table.frame.columns.tolist() == ["Date", "Rating", "Review"]
    assert len(table.frame) == 1
    assert table.notes == ["Only the sheet 'Reviews' was read, not 'Sheet'."]


def test_limit_reads_the_first_rows_only() -> None:
    assert len(read_table(b"text\n" + b"good\n" * 50, "x.csv", limit=10).frame) == 10
    assert len(read_table(workbook([["text"]] + [["good"]] * 50), "x.xlsx", limit=10).frame) == 10


def test_reading_is_the_same_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b'text,stars\r\n"a\r\nb",5\r\n')
    assert cells(path.read_bytes())[1] == ["a\r\nb", "5"]
