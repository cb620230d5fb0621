"""Wrong use and failing databases: which option, what was expected, one line, and never a traceback."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

REJECTED = "text,date,business,stars\n,2026-05-01,A Shop,\n,2026-05-02,A Shop,\n"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("score --actors 0", "--actors should be greater than or equal to 1. `peachdash score --help`"),
        (
            "users add ada@example.com --role king",
            "--role: 'king' is not one of 'client', 'manager', 'analyst', 'admin'. `peachdash users add ",
        ),
        ("predict in.csv", "OUT.csv is missing. `peachdash predict --help`"),
        ("complaints", "--business is missing. `peachdash complaints --help`"),
        ("import x.csv --date-order ymd", "--date-order: 'ymd' is not one of 'dmy', 'mdy'. `"),
        ("status --frob", "No such option: --frob. `peachdash status --help`"),
        ("users frob", "No such command 'frob'. `peachdash users --help`"),
    ],
)
def test_a_wrong_option_is_named(peachdash, command, told):
    peachdash(*command.split()).assert_refused(told)


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("score", "--input", "x", "--output", ""), "--output: expected a folder, got an empty name"),
        (("score", "--input", "", "--output", "x"), "--input: expected files, got an empty name"),
        (("import", ""), "FILE: expected a file, got an empty name"),
        (("predict", "x.csv", ""), "OUT.csv: expected a file, got an empty name"),
        (("labels", "export", " "), "OUT: expected a file, got an empty name"),
        (("evaluate", "--real-sets", ""), "--real-sets: expected a folder, got an empty name"),
    ],
)
def test_an_empty_name_is_no_folder(peachdash, tmp_path, command, told):
    peachdash(*command).assert_refused(told)
    assert not list(tmp_path.rglob("*.parquet"))


def test_a_group_without_a_command_prints_its_help(peachdash):
    done = peachdash("users")
    assert done.status == 2
    assert done.err.startswith("Usage: peachdash users [OPTIONS] COMMAND [ARGS]...\n")


@pytest.mark.parametrize(
    "command",
    ["", "import", "predict", "evaluate", "score", "users", "users add", "labels", "labels export",
     "labels import", "dataset", "dataset show"],
)  # fmt: skip
def test_help_shows_no_types_of_python_and_whole_sentences(peachdash, command):
    told = peachdash(*command.split(), "--help").out
    assert "list[" not in told
    assert "Path>" not in told
    assert "{" not in told
    assert "..." not in told.replace("[ARGS]...", "").replace("FILE...", "")


def test_the_help_of_import_takes_several_files(peachdash):
    assert peachdash("import", "--help").out.startswith("Usage: peachdash import [OPTIONS] FILE...\n")


@pytest.mark.parametrize("level", ["debug", "Warning", "ERROR"])
def test_a_level_may_be_written_in_any_case(peachdash, level):
    assert peachdash("status", PEACHDASH_LOG_LEVEL=level).status == 0


def test_a_wrong_setting_keeps_the_case_of_what_is_expected(peachdash):
    peachdash("status", PEACHDASH_LOG_LEVEL="loud").assert_refused(
        "input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"
    )
    peachdash("status", PEACHDASH_HOME=" ").assert_refused("cannot be used: expected a path, got nothing.")


def test_an_import_of_which_every_row_is_rejected_fails(peachdash, tmp_path):
    export = tmp_path / "rejected.csv"
    export.write_text(REJECTED + "fine,2026-05-03,A Shop,\n")
    assert peachdash("import", export).status == 0
    assert peachdash("import", export).status == 0, "what is stored already is no failure"
    export.write_text("text,date,business,stars\nfine,2026-05-01,,4\n,2026-05-02,A Shop,\n")
    done = peachdash("import", export)
    assert done.status == 2, done.err
    assert done.out.startswith("accepted 0, duplicates 0, rejected 2\n  row 1")


def database_of(home: Path) -> Path:
    return home / "home" / "peachdash.duckdb"


def assert_one_line(done, *words: str) -> None:
    assert done.status == 1, done.err
    assert done.out == ""
    (line,) = done.err.splitlines()
    for word in words:
        assert word in line
    assert "SELECT" not in line


def test_a_failing_database_is_one_line_and_its_traceback_is_in_the_log(peachdash, tmp_path):
    peachdash("status")
    with duckdb.connect(str(database_of(tmp_path))) as connection:
        connection.execute("DROP TABLE predictions")
    done = peachdash("status")
    assert_one_line(done, f"The database {database_of(tmp_path)}: Catalog Error: ", "predictions")
    logged = (tmp_path / "home" / "logs" / "status.log").read_text()
    assert "SELECT" in logged
    assert "workflows/status.py" in logged
