"""What the pages count in one look is what a look of its own at all readings finds for each figure."""

from __future__ import annotations

import datetime as dt
import shutil
from dataclasses import replace

import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.insights.periods import Period
from peachdash.insights.trends import sparklines
from peachdash.insights.window_counts import monthly_bands, sum_businesses, sum_window
from peachdash.queries.complaints import fetch_volumes, fetch_wrongly_flagged
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.queries.overview import fetch_totals, fetch_window_counts, has_reviews
from peachdash.queries.readings import fetch_frame, numbered, readings
from peachdash.queries.review_queue import REASONS, fetch_queue_counts, fetch_review_queue
from peachdash.queries.reviews import ReviewSelection, fetch_reviews
from peachdash.records import BANDS, ActiveModels, ReviewFilter, Role, Scope
from peachdash.storage import issue_schema as i
from peachdash.storage import schema as t
from peachdash.storage.catalogue import add_business, ensure_client
from peachdash.storage.database import open_database
from peachdash.storage.feedback import append_decision
from tests.integration import plain_counts as plain
from tests.integration.chance_world import REAL, fill_demo, fill_odd, fill_real
from tests.integration.conftest import EVERYTHING, MODELS, add_reviews, review_rows

UNREAD = ActiveModels("small-unknown", "small-unknown2")
SCOPES = ("everything", "one business", "some businesses", "nothing")
WINDOW = ReviewFilter(since=dt.date(2026, 2, 1), until=dt.date(2026, 3, 31))
FILTERS = (
    ReviewFilter(),
    WINDOW,
    replace(WINDOW, until=None),
    ReviewFilter(until=dt.date(2026, 2, 14)),
    replace(WINDOW, source="google"),
    replace(WINDOW, client_id="doravale"),
    replace(WINDOW, business_id="boutique"),
    ReviewFilter(since=dt.date(2030, 1, 1), until=dt.date(2030, 2, 1)),
)


FILLED = {"empty": lambda database: None, "odd": fill_odd, "demo": fill_demo, "real": fill_real}


@pytest.fixture(scope="module", params=FILLED)
def world(request, empty_file, tmp_path_factory):
    """A database that is empty, odd, the demo's, or of real reviews; with filters that fit its dates."""
    if request.param == "real" and not REAL.is_file():
        pytest.skip("the real review sets are not here (../shared/data)")
    place = tmp_path_factory.mktemp(request.param) / "peachdash.duckdb"
    shutil.copy(empty_file, place)
    database = open_database(place)
    FILLED[request.param](database)
    yield database
    database.close()


def filters_of(connection) -> list[ReviewFilter]:
    """The filters above, and windows up to the latest review, as pages show them."""
    statement = sa.select(sa.func.count(), sa.func.max(t.reviews.c.review_date))
    count, latest = connection.execute(statement).one()
    if latest is None:
        return list(FILTERS)
    days = [ReviewFilter(since=latest - dt.timedelta(days=days - 1), until=latest) for days in (30, 365)]
    return [*(FILTERS if count < 1000 else FILTERS[:1]), *days]


def scope_of(connection, name: str) -> Scope:
    """Somebody who sees all, a client of one business, and managers of a few and of none."""
    ids = list(connection.execute(sa.select(t.businesses.c.business_id).order_by("business_id")).scalars())
    return {
        "everything": EVERYTHING,
        "one business": Scope("clem", Role.CLIENT, frozenset(ids[1:2])),
        "some businesses": Scope("mia", Role.MANAGER, frozenset(ids[::2])),
        "nothing": Scope("nell", Role.MANAGER, frozenset()),
    }[name]


def before(criteria: ReviewFilter) -> Period | None:
    if criteria.since is None:
        return None
    return Period(criteria.since, criteria.until or dt.date(2026, 3, 31)).before()


