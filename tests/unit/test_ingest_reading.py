"""Accepted and rejected rows: business, source, mapping, reasons, notes, and what is never kept."""

from __future__ import annotations

import datetime as dt
import json

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.ingest import REJECT_COLUMNS, ROW_COLUMNS, ExportRead, read_export

TODAY = dt.date(2026, 11, 22)


def read(
    text: str, filename: str = "export.csv", business: str | None = "Cafe", **options: object
) -> ExportRead:
    options.setdefault("hash_key", b"key")
    options.setdefault("today", TODAY)
    return read_export(text.encode(), filename, business=business, **options)


def test_columns_and_types() -> None:
    export = read(
        "business,source,review_id,date,stars,title,text,language,reply,reviewer\n"
        "Cafe,Google,r1,2026-01-02,4,Nice,Good food,EN,Thanks,Ann\n,,,,,,,,,\n",
        business=None,
    )
    assert tuple(export.rows.columns) == ROW_COLUMNS
    assert tuple(export.rejects.columns) == REJECT_COLUMNS
    row = export.rows.iloc[0]
    assert row[["row", "business", "source", "platform_id", "stars"]].tolist() == [
        1,
        "Cafe",
        "google",
        "r1",
        4.0,
    ]
    assert row[["title", "text", "language", "owner_reply"]].tolist() == ["Nice", "Good food", "en", "Thanks"]
    assert (row["review_date"], row["date_precision"]) == (dt.date(2026, 1, 2), "day")
    assert len(row["reviewer_hash"]) == 32
    assert pd.isna(row["unscored_reason"])
    assert export.rejects[["row", "reason"]].to_numpy().tolist() == [[2, "neither text nor stars"]]


def test_missing_dates_are_none() -> None:
    assert read("text,date\ngood,\nbad,2026-01-02\n").rows["review_date"].tolist() == [
        None,
        dt.date(2026, 1, 2),
    ]


def test_texts_and_names_out_of_bounds_are_rejected_by_row() -> None:
    export = read(
        f"business,text,title\nCafe,{'a' * 200_000},\nCafe,{'a' * 200_001},\nCafe,fine,{'a' * 200_001}\n"
        f"\u200b\u2060,good,\n{'Café 🍑 ' * 25},good,\n{'n' * 201},good,\n桃,good,\n",
        business=None,
        mapping={"business": "business", "text": "text", "title": "title"},
    )
    assert export.rows["row"].tolist() == [1, 5, 7]
    assert export.rejects[["row", "column"]].to_numpy().tolist() == [
        [2, "text"],
        [3, "text"],
        [4, "business"],
        [6, "business"],
    ]
    reasons = export.rejects["reason"].tolist()
    assert ["over 200,000 characters" in reason for reason in reasons] == [True, True, False, False]
    assert reasons[3] == "the business has no visible name, or one of over 200 characters"


@pytest.mark.parametrize("name", ["\u200b", "n" * 201])
def test_a_given_name_that_nobody_can_read_is_refused(name: str) -> None:
    with pytest.raises(BadInput, match="no visible name, or one of over 200"):
        read("text\ngood\n", business=name)


def test_no_accepted_rows_keep_the_columns() -> None:
    export = read("business,text\n,good\n,bad\n", business=None, mapping={"business": "business"})
    assert tuple(export.rows.columns) == ROW_COLUMNS
    assert (len(export.rows), export.rows_read) == (0, 2)


@pytest.mark.parametrize("word", ["", "N/A", "null", "-", "NaN", "#N/A", "  "])
def test_ways_to_write_nothing(word: str) -> None:
    export = read(f"text,stars\ngood,5\n{word},{word}\n{word},2\n")
    assert export.rejects["row"].tolist() == [2]
    assert export.rows["unscored_reason"].fillna("").tolist() == ["", "no_text"]


def test_nan_is_bread() -> None:
    assert read("text,stars\nNan,5\nNone of it was good,1\n").rows["text"].tolist()[0] == "Nan"


def test_a_title_alone_is_text() -> None:
    rows = read("title,text\nLovely place,\nBad,Cold food\n").rows
    assert len(rows) == 2
    assert rows["unscored_reason"].isna().all()


def test_unreadable_stars_reject_only_rows_without_text() -> None:
    export = read("text,stars\ngood,5\nbad,lots\n,lots\nfine,4\nok,3\n")
    assert export.rejects[["row", "column", "reason"]].to_numpy().tolist() == [
        [3, "stars", "no text, and the stars are not from 1 to 5"]
    ]
    assert export.rows["stars"].isna().tolist() == [False, True, False, False]
    assert "Stars that could not be read as 1 to 5: 1; the reviews are kept without." in export.notes


def test_unlikely_dates_are_unknown_and_noted() -> None:
    export = read("text,date\na b,1989-01-01\nc d,2030-01-01\ne f,2026-11-23\ng h,soon\n")
    assert export.rows["review_date"].tolist() == [None, None, dt.date(2026, 11, 23), None]
    assert export.rows["date_precision"].tolist() == ["unknown", "unknown", "day", "unknown"]


