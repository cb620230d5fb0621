"""Real exports: each row of each file is accounted for. The files are not part of the repository."""

from __future__ import annotations

import csv
import datetime as dt
import functools
import html
import io
from pathlib import Path

import pandas as pd
import pytest

from peachdash.errors import BadInput
from peachdash.ingest import ExportRead, mark_duplicates, read_export, recognise

EXPORTS = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "exports"
pytestmark = pytest.mark.skipif(not EXPORTS.is_dir(), reason="../shared/data/exports is not there")

TODAY = dt.date(2026, 11, 22)
CLOTHING = "clothing_utf8bom_crlf.csv"
TRUSTPILOT = "trustpilot_isoZ_missing.csv"

# name: (accepted, rejected, duplicates, stars only), counted by hand in the files
COUNTS = {
    "apify_google_maps_reviews.json": (6, 0, 0, 0),
    CLOTHING: (150, 0, 0, 0),
    "gaspa93_gm_reviews.csv": (60, 0, 0, 27),
    "google_business_profile_takeout_reviews.json": (10, 0, 0, 0),
    "google_competitor_reviews.csv": (60, 0, 0, 7),
    "google_copy_paste_bangia.csv": (150, 0, 0, 0),
    "google_maps_scraper_reviews.xlsx": (106, 14, 0, 0),
    "google_pipe_delimited_relative_dates.csv": (200, 0, 0, 105),
    "trustpilot_danish_isoZ_head.csv": (100, 0, 15, 0),
    TRUSTPILOT: (105, 24, 0, 0),
    "yelp_parsehub_multiline.csv": (60, 0, 0, 0),
    "yelp_reviewer_rating_review.csv": (100, 0, 0, 0),
}
FORMATS = {
    "apify_google_maps_reviews.json": ("apify_google_maps", "json", "utf-8", None, "google"),
    CLOTHING: ("csv", "csv", "utf-8-sig", ",", None),
    "gaspa93_gm_reviews.csv": ("google_maps_scraper", "csv", "utf-8", ",", "google"),
    "google_business_profile_takeout_reviews.json": (
        "google_business_profile",
        "json",
        "utf-8",
        None,
        "google",
    ),
    "google_competitor_reviews.csv": ("csv", "csv", "utf-8", ",", "google"),
    "google_copy_paste_bangia.csv": ("csv", "csv", "utf-8", ",", "google"),
    "google_maps_scraper_reviews.xlsx": ("xlsx", "xlsx", None, None, "google"),
    "google_pipe_delimited_relative_dates.csv": ("csv", "csv", "utf-8", "|", "google"),
    "trustpilot_danish_isoZ_head.csv": ("trustpilot_scraper", "csv", "utf-8", ",", "trustpilot"),
    TRUSTPILOT: ("csv", "csv", "utf-8", ",", "trustpilot"),
    "yelp_parsehub_multiline.csv": ("yelp_parsehub", "csv", "utf-8", ",", "yelp"),
    "yelp_reviewer_rating_review.csv": ("csv", "csv", "utf-8", ",", "yelp"),
}
NAMES_BUSINESSES = {
    "google_competitor_reviews.csv": 5,
    "google_maps_scraper_reviews.xlsx": 1,
    "trustpilot_danish_isoZ_head.csv": 1,
    "yelp_parsehub_multiline.csv": 3,
}


@functools.cache
def read(name: str, business: str | None = "Given") -> ExportRead:
    data = (EXPORTS / name).read_bytes()
    return read_export(data, name, business=business, hash_key=b"key", today=TODAY)


def star_counts(rows: pd.DataFrame) -> dict[float, int]:
    return rows["stars"].value_counts().to_dict()


def plain_rows(name: str, delimiter: str = ",") -> list[dict[str, str]]:
    """The file read by the standard library alone."""
    text = (EXPORTS / name).read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter))


