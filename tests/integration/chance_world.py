"""Databases for what pages count: odd reviews, the demo's and real ones, read and decided on by chance."""

from __future__ import annotations

import datetime as dt
import gzip
import json

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.config import REPOSITORY
from peachdash.queries.readings import fetch_frame
from peachdash.records import LABELS
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.bulk import append_frame
from peachdash.storage.feedback import append_answer, append_decision
from peachdash.storage.predictions import append_predictions, load_unread
from peachdash.storage.reviews import append_links, append_retraction
from peachdash.workflows.issue_building import cut_sentences
from peachdash.workflows.setup import load_demo
from tests.integration.conftest import EVERYTHING, MODELS, add_reviews, fill, review_rows

REAL = REPOSITORY.parent / "shared" / "data" / "reviews" / "yelp10k.jsonl.gz"
DAY = dt.date(2026, 3, 2)
VERDICTS = ("negative", "neutral", "positive", "spam", "not_about_us", "duplicate", None)


def add_odd_reviews(database) -> None:
    """What is seldom: no stars, date or text, coarse dates, another language, undone and newer versions."""
    rows = review_rows(
        [
            {"text": "No stars at all", "stars": None},
            {"text": "Half a star more", "stars": 3.5, "business_id": "boutique", "source": "web"},
            {"text": "", "stars": 2.0, "unscored_reason": "no_text"},
            {"text": "Some year", "date_precision": "year", "review_date": dt.date(2026, 1, 1)},
            {"text": "Some month", "date_precision": "month", "review_date": dt.date(2026, 2, 1)},
            {"text": "Who knows when", "date_precision": "unknown", "review_date": None, "stars": None},
            {"text": "Lovely ube scoop", "business_id": "boutique"},
            {"text": "Never read, and spam", "business_id": "diner"},
            {"text": "Cold again", "business_id": "diner", "owner_reply": "Sorry!"},
            {"text": "Cold, the second time", "business_id": "diner", "review_date": dt.date(2025, 12, 31)},
            {"text": "C'était très bon, merci", "business_id": "diner", "source": "web"},
            {"text": "Old words", "review_date": dt.date(2026, 1, 31)},
            {"text": "New words", "review_date": dt.date(2026, 1, 31)},
            *[
                {
                    "text": f"Course {n} was cold. The staff was lovely, {n} times.",
                    "review_date": DAY - dt.timedelta(days=17 * n),
                }
                for n in range(30)
            ],
        ]
    )
    add_reviews(database, "odd", rows)
    add_reviews(database, "undone", review_rows([{"text": "Undone"}, {"text": "Undone, but kept"}]))
    with database.write() as connection:
        number = dict(connection.execute(sa.select(t.reviews.c.text, t.reviews.c.review_id)).tuples().all())
        links = {
            "review_versions": {"review_id": [number["New words"]], "replaces_id": [number["Old words"]]},
            "import_repeats": {"review_id": [number["Undone, but kept"]]},
            "late_replies": {"review_id": [number["Cold, the second time"]], "owner_reply": ["Oh no"]},
        }
        append_links(connection, "odd", {name: pd.DataFrame(frame) for name, frame in links.items()})
        append_retraction(connection, "undone", "ada", "by mistake")
        now = pd.Timestamp.now("UTC")
        french = rows.loc[rows["text"].str.startswith("C'était"), ["text_sha256"]]
        found = {"language": "fr", "confidence": 1.0, "readable": False, "detector": "test"}
        append_frame(connection, t.text_languages, french.assign(**found, detected_utc=now))
        append_decision(connection, number["Never read, and spam"], "spam", "correction", "ada", reason="")


def read_by_chance(database, seed: int = 1) -> None:
    """Readings of most texts by both models, and of their sentences; some decisions and answers."""
    rng = np.random.default_rng(seed)
    cut_sentences(database, EVERYTHING)
    with database.write() as connection:
        texts = load_unread(connection, MODELS.revisions)["text_sha256"]
        sentences = fetch_frame(connection, sa.select(i.review_sentences.c.sentence_sha256).distinct())
        for revision in MODELS.revisions:
            append_predictions(
                connection, chance_readings(texts.sample(frac=0.8, random_state=1), revision, rng)
            )
        champion = chance_readings(sentences["sentence_sha256"], MODELS.champion, rng, 0.1)
        append_predictions(connection, champion)
        ids = fetch_frame(connection, sa.select(t.reviews.c.review_id))["review_id"]
        for place, review_id in enumerate(ids.sample(min(len(ids) // 3, 80), random_state=2)):
            verdict = VERDICTS[place % len(VERDICTS)]
            append_decision(connection, int(review_id), verdict, "correction", "ada", reason="")
        for place, review_id in enumerate(ids.sample(min(len(ids) // 3, 80), random_state=3)):
            append_answer(connection, int(review_id), place % 3 > 0, "ada", "")
        put_into_issues(connection)


def chance_readings(
    keys: pd.Series, revision: str, rng: np.random.Generator, evenness: float = 0.4
) -> pd.DataFrame:
    chances = rng.dirichlet([evenness] * 3, len(keys))
    columns = {f"p_{name}": chances[:, place] for place, name in enumerate(LABELS)}
    labels = np.array(LABELS)[chances.argmax(axis=1)]
    return pd.DataFrame({"text_sha256": list(keys), "label": labels, **columns}).assign(
        revision=revision, precision="fp32", needs_review=chances.max(axis=1) < 0.6
    )


def put_into_issues(connection) -> None:
    """Every second sentence of each business in one issue of it."""
    places, now = i.review_sentences, pd.Timestamp.now("UTC")
    statement = (
        sa.select(t.reviews.c.business_id, places.c.text_sha256, places.c.position)
        .join(places, places.c.text_sha256 == t.reviews.c.text_sha256)
        .distinct()
        .order_by(t.reviews.c.business_id, places.c.text_sha256, places.c.position)
    )
    frame = fetch_frame(connection, statement).iloc[::2]
    frame = frame[frame["business_id"] != "boutique"].assign(
        issue_id="issue-" + frame["business_id"], origin="found", similarity=0.9, vector=b"",
        assigned_by="ada", assigned_utc=now,
    )  # fmt: skip
    frame["assignment_id"] = [f"{number:06}" for number in range(len(frame))]
    issues = frame[["issue_id", "business_id"]].drop_duplicates()
    append_frame(connection, i.issues, issues.assign(origin="found", founded_by="ada", founded_utc=now))
    append_frame(connection, i.issue_sentences, frame)


def fill_odd(database) -> None:
    fill(database)
    add_odd_reviews(database)
    read_by_chance(database)


def fill_demo(database) -> None:
    load_demo(database, EVERYTHING, REPOSITORY / "data")
    read_by_chance(database)


def fill_real(database) -> None:
    with gzip.open(REAL, "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line, _ in zip(file, range(1500), strict=False)]
    fill(database)
    businesses = ("creamery", "diner", "boutique")
    rows = [
        {
            "text": line["text"], "stars": line["stars"], "business_id": businesses[number % 3],
            "review_date": dt.date.fromisoformat(line["date"][:10]),
        }
        for number, line in enumerate(lines)
    ]  # fmt: skip
    add_reviews(database, "real", review_rows(rows))
    read_by_chance(database)
