"""Platforms that reviews come from, told from a cell, an address or a file name."""

from __future__ import annotations

import re

import pandas as pd

from peachdash.ingest.cells import Distinct

UNKNOWN_SOURCE = "unknown"
_PLATFORMS = re.compile(
    r"google|yelp|trustpilot|tripadvisor|facebook|opentable|birdeye|foursquare|amazon|booking|expedia|doordash|"
    r"ubereats|grubhub|airbnb|etsy|shopify|judgeme|yotpo|podium|reviewsio|nextdoor|zomato|glassdoor|thefork"
)
_ALIASES = {
    "gmb": "google",
    "gbp": "google",
    "gmaps": "google",
    "fb": "facebook",
    "bbb": "bbb",
    "resy": "resy",
}


def find_platform(text: str) -> str | None:
    """The platform that a name or address speaks of: "Google Maps", "https://www.yelp.com/biz/x"."""
    plain = re.sub(r"[^a-z0-9]+", " ", text.casefold())
    named = _PLATFORMS.search(plain.replace(" ", ""))
    return (
        named.group() if named else next((_ALIASES[word] for word in plain.split() if word in _ALIASES), None)
    )


def normalise_sources(cells: pd.Series) -> pd.Series:
    """Platform names in one spelling; names of no known platform are lower-cased, missing ones stay NaN."""
    distinct = Distinct(cells)
    names = [find_platform(text) or text.casefold() for text in distinct.texts]
    return distinct.spread(pd.Series(names, dtype="str"))


def source_of_filename(filename: str) -> str | None:
    """The platform in a file's name, if there is one."""
    return find_platform(re.split(r"[\\/]", filename)[-1])