@pytest.mark.parametrize("name", COUNTS)
def test_every_row_is_accepted_or_rejected_as_counted_by_hand(name: str) -> None:
    export = read(name)
    found = mark_duplicates(export.rows)["duplicate_of_row"].notna().sum()
    only_stars = (export.rows["unscored_reason"] == "no_text").sum()
    assert (len(export.rows), len(export.rejects), found, only_stars) == COUNTS[name]
    assert export.rows_read == len(export.rows) + len(export.rejects)
    assert sorted([*export.rows["row"], *export.rejects["row"]]) == list(range(1, export.rows_read + 1))


@pytest.mark.parametrize("name", FORMATS)
def test_format_encoding_and_delimiter(name: str) -> None:
    found = recognise((EXPORTS / name).read_bytes(), name)
    assert (found.format, found.container, found.encoding, found.delimiter, found.source) == FORMATS[name]
    assert found == read(name).recognition


@pytest.mark.parametrize("name", COUNTS)
def test_a_file_without_businesses_asks_for_one(name: str) -> None:
    if name in NAMES_BUSINESSES:
        assert read(name, business=None).rows["business"].nunique() == NAMES_BUSINESSES[name]
    elif name != "apify_google_maps_reviews.json":
        with pytest.raises(BadInput, match="give --business NAME"):
            read(name, business=None)


def test_clothing_is_exactly_right() -> None:
    rows, plain = read(CLOTHING).rows, plain_rows(CLOTHING)
    assert list(rows["text"]) == [
        html.unescape(row["ReviewText"]).replace("\r\n", "\n").strip() for row in plain
    ]
    assert list(rows["title"].fillna("")) == [row["Title"] for row in plain]
    assert list(rows["stars"]) == [float(row["Rating"]) for row in plain]
    assert star_counts(rows) == {5: 71, 4: 41, 3: 20, 2: 13, 1: 5}
    assert rows["title"].isna().sum() == 30
    assert set(rows["business"]) == {"Given"}
    assert rows[["platform_id", "reviewer_hash", "language", "owner_reply"]].isna().all(axis=None)
    assert set(rows["date_precision"]) == {"unknown"}
    assert rows["text"].str.contains("\n").sum() > 0


def test_trustpilot_is_exactly_right() -> None:
    export, plain = read(TRUSTPILOT), plain_rows(TRUSTPILOT)
    empty = [
        number for number, row in enumerate(plain, start=1) if not row["Rating"] and not row["Review Text"]
    ]
    assert empty == [start + step for start in (1, 25, 49, 73, 97, 121) for step in range(4)]
    assert list(export.rejects["row"]) == empty
    assert set(export.rejects["reason"]) == {"neither text nor stars"}
    assert set(export.rejects["column"]) == {"Review Text"}
    kept = [row for row in plain if row["Review Text"]]
    assert list(export.rows["text"]) == [row["Review Text"].strip() for row in kept]
    assert [str(day) for day in export.rows["review_date"]] == [row["Date"][:10] for row in kept]
    assert star_counts(export.rows) == {5: 85, 1: 14, 3: 2, 4: 2, 2: 2}
    assert set(export.rows["date_precision"]) == {"day"}
    assert export.rows["reviewer_hash"].nunique() == len({row["Customer Name"] for row in kept})
    assert not export.rejects["raw"].str.contains("Reviewer").any()


def test_pieces_of_apify() -> None:
    export = read("apify_google_maps_reviews.json", business=None)
    assert list(export.rows["business"]) == ["Amoy Street Food Centre"] * 2
    assert list(export.rejects["row"]) == [1, 2, 3, 4]
    assert export.rejects["reason"].str.startswith("no business").all()
    filled = read("apify_google_maps_reviews.json").rows
    assert list(filled["business"]) == ["Given"] * 4 + ["Amoy Street Food Centre"] * 2
    assert list(filled["stars"]) == [5, 5, 5, 3, 4, 4]
    assert str(filled["review_date"][0]) == "2020-12-24"
    assert filled["owner_reply"].notna().tolist() == [True, False, False, False, False, False]


