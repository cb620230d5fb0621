"""The exporters whose columns are known: one entry each, names in the spelling of `normalise_name`.

Entries with a real file behind them and entries from documentation or parsers' code stand side by side;
the first entry whose `needs` are all there wins, so the narrower ones come first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from peachdash.ingest.model import DateOrder
from peachdash.ingest.vocabulary import normalise_name


@dataclass(frozen=True)
class ExportFormat:
    """One exporter.

    Attributes:
        name: shown to the user and stored with an import.
        source: the platform that the reviews come from.
        needs: columns that give it away; all must be there.
        fields: field to the columns that hold it, the best first.
        date_order: order of day and month where its dates are written in digits.
    """

    name: str
    source: str
    needs: frozenset[str]
    fields: Mapping[str, Sequence[str]] = field(default_factory=dict)
    date_order: DateOrder | None = None

    def matches(self, columns: Sequence[str]) -> bool:
        """Whether a file with these columns comes from this exporter."""
        return self.needs <= {normalise_name(column) for column in columns}

    def mapping(self, columns: Sequence[str]) -> dict[str, str]:
        """Field to column of this file; a field whose columns are all missing is left out."""
        by_name = {normalise_name(column): column for column in reversed(columns)}
        found = {
            target: next((by_name[name] for name in names if name in by_name), None)
            for target, names in self.fields.items()
        }
        return {target: column for target, column in found.items() if column is not None}


_PLACE = ("place_display_name_text", "place_title", "place_name", "place_business_name")

FORMATS: tuple[ExportFormat, ...] = (
    ExportFormat(
        "google_business_profile",
        "google",
        frozenset({"star_rating", "create_time", "name"}),
        {
            "platform_id": ("review_id", "name"),
            "review_date": ("create_time",),
            "stars": ("star_rating",),
            "text": ("comment",),
            "owner_reply": ("review_reply_comment",),
            "reviewer": ("reviewer_display_name",),
            "business": ("location_name", "place_title", "place_location_name", "business_name"),
        },
    ),
    ExportFormat(
        "google_takeout_contributions",
        "google",
        frozenset({"properties_five_star_rating_published"}),
        {
            "business": ("properties_location_name",),
            "review_date": ("properties_date",),
            "stars": ("properties_five_star_rating_published",),
            "text": ("properties_review_text_published",),
        },
    ),
    ExportFormat(
        "google_places",
        "google",
        frozenset({"author_attribution_display_name", "publish_time"}),
        {
            "business": (*_PLACE, "business", "business_name"),
            "platform_id": ("name",),
            "review_date": ("publish_time",),
            "relative_date": ("relative_publish_time_description",),
            "stars": ("rating",),
            "text": ("original_text_text", "text_text"),
            "translated_text": ("text_text",),
            "language": ("text_language_code", "original_text_language_code"),
            "reviewer": ("author_attribution_display_name",),
        },
    ),
    ExportFormat(
        "google_places_old",
        "google",
        frozenset({"author_name", "relative_time_description", "text"}),
        {
            "business": (*_PLACE, "business", "business_name"),
            "review_date": ("time",),
            "relative_date": ("relative_time_description",),
            "stars": ("rating",),
            "text": ("text",),
            "language": ("language",),
            "reviewer": ("author_name",),
        },
    ),
    ExportFormat(
        "outscraper",
        "google",
        frozenset({"review_text", "review_rating", "review_datetime_utc"}),
        {
            "business": ("name", "place_name"),
            "platform_id": ("review_id",),
            "review_date": ("review_datetime_utc", "review_timestamp"),
            "stars": ("review_rating",),
            "text": ("review_text",),
            "translated_text": ("review_translated_text",),
            "owner_reply": ("owner_answer",),
            "reviewer": ("author_title", "autor_name", "author_name", "author_id", "autor_id"),
        },
        date_order="mdy",
    ),
    ExportFormat(
        "apify_google_maps",
        "google",
        frozenset({"published_at_date", "stars", "text"}),
        {
            "business": ("title", "place_title", "place_name"),
            "platform_id": ("review_id",),
            "review_date": ("published_at_date",),
            "relative_date": ("publish_at",),
            "scraped_at": ("scraped_at",),
            "stars": ("stars",),
            "text": ("text",),
            "translated_text": ("text_translated",),
            "language": ("original_language",),
            "owner_reply": ("response_from_owner_text",),
            "reviewer": ("name", "reviewer_id"),
        },
    ),
    ExportFormat(
        "trustpilot",
        "trustpilot",
        frozenset({"stars", "review", "published", "reviewer", "trust_score"}),
        {
            "business": ("company", "domain"),
            "platform_id": ("review_id",),
            "review_date": ("published",),
            "scraped_at": ("scraped",),
            "stars": ("stars",),
            "title": ("title",),
            "text": ("review",),
            "language": ("language",),
            "owner_reply": ("company_reply",),
            "reviewer": ("reviewer",),
        },
    ),
    ExportFormat(
        "trustpilot_scraper",
        "trustpilot",
        frozenset({"datetime", "name", "rating", "title", "review", "event_time", "enterprise"}),
        {
            "business": ("enterprise",),
            "review_date": ("datetime",),
            "stars": ("rating",),
            "title": ("title",),
            "text": ("review",),
            "reviewer": ("name",),
        },
    ),
    ExportFormat(
        "birdeye",
        "birdeye",
        frozenset({"business_name", "profile_url", "reviewer_name", "star_rating", "review_text"}),
        {
            "business": ("business_name",),
            "review_date": ("review_date",),
            "scraped_at": ("scrape_timestamp", "scraped_at"),
            "stars": ("star_rating",),
            "text": ("review_text",),
            "reviewer": ("reviewer_name",),
        },
    ),
    ExportFormat(
        "yelp_parsehub",
        "yelp",
        frozenset({"restaurants_name", "restaurants_users_review"}),
        {
            "business": ("restaurants_name",),
            "review_date": ("restaurants_users_date",),
            "stars": ("restaurants_users_rating", "restaurants_users_stars"),
            "text": ("restaurants_users_review",),
            "reviewer": ("restaurants_users_name",),
        },
    ),
    ExportFormat(
        "google_maps_scraper",
        "google",
        frozenset({"id_review", "caption", "relative_date", "rating"}),
        {
            "business": ("place", "place_name", "business"),
            "platform_id": ("id_review",),
            "review_date": ("relative_date",),
            "scraped_at": ("retrieval_date",),
            "stars": ("rating",),
            "text": ("caption",),
            "reviewer": ("username",),
        },
    ),
)


def find_format(columns: Sequence[str]) -> ExportFormat | None:
    """The exporter whose columns these are, if it is a known one."""
    return next((each for each in FORMATS if each.matches(columns)), None)
