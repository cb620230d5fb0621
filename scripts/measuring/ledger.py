"""Week by week through the demo: which dated stories are found as new or rising, when, and what is false.

Each week only the sentences up to it are known. They are grouped as they come and tested as the page tests
them; the ledger is looked at afterwards. An alarm tells of a story if, in the tested weeks, at least half of
the reviews in the issue hold one of the story's keywords, and that is twice as many as among the business's
reviews outside the story's time (nine in ten where the keywords are that common).
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import numpy as np
import pandas as pd
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.insights.grouping import group_sentences
from peachdash.insights.issue_tests import FADING, NEW, OUTRIGHT, RISING, ChangeSettings, find_changes
from peachdash.queries.complaints import fetch_volumes
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ReviewFilter, Scope
from peachdash.sentiment.active import find_active
from peachdash.storage import issue_schema as i
from peachdash.storage.database import Database, open_database
from peachdash.storage.issues import unpack_vectors

FOUR_WEEKS, FIRST_WEEKS = 28, 12
CONES = "soggy-waffle-cones"


def measure(settings: Settings) -> dict[str, Any]:
    """Stories found, within four weeks and at all, and false alarms for each business and year."""
    database = open_database(settings.database)
    rows, volumes, revision = load_sentences(database, settings)
    database.close()
    stories = json.loads((settings.data / "ledger.json").read_text(encoding="utf-8"))
    rows = rows.assign(group=simulate_grouping(rows))
    alarms = find_alarms(rows, volumes)
    alarms = alarms.assign(story=[tell_story(alarm, rows, stories) for alarm in alarms.itertuples()])
    return {"revision": revision, "sentences": len(rows), **summarise(alarms, rows, stories, volumes)}


def load_sentences(database: Database, settings: Settings) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """Complaint sentences with their vectors, in the order of time; the volumes; the champion."""
    models, house = find_active(settings), Scope.everything("measure")
    with database.read() as connection:
        rows = fetch_evidence(connection, house, ReviewFilter(), models, with_text=True)
        volumes = fetch_volumes(connection, house, ReviewFilter(), models)
        columns = [i.issue_sentences.c[name] for name in ("business_id", "text_sha256", "position", "vector")]
        packed = pd.DataFrame.from_records(
            connection.execute(sa.select(*columns)).fetchall(),
            columns=["business_id", "text_sha256", "position", "vector"],
        )
    packed["vector"] = list(unpack_vectors([bytes(item) for item in packed["vector"]]))
    keys = ["business_id", "text_sha256", "position"]
    rows = rows.merge(packed.drop_duplicates(keys), on=keys)
    rows = rows[rows["review_date"].notna()].drop(columns="issue_id")
    rows = rows.assign(day=lambda frame: pd.to_datetime(frame["review_date"]))
    return rows.sort_values(["day", "review_id", "position"], ignore_index=True), volumes, models.champion


def simulate_grouping(rows: pd.DataFrame) -> np.ndarray:
    """The group of each sentence when every week's sentences are grouped before the next week's are known."""
    groups = np.empty(len(rows), dtype=object)
    weeks = rows["day"].dt.to_period("W-SUN")
    for business, own in rows.groupby("business_id"):
        names: list[str] = []
        prototypes = np.zeros((0, len(rows["vector"].iloc[0])), dtype=np.float32)
        for _, week in own.groupby(weeks):
            found = group_sentences(np.stack(list(week["vector"])), prototypes, names)
            new = {name: f"{business}-{len(names) + number}" for number, name in enumerate(found.founded)}
            groups[week.index] = [new.get(name, name) for name in found.groups]
            if new:
                names = [*names, *new.values()]
                prototypes = np.concatenate([prototypes, np.stack(list(found.founded.values()))])
    return groups


def find_alarms(rows: pd.DataFrame, volumes: pd.DataFrame) -> pd.DataFrame:
    """Every week's tests: business, week (its Sunday), group, change; steady ones are left out."""
    alarms = []
    for business, own in rows.groupby("business_id"):
        volume = volumes[(volumes["business_id"] == business) & volumes["review_date"].notna()]
        days = pd.to_datetime(volume["review_date"]).repeat(volume["texts"].astype(int))
        outright = own[own["p_negative"] >= OUTRIGHT]
        mentions = outright.drop_duplicates(["group", "text_sha256"]).rename(columns={"group": "issue_id"})
        first = days.min() + pd.Timedelta(weeks=FIRST_WEEKS)
        for sunday in pd.date_range(first, days.max() + pd.Timedelta(days=6), freq="W-SUN"):
            known = mentions.loc[mentions["day"] <= sunday, ["issue_id", "review_date"]]
            table = find_changes(known, days[days <= sunday], sunday.date())
            changed = table[table["change"] != "steady"]
            alarms += [(business, sunday, issue, change) for issue, change in changed["change"].items()]
    return pd.DataFrame(alarms, columns=["business", "week", "group", "change"])


