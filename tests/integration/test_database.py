"""The database itself: migrations, threads, bulk loads, the order on disk."""

from __future__ import annotations

import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, DatabaseTooNew
from peachdash.queries.overview import fetch_totals
from peachdash.records import ReviewFilter
from peachdash.storage import schema as t
from peachdash.storage.bulk import BATCH_ROWS, append_frame, temporary_keys
from peachdash.storage.database import open_database
from peachdash.storage.migrate import schema_version
from peachdash.storage.predictions import append_predictions, load_unread
from peachdash.workflows.maintenance import optimise
from tests.integration.conftest import EVERYTHING, MODELS, add_reviews, reading, review_rows


def test_migrations_make_the_schema_that_the_code_expects(database):
    with database.read() as connection:
        inspector = sa.inspect(connection)
        for table in t.metadata.tables.values():
            found = {column["name"]: str(column["type"]) for column in inspector.get_columns(table.name)}
            assert list(found) == [column.name for column in table.columns], table.name


def test_each_migration_is_recorded_with_its_time(database):
    with database.read() as connection:
        rows = connection.execute(sa.text("SELECT version, applied_utc FROM schema_history")).fetchall()
        assert len({row[0] for row in rows}) == len(rows)
        assert max(row[0] for row in rows) == schema_version(connection)
    assert abs(rows[0][1] - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=5)


def test_opening_again_changes_nothing(filled, home):
    filled.close()
    again = open_database(f"duckdb:///{home / 'peachdash.duckdb'}")
    with again.read() as connection:
        assert fetch_totals(connection, EVERYTHING, ReviewFilter(), MODELS)["reviews"] == 6
    again.close()


def test_a_later_schema_is_refused_and_untouched(database, home):
    with database.write() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    with pytest.raises(DatabaseTooNew, match="9999"):
        open_database(f"duckdb:///{home / 'peachdash.duckdb'}")


@pytest.mark.parametrize("url", ["nonsense", "oracle://x", "duckdb:////proc/no/such/folder/x.duckdb"])
def test_urls_that_cannot_be_used(url):
    with pytest.raises(BadInput):
        open_database(url)


def test_a_file_that_is_no_database_is_refused_and_kept(tmp_path):
    path = tmp_path / "x.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(BadInput, match="cannot be opened"):
        open_database(f"duckdb:///{path}")
    assert path.read_bytes() == b"not a database" * 1000


def test_a_table_that_duckdb_could_read_is_no_database(tmp_path):
    """DuckDB opens a CSV file as a view over a database in memory, where imports would be lost."""
    path = tmp_path / "x.csv"
    path.write_text("text,stars\ngood soup,5\n")
    with pytest.raises(BadInput, match=r"x\.csv cannot be opened"):
        open_database(f"duckdb:///{path}")
    assert path.read_text() == "text,stars\ngood soup,5\n"


def test_threads_get_their_own_rows(filled):
    def count(number: int) -> bool:
        with filled.read() as connection:
            found = connection.execute(
                sa.select(sa.literal(number), sa.func.count()).select_from(t.reviews)
            ).one()
        return tuple(found) == (number, 6)

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(count, range(400)))


def test_concurrent_writers_lose_nothing(filled):
    def write(number: int) -> int:
        with filled.write() as connection:
            return append_predictions(
                connection, pd.DataFrame([reading(f"sha{number % 20}", "r", "neutral")])
            )

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(write, range(60))) == 20


def test_missing_values_become_null(database):
    rows = review_rows(
        [{"text": "a", "stars": float("nan"), "review_date": pd.NaT, "owner_reply": float("nan")}]
    )
    add_reviews(database, "one", rows)
    with database.read() as connection:
        row = connection.execute(sa.select(t.reviews)).mappings().one()
    assert (row["stars"], row["review_date"], row["owner_reply"]) == (None, None, None)


def test_an_empty_frame_appends_nothing(database):
    with database.write() as connection:
        assert append_frame(connection, t.reviews, pd.DataFrame()) == 0
        with temporary_keys(connection, pd.DataFrame({"x": pd.Series([], dtype=str)})) as keys:
            assert connection.execute(sa.select(keys)).fetchall() == []


def test_reviews_lie_sorted_and_optimise_restores_that(database):
    days = [dt.date(2026, 1, day) for day in (9, 3, 6)]
    add_reviews(database, "a", review_rows([{"text": str(day), "review_date": day} for day in days]))
    add_reviews(database, "b", review_rows([{"text": "late", "review_date": dt.date(2026, 1, 1)}]))

    def order():
        with database.read() as connection:
            return [row[0] for row in connection.execute(sa.select(t.reviews.c.review_date))]

    assert order()[:3] == sorted(days), "sorted within each import"
    with database.read() as connection:
        before = set(connection.execute(sa.select(t.reviews.c.review_id, t.reviews.c.text)).fetchall())
    assert optimise(database, EVERYTHING) == 4
    assert order() == sorted([*days, dt.date(2026, 1, 1)])
    with database.read() as connection:
        assert (
            set(connection.execute(sa.select(t.reviews.c.review_id, t.reviews.c.text)).fetchall()) == before
        )
    add_reviews(database, "c", review_rows([{"text": "after"}]))
    with database.read() as connection:
        numbers = list(connection.execute(sa.select(t.reviews.c.review_id)).scalars())
    assert len(numbers) == len(set(numbers)) == 5


def test_one_text_is_scored_once_whoever_posts_it(filled):
    add_reviews(filled, "again", review_rows([{"text": "Lovely ube scoop", "business_id": "diner"}]))
    with filled.read() as connection:
        assert load_unread(connection, MODELS.revisions).empty
        assert len(load_unread(connection, ["other"])) == 5
        assert (
            fetch_totals(connection, EVERYTHING, ReviewFilter(business_id="diner"), MODELS)["positive"] == 1
        )


def test_a_prediction_is_stored_once(database):
    rows = pd.DataFrame(
        [reading("a", "r1", "negative"), reading("a", "r2", "neutral"), reading("a", "r1", "positive")]
    )
    with database.write() as connection:
        assert append_predictions(connection, rows) == 2
    with database.write() as connection:
        assert append_predictions(connection, rows) == 0


def test_a_bulk_load_of_several_row_groups_keeps_its_order(database):
    count = 2 * BATCH_ROWS + 5
    frame = review_rows([{"text": "Warm cone"}])
    many = frame.loc[frame.index.repeat(count)].reset_index(drop=True)
    many = many.assign(
        review_id=range(1, count + 1), import_id="bulk", text=[f"cone {n}" for n in range(count)]
    )
    with database.write() as connection:
        assert append_frame(connection, t.reviews, many) == count
    with database.read() as connection:
        found = connection.execute(sa.select(t.reviews.c.review_id, t.reviews.c.text)).fetchall()
    assert [row[0] for row in found] == list(range(1, count + 1))
    assert all(text == f"cone {number - 1}" for number, text in found)
