"""Languages and near duplicates: found, stored once, and what follows from them."""

from __future__ import annotations

import pandas as pd
import sqlalchemy as sa

from peachdash.jobs.describing import create_describing_run, describe_all, describe_run_reviews, take_findings
from peachdash.queries.overview import fetch_totals
from peachdash.queries.reviews import fetch_reviews, fetch_twins
from peachdash.records import ReviewFilter
from peachdash.storage import schema as t
from peachdash.workflows import describing
from peachdash.workflows.describing import find_undescribed
from peachdash.workflows.imports import ImportOptions, import_export
from peachdash.workflows.scoring import find_unread
from tests.integration.conftest import EVERYTHING, MODELS

DANISH = "Virkelig god oplevelse, personalet var meget venlige og maden var god"
ENGLISH = "The staff was very kind and the noodles were worth the wait, we will be back"
CAMPAIGN = (
    "I have been coming here for years and this is simply the very best bowl of noodles in all of Atlanta, "
    "the staff is always friendly and the prices are fair, {} should come and try it at once"
)


def run(database, home, rows, name="x.csv"):
    frame = pd.DataFrame(rows).assign(business="Bun and Banchan", source="web")
    data = frame.to_csv(index=False).encode()
    return import_export(database, EVERYTHING, home, data, name, ImportOptions(), "command")


def web(database):
    with database.read() as connection:
        found = fetch_reviews(connection, EVERYTHING, ReviewFilter(source="web"), MODELS, limit=100)
    return found.set_index("text")


def test_another_language_is_kept_and_not_scored(filled, home):
    run(filled, home, [{"text": DANISH}, {"text": ENGLISH}, {"text": "Meget god!"}])
    rows = web(filled)
    assert rows.loc[DANISH, "unscored_reason"] == "language"
    bands = {DANISH: "unscored", ENGLISH: "waiting", "Meget god!": "waiting"}
    assert rows["band"].to_dict() == bands, "short texts are scored"
    unread = set(find_unread(filled, EVERYTHING, MODELS.revisions)["text"])
    assert ENGLISH in unread
    assert DANISH not in unread


def test_many_texts_are_looked_through_in_the_background(filled, home, monkeypatch):
    monkeypatch.setattr(describing, "FEW_TEXTS", 0)
    run(filled, home, [{"text": DANISH}, {"text": ENGLISH}])
    assert set(web(filled)["band"]) == {"waiting"}
    assert describe_all(filled, EVERYTHING, home / "jobs") > 0
    assert web(filled)["band"].to_dict() == {DANISH: "unscored", ENGLISH: "waiting"}
    assert find_undescribed(filled, EVERYTHING) is None
    with filled.read() as connection:
        assert fetch_totals(connection, EVERYTHING, ReviewFilter(source="web"), MODELS)["unscored"] == 1


def test_a_language_that_the_models_know_by_the_file_is_not_looked_for(filled, home):
    run(filled, home, [{"text": ENGLISH, "language": "en-US"}, {"text": DANISH, "language": "da"}])
    with filled.read() as connection:
        found = connection.execute(sa.select(t.text_languages.c.language)).scalars().all()
    assert found == ["da"]


def test_a_campaign_is_flagged_on_all_sides(filled, home):
    first = [{"text": CAMPAIGN.format(word), "reviewer": word} for word in ("everybody", "everyone")]
    run(filled, home, [*first, {"text": ENGLISH, "reviewer": "Zoe"}])
    run(filled, home, [{"text": CAMPAIGN.format("you"), "reviewer": "Yan"}], "y.csv")
    describe_all(filled, EVERYTHING, home / "jobs")
    rows = web(filled)
    assert not rows.loc[ENGLISH, "possible_duplicate"]
    assert rows.drop(index=ENGLISH)["possible_duplicate"].all()
    with filled.read() as connection:
        number = int(rows.loc[CAMPAIGN.format("you"), "review_id"])
        twins = fetch_twins(connection, EVERYTHING, number)
    assert len(twins) >= 1
    assert set(twins["text"]) <= {CAMPAIGN.format("everybody"), CAMPAIGN.format("everyone")}
    assert twins["similarity"].between(0.7, 1, inclusive="left").all()


def test_the_same_reviewer_is_no_campaign(filled, home):
    run(filled, home, [{"text": CAMPAIGN.format(word), "reviewer": "Ann"} for word in ("all", "you")])
    describe_all(filled, EVERYTHING, home / "jobs")
    assert not web(filled)["possible_duplicate"].any()


def test_findings_are_taken_in_once(filled, home, monkeypatch):
    monkeypatch.setattr(describing, "FEW_TEXTS", 0)
    run(filled, home, [{"text": DANISH}])
    batch = find_undescribed(filled, EVERYTHING)
    work = create_describing_run(home / "jobs", batch)
    describe_run_reviews(work)
    languages = pd.read_parquet(work.path / "languages.parquet")
    take_findings(filled, EVERYTHING, work)
    describing.store_findings(filled, EVERYTHING, languages, pd.DataFrame(), batch.pairs)
    with filled.read() as connection:
        hashes = connection.execute(sa.select(t.text_languages.c.text_sha256)).scalars().all()
    assert len(hashes) == len(set(hashes)) > 0


def test_batches_are_cut_by_business(filled, home, monkeypatch):
    monkeypatch.setattr(describing, "BATCH_REVIEWS", 1)
    batch = find_undescribed(filled, EVERYTHING)
    assert batch.reviews["business_id"].nunique() == 1
    assert batch.left > 0
    assert describe_all(filled, EVERYTHING, home / "jobs") == 5, "one of six has no words"