def test_pieces_of_google_business_profile() -> None:
    rows = read("google_business_profile_takeout_reviews.json").rows
    assert list(rows["stars"]) == [5, 2, 5, 1, 3, 1, 5, 5, 4, 5]
    assert rows["owner_reply"].notna().sum() == 2
    assert rows["platform_id"].str.endswith("/reviews/R001")[0]
    assert str(rows["review_date"].min()) == "2024-04-25"


def test_relative_dates_count_from_the_scrape_date_of_the_row() -> None:
    rows = read("gaspa93_gm_reviews.csv").rows.set_index("row")
    assert recognise((EXPORTS / "gaspa93_gm_reviews.csv").read_bytes(), "x.csv").scraped_on == dt.date(
        2021, 1, 8
    )
    assert (rows["review_date"][1], rows["date_precision"][1]) == (dt.date(2021, 1, 5), "day")
    assert (rows["review_date"][3], rows["date_precision"][3]) == (dt.date(2021, 1, 1), "week")
    assert (rows["review_date"][9], rows["date_precision"][9]) == (dt.date(2020, 11, 8), "month")
    assert rows["date_precision"].value_counts().to_dict() == {"day": 36, "week": 12, "month": 12}
    assert rows["text"][1] == "Good place to eat and clean"
    assert not rows["text"].str.contains("Original|Translated", na=False).any()


def test_edited_dates_of_the_workbook() -> None:
    export = read("google_maps_scraper_reviews.xlsx", business=None)
    assert list(export.rejects["row"]) == list(range(43, 57))
    assert export.rows["date_precision"].value_counts().to_dict() == {"year": 75, "month": 29, "week": 2}
    assert str(export.rows["review_date"][0]) == "2025-08-24"
    assert export.rows["review_date"].notna().all()


def test_dates_without_a_scrape_date_count_from_today_and_say_so() -> None:
    export = read("google_pipe_delimited_relative_dates.csv")
    assert list(export.rows["review_date"][:2]) == [dt.date(2026, 11, 1), dt.date(2026, 10, 22)]
    assert any("counted from 22 Nov 2026" in note for note in export.notes)


def test_stars_of_the_review_not_of_the_place() -> None:
    export = read("google_competitor_reviews.csv", business=None)
    assert export.recognition.mapping["stars"] == "rating"
    assert export.recognition.mapping["business"] == "name"
    assert star_counts(export.rows) == {5: 56, 1: 2, 4: 1, 3: 1}
    assert str(export.rows["review_date"][2]) == "2026-03-09"


def test_name_is_the_reviewer_where_another_column_is_the_business() -> None:
    export = read("trustpilot_danish_isoZ_head.csv", business=None)
    assert set(export.rows["business"]) == {"PureGym"}
    assert export.recognition.mapping["reviewer"] == "name"
    doubles = mark_duplicates(export.rows).set_index("row")["duplicate_of_row"]
    assert (doubles[21], doubles[20 + 44], doubles[70]) == (1, 20, 11)


def test_row_numbers_are_no_platform_ids() -> None:
    assert "platform_id" not in read("google_copy_paste_bangia.csv").recognition.mapping
    assert "platform_id" not in read(CLOTHING).recognition.mapping


def test_line_breaks_in_yelp_texts_stay() -> None:
    rows = read("yelp_parsehub_multiline.csv", business=None).rows
    assert rows["text"][0].splitlines() == [
        "Very good food",
        "Crab cakes were amazing gourmet",
        "The Philly cheese was very tender and juicy",
    ]
    assert rows["business"].value_counts().to_dict() == {
        "The Brick Pub & Grill": 20,
        "Yen Wor Village": 20,
        "Due’ Cucina Italiana": 20,
    }


@pytest.mark.parametrize("business", [None, "Given"])
def test_a_file_with_nothing_in_its_rows_is_refused(business: str | None) -> None:
    with pytest.raises(BadInput, match=r"All 3 rows of broken_all_na\.csv are empty"):
        read("broken_all_na.csv", business)
