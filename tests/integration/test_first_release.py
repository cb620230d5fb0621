"""A database file of the first release opens, is migrated, and keeps every row."""

from __future__ import annotations

import gzip
from pathlib import Path

import duckdb
import pytest
import sqlalchemy as sa

from peachdash.queries.catalogue import fetch_businesses
from peachdash.queries.feedback import fetch_reports
from peachdash.queries.held_out import count_labelled, fetch_labelled
from peachdash.queries.imports import fetch_imports, fetch_rejects
from peachdash.queries.overview import fetch_totals
from peachdash.queries.reviews import fetch_reviews
from peachdash.records import ActiveModels, ReviewFilter, Role, Scope
from peachdash.storage import schema as t
from peachdash.storage.database import open_database
from peachdash.workflows.catalogue import change_business, create_client
from peachdash.workflows.people import add_person, assign_client
from peachdash.workflows.sign_in import Identity, load_scope

STORED = Path(__file__).parents[1] / "data" / "first-release.duckdb.gz"
COUNTS = {
    "annotations": 68,
    "businesses": 4,
    "clients": 3,
    "complaint_answers": 3,
    "decisions": 3,
    "evaluations": 2,
    "gold_labels": 34,
    "import_rejects": 2,
    "import_retractions": 1,
    "imports": 6,
    "predictions": 86,
    "promotions": 1,
    "reports": 3,
    "reviews": 48,
    "revisions": 2,
}
EVERYTHING = Scope.everything("ada")


@pytest.fixture
def old_file(tmp_path: Path) -> Path:
    path = tmp_path / "peachdash.duckdb"
    path.write_bytes(gzip.decompress(STORED.read_bytes()))
    return path


@pytest.fixture
def migrated(old_file: Path):
    opened = open_database(old_file)
    yield opened
    opened.close()


def rows_before(path: Path) -> dict[str, tuple[list[str], list[tuple]]]:
    """Columns and sorted rows of each table, read by DuckDB alone."""
    with duckdb.connect(str(path), read_only=True) as connection:
        found = {}
        for table in COUNTS:
            result = connection.execute(f"SELECT * FROM {table}")  # noqa: S608 (names of ours)
            names = [column[0] for column in result.description]
            found[table] = (names, sorted(result.fetchall(), key=repr))
    return found


def test_the_stored_file_is_of_the_first_schema(old_file):
    with duckdb.connect(str(old_file), read_only=True) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [("0001",)]
    assert {table: len(rows) for table, (_, rows) in rows_before(old_file).items()} == COUNTS


def test_every_row_is_found_again(old_file):
    before = rows_before(old_file)
    opened = open_database(old_file)
    opened.close()
    with duckdb.connect(str(old_file), read_only=True) as connection:
        for table, (names, rows) in before.items():
            columns = ", ".join(f'"{name}"' for name in names)
            after = connection.execute(f"SELECT {columns} FROM {table}").fetchall()  # noqa: S608
            assert sorted(after, key=repr) == rows, table


def test_every_table_of_the_present_schema_is_there(migrated):
    with migrated.read() as connection:
        inspector = sa.inspect(connection)
        for table in t.metadata.tables.values():
            found = [column["name"] for column in inspector.get_columns(table.name)]
            assert found == [column.name for column in table.columns], table.name


def test_opening_it_twice_migrates_it_once(old_file):
    for _ in range(2):
        opened = open_database(old_file)
        with opened.read() as connection:
            versions = connection.execute(sa.text("SELECT version FROM schema_history")).scalars().all()
        opened.close()
        assert len(versions) == len(set(versions)) > 1


def test_the_pages_show_what_they_showed(migrated):
    with migrated.read() as connection:
        revisions = dict(connection.execute(sa.select(t.revisions.c.name, t.revisions.c.revision)).fetchall())
        models = ActiveModels(revisions["champion-small"], revisions["generic-small"])
        totals = fetch_totals(connection, EVERYTHING, ReviewFilter(), models)
        reviews = fetch_reviews(connection, EVERYTHING, ReviewFilter(), models, limit=100)
        imports = fetch_imports(connection, EVERYTHING)
        assert (totals["reviews"], totals["unscored"], totals["waiting"], totals["human"]) == (44, 1, 0, 1)
        assert len(reviews) == 44
        # the fourth is one that an undone import left behind
        assert len(fetch_businesses(connection, EVERYTHING)) == 3
        assert len(fetch_reports(connection, EVERYTHING, ReviewFilter())) == 3
        assert count_labelled(connection, EVERYTHING) == 16
        assert len(fetch_labelled(connection, EVERYTHING, models.champion)) == 16
        assert imports["retracted"].sum() == 1
        march = imports.loc[imports["file_name"] == "march.csv", "import_id"].item()
        assert list(fetch_rejects(connection, EVERYTHING, march)["reason"]) == ["neither text nor stars"]


def test_old_imports_stand_with_their_businesses(migrated):
    client = create_client(migrated, EVERYTHING, "Blue Door")
    change_business(migrated, EVERYTHING, "blue-door-books", client_id=client)
    change_business(migrated, EVERYTHING, "blue-dor-bookz", client_id=client)
    add_person(migrated, EVERYTHING, "mia@example.com", Role.MANAGER)
    assign_client(migrated, EVERYTHING, "mia@example.com", client)
    mia = load_scope(migrated, Identity("https://issuer.example", "1", "mia@example.com", "Mia", True))
    with migrated.read() as connection:
        seen = fetch_imports(connection, mia)
    assert set(seen["file_name"]) == {"march.csv", "march-typo.csv"}