def tell_story(alarm: Any, rows: pd.DataFrame, stories: list[dict[str, Any]]) -> str:
    """The story that an alarm tells of; empty where it tells of none."""
    start = alarm.week - pd.Timedelta(days=ChangeSettings().recent_days - 1)
    own = rows[rows["business_id"] == alarm.business]
    window = own[(own["group"] == alarm.group) & own["day"].between(start, alarm.week)]
    window = window.drop_duplicates("review_id")
    for story in stories:
        begins, ends = _span(story)
        if story["business"] != alarm.business or not begins <= alarm.week <= ends + pd.Timedelta(weeks=2):
            continue
        outside = own[~own["day"].between(begins, ends)].drop_duplicates("review_id")
        base = _share(outside, story)
        if len(window) and _share(window, story) >= max(0.5, min(2 * base, 0.9)):
            return str(story["id"])
    return ""


def _share(reviews: pd.DataFrame, story: dict[str, Any]) -> float:
    texts = (reviews["title"] + " " + reviews["text"]).str.lower()
    return float(texts.map(lambda text: any(word in text for word in story["keywords"])).mean() or 0)


def _span(story: dict[str, Any]) -> tuple[pd.Timestamp, pd.Timestamp]:
    return pd.Timestamp(story["begins"]), pd.Timestamp(story["fades_by"] or dt.date(2100, 1, 1))


def summarise(
    alarms: pd.DataFrame, rows: pd.DataFrame, stories: list[dict[str, Any]], volumes: pd.DataFrame
) -> dict[str, Any]:
    """What was found of the stories for the worse, how early, and how much was false."""
    risen = alarms[alarms["change"].isin([NEW, RISING])]
    worse = [story for story in stories if story["direction"] == "worse"]
    days = {story["id"]: _days_until(risen, story) for story in worse}
    found = {name: number for name, number in days.items() if number is not None}
    false = risen[risen["story"] == ""].drop_duplicates(["business", "group"])
    span = pd.to_datetime(volumes["review_date"]).agg(["min", "max"])
    years = ((span["max"] - span["min"]).days - 7 * FIRST_WEEKS) / 365.25 * volumes["business_id"].nunique()
    return {
        "stories for the worse": len(worse),
        "found": len(found),
        "found within four weeks": sum(number <= FOUR_WEEKS for number in found.values()),
        "days until found": days,
        "false 'new' for each business and year": round(float((false["change"] == NEW).sum() / years), 2),
        "false 'rising' for each business and year": round(
            float((false["change"] == RISING).sum() / years), 2
        ),
        "cones": _cones(alarms, rows, next(story for story in worse if story["id"] == CONES)),
    }


def _days_until(risen: pd.DataFrame, story: dict[str, Any]) -> int | None:
    own = risen[risen["story"] == story["id"]]
    return None if own.empty else int((own["week"].min() - pd.Timestamp(story["begins"])).days)


def _cones(alarms: pd.DataFrame, rows: pd.DataFrame, story: dict[str, Any]) -> dict[str, Any]:
    """How the issues that told of the cones went on after the fix."""
    told = alarms[(alarms["story"] == story["id"]) & alarms["change"].isin([NEW, RISING])]
    own = rows[rows["group"].isin(told["group"])].drop_duplicates("review_id")
    fixed, gone = pd.Timestamp(story["fixed"]), pd.Timestamp(story["fades_by"])
    fading = alarms[
        alarms["group"].isin(told["group"]) & (alarms["change"] == FADING) & (alarms["week"] > fixed)
    ]
    return {
        "reviews between beginning and fix": int(own["day"].between(story["begins"], fixed).sum()),
        "between fix and fading": int(((own["day"] > fixed) & (own["day"] <= gone)).sum()),
        "after": int((own["day"] > gone).sum()),
        "first called fading": None if fading.empty else str(fading["week"].min().date()),
    }