def test_the_file_names_the_business_and_the_argument_fills_in() -> None:
    export = read("business,text\nDeli,good\n,bad\n")
    assert export.rows["business"].tolist() == ["Deli", "Cafe"]
    assert any("names its businesses itself (Deli)" in note for note in export.notes)
    unmapped = read("business,text\nDeli,good\n,bad\n", mapping={"business": None})
    assert unmapped.rows["business"].tolist() == ["Cafe", "Cafe"]


def test_a_row_without_a_business_is_rejected() -> None:
    export = read("business,text\nDeli,good\n,bad\n", business=None)
    assert export.rows["business"].tolist() == ["Deli"]
    assert export.rejects[["row", "column"]].to_numpy().tolist() == [[2, "business"]]
    assert export.rejects["reason"][0].startswith("no business")


@pytest.mark.parametrize("business", [None, "", "  "])
def test_no_business_anywhere_asks(business: str | None) -> None:
    with pytest.raises(BadInput, match="give --business NAME"):
        read("text\ngood\nbad\n", business=business)


@pytest.mark.parametrize(
    ("header", "cell", "filename", "given", "expected"),
    [
        ("source", "Google Maps", "x.csv", None, "google"),
        ("platform", "https://www.yelp.com/biz/x", "x.csv", "trustpilot", "yelp"),
        ("source", "", "x.csv", "Trustpilot.com", "trustpilot"),
        ("source", "", "x.csv", "Comment cards", "comment cards"),
        ("other", "x", "yelp_export.csv", None, "yelp"),
        ("other", "x", "yelp_export.csv", "Google", "google"),
        ("other", "x", "reviews.csv", None, "unknown"),
    ],
)
def test_source(header: str, cell: str, filename: str, given: str | None, expected: str) -> None:
    export = read(f"text,{header}\ngood food,{cell}\nbad food,Yelp\n", filename, source=given)
    assert export.rows["source"][0] == expected


def test_mapping_overrides_and_checks() -> None:
    text = "a,b,c\nlovely,5,2026-01-02\nawful,1,2026-01-03\n"
    rows = read(text, mapping={"text": "a", "stars": "b", "review_date": "c"}).rows
    assert rows[["text", "stars"]].to_numpy().tolist() == [["lovely", 5.0], ["awful", 1.0]]
    with pytest.raises(BadInput, match="no column 'zz' for text; the file has 'a', 'b', 'c'"):
        read(text, mapping={"text": "zz"})
    with pytest.raises(BadInput, match="no field 'words'"):
        read(text, mapping={"words": "a"})


def test_rejected_rows_keep_everything_but_names() -> None:
    export = read(
        'reviewer,email,branch,text,stars\nAnn Lee,a@b.c,North,,\nBob,b@b.c,"South, upper",good,5\n'
    )
    raw = json.loads(export.rejects["raw"][0])
    assert raw == {"reviewer": "[not kept]", "email": "[not kept]", "branch": "North"}
    assert "Bob" not in export.rows.to_json()


def test_broken_rows_keep_their_fields_but_names() -> None:
    export = read("reviewer,text,stars\nAnn Lee,good, really,5\nBob,fine,4\nCy\n")
    assert export.rejects["row"].tolist() == [1, 3]
    assert export.rejects["reason"].tolist() == [
        "4 fields where the header has 3",
        "1 field where the header has 3",
    ]
    first, last = (json.loads(raw)["fields"] for raw in export.rejects["raw"])
    assert first == ["[not kept]", "[not kept]", " really", "5"]
    assert last == ["[not kept]"]
    assert export.rejects["column"].isna().all()


def test_broken_rows_blank_the_name_counted_from_either_end() -> None:
    export = read("text,stars,reviewer\ngood, really,5,Ann Lee\nfine,4,Bob\n")
    assert json.loads(export.rejects["raw"][0])["fields"] == ["good", " really", "[not kept]", "[not kept]"]


def test_long_texts_are_kept_whole() -> None:
    words = "word " * 5_000 + "end"
    assert read(f"text,stars\n{words},5\n").rows["text"][0] == words


@pytest.mark.parametrize("text", ["a,b\n1,2\n3,4\n", "sku,price\nA1,20\nA2,30\n"])
def test_no_text_and_no_stars_is_refused(text: str) -> None:
    with pytest.raises(
        BadInput, match=r"No column of export\.csv can be the review text or the stars; it has '"
    ):
        read(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('text,business\n"a b\nc,d\n', r"row 1: a quotation mark.*'text' holds neither words nor stars"),
        ("text,business\na,b,c\n5,Ash\n4,Ash\n", "row 1: 3 fields.*'text' holds neither"),
        ("text,business\n5,Ash\n4,Ash\n", "'text' holds neither words nor stars"),
    ],
)
def test_rows_that_cannot_be_used_under_a_fitting_name_are_said(text: str, reason: str) -> None:
    with pytest.raises(BadInput, match=rf"No row of export\.csv could be used: {reason}"):
        read(text)
    assert len(read(text, mapping={"text": "text"}, business="Ash").rows)


def test_empty_hash_key_is_refused() -> None:
    with pytest.raises(ValueError, match="key"):
        read("text\ngood\n", hash_key=b"")
