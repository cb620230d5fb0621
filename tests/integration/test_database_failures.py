"""What is told when the database itself fails: in words, without the statement or what it was about."""

from __future__ import annotations

import logging

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, DatabaseFailed
from peachdash.storage.database import open_database
from peachdash.storage.failures import explained

PLACE = sa.create_engine("duckdb:////srv/peachdash.duckdb")
SECRET = "words of a reviewer"


def failing(said: str) -> sa.exc.OperationalError:
    return sa.exc.OperationalError("INSERT INTO reviews VALUES (?)", [SECRET], Exception(said))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "IO Error: Could not write file: No space left on device\nmore",
            "the disk is full. Free some space",
        ),
        ("Out of Memory Error: could not allocate block of size 256 KiB", "the memory does not suffice."),
        ("IO Error: Corrupt database file: computed checksum 1 does not match", "the file is damaged."),
        ("Catalog Error: Table x does not exist\nLINE 1: SELECT", "Catalog Error: Table x does not exist."),
    ],
)
def test_a_failure_is_one_sentence(said, told):
    with pytest.raises(DatabaseFailed) as failed, explained(PLACE):
        raise failing(said)
    assert str(failed.value).startswith(f"The database /srv/peachdash.duckdb: {told}")
    assert "\n" not in str(failed.value)
    assert "INSERT" not in str(failed.value)


def test_a_rollback_that_fails_too_does_not_hide_why():
    last = failing("TransactionContext Error: cannot rollback")
    last.__context__ = failing("IO Error: No space left on device")
    with pytest.raises(DatabaseFailed, match="the disk is full"), explained(PLACE):
        raise last


def test_the_log_has_the_statement_and_not_what_it_was_about(caplog):
    logger = logging.getLogger("peachdash")
    propagates, logger.propagate = logger.propagate, True
    try:
        with pytest.raises(DatabaseFailed), explained(PLACE):
            raise failing("Catalog Error: no table")
    finally:
        logger.propagate = propagates
    assert "INSERT INTO reviews" in caplog.text
    assert "test_database_failures.py" in caplog.text
    assert SECRET not in caplog.text
    assert caplog.records[-1].log_only


def test_other_errors_pass():
    with pytest.raises(BadInput, match="mine"), explained(PLACE):
        raise BadInput("mine")


def test_a_table_that_is_not_there_in_a_real_database(database):
    with (
        pytest.raises(DatabaseFailed, match=r"peachdash\.duckdb: Catalog Error: "),
        explained(database.engine),
        database.read() as connection,
    ):
        connection.execute(sa.text("SELECT * FROM nowhere"))


def test_a_damaged_file_is_told_as_such(filled, home):
    filled.close()
    path = home / "peachdash.duckdb"
    content = bytearray(path.read_bytes())
    content[4096:] = bytes(len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(BadInput, match="cannot be opened: the file is damaged"):
        open_database(path)