def same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Frames with the same values; how a missing one is written, and numbers are held, does not matter."""
    plainly = [frame.astype(object).where(frame.notna(), None) for frame in (found, expected)]
    pd.testing.assert_frame_equal(*plainly, check_index_type=False)


@pytest.mark.parametrize(("name", "models"), [*((name, MODELS) for name in SCOPES), ("everything", UNREAD)])
def test_totals_businesses_and_courses_are_those_of_the_plain_way(world, name, models):
    with world.read() as connection:
        scope = scope_of(connection, name)
        for criteria in filters_of(connection):
            previous = before(criteria)
            since = previous.start if previous else None
            asked = (connection, scope, criteria, models)
            counts = fetch_window_counts(*asked, since)
            totals = plain.plain_totals(*asked)
            assert sum_window(counts) == fetch_totals(*asked) == totals, criteria
            expected = plain.plain_business_counts(*asked)
            found = sum_businesses(counts)
            same(found[list(expected)], expected)
            if previous:
                earlier = replace(criteria, since=previous.start, until=previous.end)
                expected = plain.plain_business_counts(connection, scope, earlier, models)
                found = sum_businesses(counts, before=True)
                same(found[list(expected)], expected)
            assert sparklines(monthly_bands(counts)) == plain.plain_lines(*asked, since), criteria


@pytest.mark.parametrize("name", SCOPES)
def test_there_are_reviews_where_the_totals_count_one(world, name):
    with world.read() as connection:
        scope = scope_of(connection, name)
        totals = plain.plain_totals(connection, scope, ReviewFilter(), MODELS)
        assert has_reviews(connection, scope) == bool(totals["reviews"])


@pytest.mark.parametrize("verdict", ["spam", "not_about_us"])
def test_a_review_that_is_left_out_is_none(database, verdict):
    with database.write() as connection:
        fill_one(connection)
    add_reviews(database, "one", review_rows([{"text": "The only one"}]))
    with database.read() as connection:
        assert has_reviews(connection, EVERYTHING)
    with database.write() as connection:
        append_decision(connection, 1, verdict, "correction", "ada", reason="")
    with database.read() as connection:
        assert not has_reviews(connection, EVERYTHING)
        assert fetch_totals(connection, EVERYTHING, ReviewFilter(), MODELS)["reviews"] == 0


def fill_one(connection) -> None:
    ensure_client(connection, "doravale", "Doravale Foods")
    add_business(connection, "Sweet Stack Creamery", business_id="creamery", client_id="doravale")


@pytest.mark.parametrize("name", SCOPES)
def test_readings_that_are_set_apart_are_the_same_ones(world, name):
    with world.read() as connection:
        scope = scope_of(connection, name)
        whole = readings(scope, ReviewFilter(), MODELS)
        every = fetch_frame(connection, sa.select(whole).order_by(whole.c.review_id))
        ids = [*every["review_id"][::7], -1]
        few = readings(scope, ReviewFilter(), MODELS, only=numbered(ids))
        found = fetch_frame(connection, sa.select(few).order_by(few.c.review_id))
        expected = every[every["review_id"].isin(ids)].reset_index(drop=True)
        same(found, expected)
        alone = readings(scope, ReviewFilter(), MODELS, generic_too=False)
        found = fetch_frame(connection, sa.select(alone).order_by(alone.c.review_id))
        assert not [name for name in found if name.startswith("generic_")]
        same(found, every[list(found)])


@pytest.mark.parametrize("order", ["newest", "oldest", "most_negative", "least_certain"])
@pytest.mark.parametrize("differing", [False, True])
def test_pages_of_reviews_follow_each_other(world, order, differing):
    selection = ReviewSelection(order=order, differing=differing, bands=BANDS[:2])
    with world.read() as connection:
        asked = (connection, EVERYTHING, ReviewFilter(), MODELS, selection)
        whole = plain.plain_reviews(*asked)
        same(fetch_reviews(*asked, limit=100), whole)
        pages = [fetch_reviews(*asked, limit=25, offset=offset) for offset in (0, 25, 50, 75)]
    assert [number for page in pages for number in page["review_id"]] == list(whole["review_id"])
    assert set(whole["band"]) <= set(BANDS[:2])
    if differing:
        assert (whole["champion_label"] != whole["generic_label"]).all()


@pytest.mark.parametrize("name", SCOPES)
def test_evidence_and_volumes_are_those_of_the_plain_way(world, name):
    with world.read() as connection:
        scope = scope_of(connection, name)
        asked = (connection, scope, ReviewFilter(), MODELS)
        expected = plain.plain_evidence(*asked)
        same(fetch_evidence(*asked), expected)
        expected = plain.plain_volumes(*asked)
        found = fetch_volumes(*asked)
        some = fetch_volumes(*asked, with_issues=True)
        with_issues = fetch_frame(connection, sa.select(i.issues.c.business_id))["business_id"]
    for frame in (expected, found, some):
        frame["review_date"] = pd.to_datetime(frame["review_date"])
    same(found, expected)
    expected = expected[expected["business_id"].isin(with_issues)].reset_index(drop=True)
    same(some, expected)


@pytest.mark.parametrize("name", ["everything", "some businesses", "nothing"])
def test_the_queue_is_that_of_the_plain_way(world, name):
    with world.read() as connection:
        asked = (connection, scope_of(connection, name), ReviewFilter(), MODELS)
        expected = plain.plain_queue(*asked)
        found = fetch_review_queue(*asked, limit=100_000)
        counts = fetch_queue_counts(*asked, None)
        first = fetch_review_queue(*asked, limit=5)
    if name == "everything" and len(expected):
        assert expected[list(REASONS)].any().all(), "a reason that is never there is not tested"
    sent = expected[list(REASONS)].any(axis=1)
    waiting = expected[sent & ~expected["human"]].set_index("review_id")[list(REASONS)]
    pd.testing.assert_frame_equal(
        found.set_index("review_id")[list(REASONS)].sort_index().astype(bool), waiting, check_index_type=False
    )
    assert (counts["sent"], counts["unsent"]) == (sent.sum(), (~sent).sum())
    assert list(first["review_id"]) == list(found["review_id"].head(5))


def test_wrongly_flagged_ones_are_the_latest(world):
    with world.read() as connection:
        whole = readings(EVERYTHING, ReviewFilter(), MODELS)
        every = fetch_frame(connection, sa.select(whole))
        found = fetch_wrongly_flagged(connection, EVERYTHING, ReviewFilter(), MODELS, limit=40)
    wrong = every[
        ~every["excluded"].astype(bool)
        & every["band"].isin(["neutral", "positive"])
        & (every["generic_label"] == "negative")
        & (every["generic_needs_review"] == False)  # noqa: E712
    ]
    latest = wrong.sort_values(["review_date", "review_id"], ascending=False, na_position="last").head(40)
    assert list(found["review_id"]) == list(latest["review_id"])
