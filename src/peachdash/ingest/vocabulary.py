"""What the columns of review exports are called: the words by which an unknown exporter's file is understood.

Names are in the spelling of `normalise_name`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SYNONYMS: dict[str, tuple[str, ...]] = {
    "text": _words(
        "review_text text review_body review_content review_comment review_comments review_description "
        "comment comments comment_text reviewtext reviewbody review reviews body content caption feedback "
        "message review_message description snippet full_review customer_review user_review users_review "
        "verbatim opinion text_text review_details wi_i7pd resena bewertung avis recensione comentario"
    ),
    "translated_text": _words(
        "text_translated translated_text review_text_translated review_translated_text translation text_en "
        "review_text_en"
    ),
    "title": _words(
        "review_title title headline review_headline subject summary heading review_summary titulo titel "
        "titre"
    ),
    "stars": _words(
        "review_rating review_stars review_star_rating review_score stars star star_rating stars_given "
        "rating_stars rating ratings user_rating users_rating customer_rating reviewer_rating rating_value "
        "ratingvalue score overall_rating overall rate note grade five_star_rating puntuacion sterne "
        "sternebewertung review"
    ),
    "review_date": _words(
        "review_date review_datetime_utc review_datetime date_of_review published_at_date published_at "
        "publish_date published_date date_published datepublished published publish_time review_time "
        "review_timestamp review_created_at create_time created_at created_time creation_date date_created "
        "created created_date posted_at posted_on date_posted post_date posted submitted_at submission_date "
        "submitted review_posted date datetime date_time timestamp time iso_date review_posted_date fecha "
        "datum reviewed_at reviewed_on date_added users_date users_review_date review_date_source"
    ),
    "relative_date": _words(
        "relative_date relative_time relative_time_description relative_publish_time_description publish_at "
        "published_relative date_relative time_ago rsqa_we review_date_relative"
    ),
    "scraped_at": _words(
        "scraped_at scraped scrape_date scrape_time scraped_date scrape_timestamp scraped_timestamp "
        "retrieval_date retrieved_at retrieved crawled_at crawl_date collected_at extracted_at "
        "extraction_date exported_at export_date downloaded_at fetched_at timestamp_scraped"
    ),
    "business": _words(
        "business_name business business_title place_name place_title place store_name store shop_name shop "
        "restaurant_name restaurants_name restaurant company_name company location_name venue_name venue "
        "merchant_name merchant hotel_name hotel enterprise listing_name property_name brand_name brand "
        "outlet organisation organization location branch place_display_name_text establishment cafe "
        "cafe_name"
    ),
    "source": _words(
        "review_source source platform source_name review_site site_name review_platform review_origin site"
    ),
    "platform_id": _words(
        "review_id id_review reviewid id uuid platform_id external_id review_uuid guid review_identifier "
        "comment_id"
    ),
    "language": _words("language lang original_language review_language language_code text_language locale"),
    "owner_reply": _words(
        "owner_reply owner_response owner_answer reply reply_text response response_text review_reply "
        "business_reply business_response company_reply company_response management_response "
        "response_from_owner_text response_from_owner owner_reply_text owner_response_text merchant_reply "
        "public_reply reply_comment review_reply_comment review_response seller_response reply_content "
        "replies store_reply host_response"
    ),
    "reviewer": _words(
        "reviewer_name reviewer author_name author author_title autor_name user_name username users_name "
        "user users customer_name customer display_name reviewer_display_name nickname reviewed_by "
        "consumer_name consumer guest_name guest profile_name nick reviewer_id author_id user_id customer_id "
        "author_attribution_display_name d4r55 full_name reviewer_title person by"
    ),
}
"""Common names for each field, the more telling first."""

TELLING: dict[str, frozenset[str]] = {
    "text": frozenset(_words("review reviews comment comments feedback text opinion testimonial")),
    "stars": frozenset(_words("rating ratings stars star score")),
    "review_date": frozenset(_words("date time published posted created datetime")),
    "owner_reply": frozenset(_words("reply response answer")),
    "title": frozenset(_words("title headline subject")),
    "business": frozenset(_words("business store restaurant place company venue shop hotel")),
    "reviewer": frozenset(_words("reviewer author customer user username")),
}
"""Single words that give a field away where no whole name does."""

MISLEADING: dict[str, frozenset[str]] = {
    "text": frozenset(
        _words(
            "id url link date time rating score stars count title number name reply response owner likes "
            "image photo images photos author reviewer user num sentiment type status source"
        )
    ),
    "stars": frozenset(
        _words(
            "venue place business average avg total count company sentiment store mean number owner reviewer "
            "location distribution max sub"
        )
    ),
    "review_date": frozenset(
        _words(
            "reply response owner event update updated stay purchase birth answer scraped "
            "zone order open close wait"
        )
    ),
    "owner_reply": frozenset(_words("date time id url link name count timestamp updated by at")),
    "title": frozenset(_words("owner reviewer author reply business place url")),
    "business": frozenset(
        _words(
            "id url link address rating phone type category status reply response count owner date "
            "description reviews price city state zip lat lng hours website"
        )
    ),
    "reviewer": frozenset(
        _words(
            "url link image photo count number reviews location rating id level date type avatar email "
            "service comments satisfaction support"
        )
    ),
}
"""Words beside a telling one that turn its meaning: a venue's rating is not the review's."""

PLACE_WORDS: frozenset[str] = frozenset(
    _words("address place_id venue_rating total_score place_url city postal_code cid fid phone")
)
"""Columns that say of a row that it describes a place."""

PERSONAL = re.compile(
    r"reviewer|author|autor|user|customer|consumer|guest|profile|nick|e_?mail|phone|avatar|photo|display_name|"
    r"full_name|first_name|last_name"
)
"""Columns that may identify a person: they are blanked in the record of a rejected row."""

KNOWN_NAMES: frozenset[str] = frozenset(name for names in SYNONYMS.values() for name in names)


def normalise_name(name: str) -> str:
    """One spelling of a column name: "publishedAtDate", "Published at date" give "published_at_date"."""
    plain = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in plain if not unicodedata.combining(letter))
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", plain)
    return re.sub(r"[^a-z0-9]+", "_", plain.casefold()).strip("_")


def known_names(columns: Iterable[str]) -> int:
    """How many of the column names are among the common ones of exports."""
    return sum(normalise_name(column) in KNOWN_NAMES for column in columns)


def unique_columns(names: Sequence[str]) -> list[str]:
    """Column names with the nameless ones numbered and repeated ones told apart: "rating", "rating (2)"."""
    columns: list[str] = []
    taken: set[str] = set()
    for position, name in enumerate(names, start=1):
        base = " ".join(name.replace("\ufeff", "").split()) or f"column {position}"
        column, count = base, 1
        while column in taken:
            count += 1
            column = f"{base} ({count})"
        taken.add(column)
        columns.append(column)
    return columns
