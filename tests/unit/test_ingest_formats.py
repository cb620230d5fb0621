"""Recognising exporters and columns: by declared formats, by names, and by what cells hold."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from peachdash.ingest import ExportRead, Recognition, read_export, recognise
from peachdash.ingest.formats import FORMATS
from peachdash.ingest.model import FIELDS
from peachdash.ingest.vocabulary import SYNONYMS, normalise_name, unique_columns

OUTSCRAPER = (
    "query,name,google_id,place_id,location_link,reviews_link,reviews_per_score,reviews,rating,review_id,author_link,"
    "author_title,author_id,author_image,review_text,review_img_url,review_img_urls,owner_answer,"
    "owner_answer_timestamp,owner_answer_timestamp_datetime_utc,review_link,review_rating,review_timestamp,"
    "review_datetime_utc,review_likes,reviews_id\n"
    'cafe,Cafe A,0x1,ChI,l,l,"{""1"": 5}",100,4.5,rid1,l,Ann,1,i,meh,,,Sorry!,'
    "1699862400,11/13/2023 08:00:00,l,2,1699862400,03/04/2023 08:00:00,0,99\n"
)
TRUSTPILOT = (
    "Stars,Title,Review,Published,Experience date,Language,Verified,Verification,Source,Reviewer,Country,"
    "Reviews written,Replied,Company reply,Replied on,Branch,Useful votes,Company,Domain,TrustScore,"
    "Company reviews,Review URL,Review ID,Scraped,Row type\n"
    "4,Nice,Good stuff,2024-01-01T10:00:00.000Z,2023-12-30,en,true,invited,Organic,Ann,US,3,"
    "true,Thanks,2024-01-02,,0,ACME,acme.com,4.4,200,http://x,abc1,2024-05-01T00:00:00Z,review\n"
)
BIRDEYE = (
    "Business Name,Profile URL,Address,Phone,Reviewer Name,Review Date,Star Rating,Review Text,Source URL,"
    "Scrape Timestamp\nCafe A,http://x,1 Main,555,Ann,2 days ago,5,Lovely,http://y,2024-01-10T00:00:00Z\n"
)
PLACES_OLD = {
    "status": "OK",
    "result": {
        "name": "Cafe A",
        "rating": 4.4,
        "reviews": [
            {
                "author_name": "Ann", "rating": 2, "text": "meh", "time": 1699862400,
                "relative_time_description": "a year ago", "language": "en",
            }
        ],
    },
}  # fmt: skip
PLACES_NEW = {
    "displayName": {"text": "Cafe A", "languageCode": "en"},
    "rating": 4.4,
    "reviews": [
        {
            "name": "places/x/reviews/1", "rating": 2, "text": {"text": "Meh", "languageCode": "en"},
            "originalText": {"text": "Regular", "languageCode": "es"}, "publishTime": "2023-11-13T00:00:00Z",
            "authorAttribution": {"displayName": "Ann"}, "relativePublishTimeDescription": "a year ago",
        }
    ],
}  # fmt: skip
OWN_TAKEOUT = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [1, 2]},
            "properties": {
                "date": "2023-11-13T00:00:00Z", "five_star_rating_published": 2, "google_maps_url": "http://x",
                "location": {"name": "Cafe A", "address": "1 Main"}, "review_text_published": "meh",
            },
        }
    ],
}  # fmt: skip
CRAWLER = [
    {
        "title": "Cafe A", "totalScore": 4.4, "address": "1 Main",
        "reviews": [
            {"name": "Ann", "text": "Regular", "textTranslated": "Meh",
             "publishedAtDate": "2023-11-13T00:00:00Z",
             "stars": 2, "rating": None, "originalLanguage": "es"}
        ],
    }
]  # fmt: skip


def read(text: str, filename: str = "x.csv", business: str | None = None) -> ExportRead:
    today = dt.date(2026, 11, 22)
    return read_export(text.encode(), filename, business=business, hash_key=b"key", today=today)


def mapped(text: str) -> dict[str, str]:
    return recognise(text.encode(), "x.csv").mapping


@pytest.mark.parametrize(
    ("text", "name", "source", "stars", "words", "day"),
    [
        (OUTSCRAPER, "outscraper", "google", 2, "meh", "2023-03-04"),
        (TRUSTPILOT, "trustpilot", "trustpilot", 4, "Good stuff", "2024-01-01"),
        (BIRDEYE, "birdeye", "birdeye", 5, "Lovely", "2024-01-08"),
        (json.dumps(PLACES_OLD), "google_places_old", "google", 2, "meh", "2023-11-13"),
        (json.dumps(PLACES_NEW), "google_places", "google", 2, "Meh", "2023-11-13"),
        (json.dumps(OWN_TAKEOUT), "google_takeout_contributions", "google", 2, "meh", "2023-11-13"),
        (json.dumps(CRAWLER), "apify_google_maps", "google", 2, "Meh", "2023-11-13"),
    ],
)
def test_documented_formats(text: str, name: str, source: str, stars: float, words: str, day: str) -> None:
    export = read(text)
    assert export.recognition.format == name
    row = export.rows.iloc[0]
    assert row["business"] in {"Cafe A", "ACME"}
    assert (row["source"], row["stars"], row["text"], str(row["review_date"])) == (source, stars, words, day)


def test_the_order_that_a_column_proves_goes_before_that_of_the_format() -> None:
    other = OUTSCRAPER.splitlines()[1].replace("03/04/2023", "25/12/2023").replace("rid1", "rid2")
    assert [str(day) for day in read(OUTSCRAPER + other + "\n").rows["review_date"]] == [
        "2023-04-03",
        "2023-12-25",
    ]


def test_invitations_are_no_platform_and_experience_is_no_publication() -> None:
    mapping = read(TRUSTPILOT).recognition.mapping
    assert "source" not in mapping
    assert (mapping["review_date"], mapping["owner_reply"], mapping["platform_id"]) == (
        "Published",
        "Company reply",
        "Review ID",
    )


def test_the_language_of_a_translated_text_is_not_that_of_the_original() -> None:
    export = read(json.dumps(CRAWLER))
    assert export.rows["language"].isna().all()
    assert "Reviews kept in their translation: 1." in export.notes


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_formats_are_well_formed(entry: object) -> None:
    names = [name for names in entry.fields.values() for name in names]
    assert set(entry.fields) <= set(FIELDS)
    assert {"text", "stars"} & set(entry.fields)
    assert all(name == normalise_name(name) for name in [*names, *entry.needs])
    assert sum(each.name == entry.name for each in FORMATS) == 1


def test_vocabulary_is_in_the_common_spelling() -> None:
    assert set(SYNONYMS) == set(FIELDS)
    assert all(name == normalise_name(name) for names in SYNONYMS.values() for name in names)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("publishedAtDate", "published_at_date"), ("Customer Name", "customer_name"),
     ("ClothingID", "clothing_id"),
     ("Review__body", "review_body"), ("reviewer.displayName", "reviewer_display_name"), ("Reseña", "resena"),
     ("TrustScore", "trust_score"), ("  ID ", "id"), ("⭐", "")],
)  # fmt: skip
def test_normalise_name(name: str, expected: str) -> None:
    assert normalise_name(name) == expected


def test_unique_columns() -> None:
    assert unique_columns(["a", "", "a", " a ", "column 2"]) == [
        "a",
        "column 2",
        "a (2)",
        "a (3)",
        "column 2 (2)",
    ]


@pytest.mark.parametrize(
    ("header", "rows", "field", "column"),
    [
        ("review,comment", ["5,good food", "2,bad food"], "text", "comment"),
        ("review,comment", ["5,good food", "2,bad food"], "stars", "review"),
        ("rating,stars,text", [",5,good", ",1,bad"], "stars", "stars"),
        ("rating,rating,text", ["4.3,5,good", "4.3,1,bad"], "stars", "rating (2)"),
        ("venue_rating,rating,text", ["4.3,5,good", "4.3,1,bad"], "stars", "rating"),
        ("sentiment_score,Your rating,text", ["1,5,good", "2,1,bad"], "stars", "Your rating"),
        ("id,text", ["1,good", "2,bad"], "platform_id", None),
        ("id,text", ["ChZ1,good", "ChZ9,bad"], "platform_id", "id"),
        ("name,reviewer,text", ["Cafe,Ann,good", "Cafe,Bob,bad"], "business", "name"),
        ("name,place,text", ["Ann,Cafe,good", "Bob,Cafe,bad"], "reviewer", "name"),
        ("name,text", ["Ann,good", "Bob,bad"], "reviewer", "name"),
        ("name,address,text", ["Cafe,1 Main,good", "Cafe,1 Main,bad"], "business", "name"),
        ("title,address,text", ["Cafe,1 Main,good", "Cafe,1 Main,bad"], "business", "title"),
        ("title,text", ["Lovely,good food", "Awful,bad food"], "title", "title"),
        ("source,text", ["https://x.com/1,good", "https://x.com/2,bad"], "source", None),
        ("platform,text", ["Google,good", "Yelp,bad"], "source", "platform"),
        ("reply,text", ["Thanks!,good", ",bad"], "owner_reply", "reply"),
        ("reply date,text", ["2026-01-02,good", "2026-01-03,bad"], "owner_reply", None),
        ("reply date,text", ["2026-01-02,good", "2026-01-03,bad"], "review_date", None),
        ("relative_time,text", ["a week ago,good", "a month ago,bad"], "review_date", "relative_time"),
        ("Customer Review (EN),Date of review", ["good food,2026-01-02"], "text", "Customer Review (EN)"),
        (
            "rsqaWe,wiI7pd",
            ["a week ago,Good food here", "a year ago,Bad food was cold"],
            "review_date",
            "rsqaWe",
        ),
        (
            "x1,x2,x3",
            ["5,2026-01-02,Good food and staff", "2,2026-01-03,Cold food and no staff"],
            "text",
            "x3",
        ),
        (
            "x1,x2,x3",
            ["5,2026-01-02,Good food and staff", "2,2026-01-03,Cold food and no staff"],
            "stars",
            "x1",
        ),
    ],
)
def test_columns_by_name_and_content(header: str, rows: list[str], field: str, column: str | None) -> None:
    assert mapped("\n".join([header, *rows]) + "\n").get(field) == column


def test_a_column_has_one_meaning() -> None:
    mapping = mapped(
        "Review,Rating,Reviewer,Review date,Business,Title\ngood food,5,Ann,2026-01-02,Cafe,Nice\n"
    )
    assert len(set(mapping.values())) == len(mapping) == 6


def test_recognition_of_the_beginning_is_that_of_the_whole() -> None:
    text = "text,stars,date\n" + "good food,5,2026-01-02\n" * 3_000
    assert recognise(text.encode(), "yelp.csv") == read(text, "yelp.csv", "Cafe").recognition


def test_recognition_shows_what_a_page_needs() -> None:
    found = recognise(BIRDEYE.encode(), "x.csv")
    assert isinstance(found, Recognition)
    assert found.scraped_on == dt.date(2024, 1, 10)
    assert found.columns[0] == "Business Name"
    assert list(found.mapping) == ["business", "review_date", "scraped_at", "stars", "text", "reviewer"]
