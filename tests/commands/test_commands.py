"""The other commands: formats, exit statuses, and one writer at a time."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.commands.conftest import REPOSITORY

EXPORTS = REPOSITORY.parent / "shared" / "data" / "exports"
PLAIN = (
    "text,date,stars,business,source\n"
    "Warm cone,2026-05-01,5,Sweet Stack,google\n"
    ",2026-05-02,,Sweet Stack,google\n"
)
HOLD = "import duckdb, sys, time; c = duckdb.connect(sys.argv[1]); print(1, flush=True); time.sleep(60)"


@pytest.fixture
def plain(tmp_path: Path) -> Path:
    path = tmp_path / "plain.csv"
    path.write_text(PLAIN)
    return path


def test_import_prints_one_object_and_is_idempotent(peachdash, plain):
    first = peachdash("import", plain, "--json")
    assert first.status == 0, first.err
    found = first.json
    assert (found["accepted"], found["duplicates"], found["rejected"], found["format"]) == (1, 0, 1, "csv")
    assert found["rejects"] == [{"row": 2, "column": "text", "reason": found["rejects"][0]["reason"]}]
    again = peachdash("import", plain, "--json").json
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (0, 1, 1)
    words = peachdash("import", plain)
    assert words.out.startswith("accepted 0, duplicates 1, rejected 1")


def test_import_refuses_what_it_cannot_use(peachdash, plain, tmp_path):
    peachdash("import", tmp_path / "no.csv").assert_refused("no.csv")
    peachdash("import", tmp_path).assert_refused("folder")
    (tmp_path / "bare.csv").write_text("text,stars\nfine,4\n")
    peachdash("import", tmp_path / "bare.csv").assert_refused("--business")
    (tmp_path / "open.csv").write_text("text,date,business\nfine,03/04/2026,A\nslow,05/06/2026,A\n")
    peachdash("import", tmp_path / "open.csv").assert_refused("--date-order")
    settled = peachdash("import", tmp_path / "open.csv", "--date-order", "dmy", "--json")
    assert settled.json["accepted"] == 2


@pytest.mark.skipif(not EXPORTS.is_dir(), reason="the folder with real exports is absent")
@pytest.mark.parametrize(
    ("name", "accepted", "rejected"),
    [("clothing_utf8bom_crlf.csv", 150, 0), ("trustpilot_isoZ_missing.csv", 105, 24)],
)
def test_import_of_real_exports(peachdash, name, accepted, rejected):
    found = peachdash("import", EXPORTS / name, "--business", "A Shop", "--json").json
    assert (found["accepted"], found["duplicates"], found["rejected"]) == (accepted, 0, rejected)


def test_columns_are_settled_by_command_and_kept_as_a_profile(peachdash, tmp_path):
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text('Words,Points,When\n"A fine soup indeed",5,03/04/2026\n')
    second.write_text('Words,Points,When\n"A cold soup indeed",1,04/04/2026\n')
    settled = ["--map", "text=Words", "--map", "stars=Points", "--map", "review_date=When"]
    saved = peachdash(
        "import", first, *settled, "--date-order", "dmy", "--business", "Soup Bar", "--save-profile", "soup"
    )
    assert saved.status == 0, saved.err
    found = peachdash("import", second, "--json").json
    assert (found["accepted"], found["profile"]) == (1, "soup")
    assert found["mapping"] == {"review_date": "When", "stars": "Points", "text": "Words"}
    assert peachdash("profiles").out.startswith("soup  ")
    assert peachdash("profiles", "--remove", "soup", "--json").json == {"profiles": []}
    peachdash("import", second, "--map", "nonsense").assert_refused("FIELD=COLUMN")


def test_several_files_print_an_object_a_line(peachdash, plain, tmp_path):
    other = tmp_path / "other.csv"
    other.write_text(PLAIN.replace("Warm", "Cold"))
    lines = peachdash("import", plain, other, "--json").out.splitlines()
    assert [json.loads(line)["file"] for line in lines] == ["plain.csv", "other.csv"]
    assert [json.loads(line)["accepted"] for line in lines] == [1, 1]


def test_a_check_stores_nothing_and_rejects_come_as_a_file(peachdash, plain, tmp_path):
    checked = peachdash("import", plain, "--check", "--rejects", tmp_path / "rejects.csv", "--json").json
    assert (checked["accepted"], checked["rejected"], checked["import_id"]) == (1, 1, None)
    assert peachdash("import", plain, "--json").json["accepted"] == 1
    mended = (
        (tmp_path / "rejects.csv").read_text(encoding="utf-8-sig").replace(",2026-05-02,,", ",2026-05-02,3,")
    )
    (tmp_path / "rejects.csv").write_text(mended)
    again = peachdash("import", tmp_path / "rejects.csv", "--json").json
    assert (again["accepted"], again["duplicates"], again["rejected"]) == (1, 0, 0)


@pytest.mark.slow
def test_a_kill_in_the_middle_of_an_import_leaves_all_or_nothing(tmp_path):
    """Killed at moments all over its run; what is there is whole, and doing it again completes it."""
    rows = [f"A long enough text of row {row},2026-05-01,{1 + row % 5},Cafe,google" for row in range(60_000)]
    path = tmp_path / "many.csv"
    path.write_text("text,date,stars,business,source\n" + "\n".join(rows))
    environment = {
        **os.environ,
        "PEACHDASH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY / "src"),
    }
    command = [sys.executable, "-m", "peachdash.cli", "import", str(path), "--json"]
    status = [sys.executable, "-m", "peachdash.cli", "status", "--json"]
    seen = set()
    for delay in (1.5, 2.5, 3.5, 4.5, 6.0):
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE)
        try:
            process.communicate(timeout=delay)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
        done = subprocess.run(status, env=environment, capture_output=True, text=True, check=True)
        seen.add(json.loads(done.stdout)["reviews"])
    assert seen <= {0, 60_000}
    whole = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found = json.loads(whole.stdout)
    assert found["accepted"] + found["duplicates"] == 60_000


def test_status_of_an_empty_home(peachdash):
    done = peachdash("status", "--json")
    assert done.status == 0, done.err
    assert (done.json["reviews"], done.json["serving"]) == (0, None)
    assert peachdash("status").out.startswith("Peachdash ")


def test_evaluate_needs_labelled_reviews(peachdash):
    peachdash("evaluate", "--model", "lexicon").assert_refused("peachdash setup")


def test_optimise_keeps_every_review(peachdash, plain):
    peachdash("import", plain)
    assert peachdash("optimise").status == 0
    assert peachdash("status", "--json").json["reviews"] == 1


def test_a_fresh_interpreter_imports_what_each_command_needs(fresh_peachdash, plain):
    assert fresh_peachdash("import", plain, "--json").json["accepted"] == 1
    assert fresh_peachdash("status", "--json").json["reviews"] == 1
    assert fresh_peachdash("optimise").status == 0
    assert fresh_peachdash("users", "list").status == 0
    fresh_peachdash("evaluate", "--model", "lexicon").assert_refused("peachdash setup")


def test_wrong_use_and_help(peachdash):
    assert peachdash("nonsense").status == 2
    assert peachdash("import").status == 2
    wrong = peachdash("status", PEACHDASH_PORT="many")
    wrong.assert_refused("PEACHDASH_PORT")
    listed = peachdash("--help").out
    for command in (
        "setup",
        "serve",
        "predict",
        "import",
        "profiles",
        "score",
        "evaluate",
        "status",
        "optimise",
    ):
        assert re.search(rf"^  {command}\s", listed, re.M), command
        assert "Usage: peachdash " + command in peachdash(command, "--help").out


def test_a_database_of_a_later_version_is_refused(peachdash, tmp_path):
    peachdash("status")
    import duckdb

    with duckdb.connect(str(tmp_path / "home" / "peachdash.duckdb")) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    peachdash("status").assert_refused("9999")


def test_a_second_process_is_told_who_holds_the_database(peachdash, tmp_path):
    peachdash("status")
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "home" / "peachdash.duckdb")],
        stdout=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert holder.stdout is not None
        holder.stdout.readline()
        peachdash("optimise").assert_refused(str(holder.pid), "held by", "optimise and setup need it stopped")
    finally:
        holder.kill()


def start_serve(home: Path) -> tuple[int, subprocess.Popen[bytes]]:
    """A `peachdash serve` of its own, once its port answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "PEACHDASH_HOME": str(home), "PYTHONPATH": str(REPOSITORY / "src")}
    process = subprocess.Popen(
        [sys.executable, "-m", "peachdash.cli", "serve", "--no-browser", "--port", str(port)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return port, process
        time.sleep(0.1)
    process.kill()
    raise AssertionError("serve did not answer within 30 s")


@pytest.fixture
def served(tmp_path):
    """A `peachdash serve` with an empty home; its port and process."""
    port, process = start_serve(tmp_path / "home")
    yield port, process
    process.send_signal(signal.SIGINT)
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()


def test_commands_hand_their_work_to_a_running_serve(peachdash, served, plain):
    port, _ = served
    assert peachdash("status", "--json").json["serving"]["port"] == port
    found = peachdash("import", plain, "--json")
    assert found.json["accepted"] == 1
    peachdash("import", plain.parent / "no.csv").assert_refused("no.csv")
    for command in ("optimise", "evaluate", "setup"):
        place = f"(dashboard: http://127.0.0.1:{port})"
        peachdash(command).assert_refused(place, f"`peachdash {command}` works only while it is stopped")
    assert peachdash("status", "--json").json["reviews"] == 1
    peachdash("serve", "--no-browser", "--port", str(port)).assert_refused(str(port))


def write_many(path: Path, count: int) -> None:
    """A CSV file with so many different reviews."""
    rows = "".join(
        f'"Review {number}, the cone was fine and the wait was {number} minutes",2026-05-01,4,Shop\n'
        for number in range(count)
    )
    path.write_text("text,date,stars,business\n" + rows)


@pytest.mark.slow
def test_kills_in_the_middle_of_scoring_lose_and_double_nothing(peachdash, tmp_path):
    write_many(tmp_path / "many.csv", 2000)
    assert peachdash("import", tmp_path / "many.csv", "--json").json["accepted"] == 2000
    assert peachdash("import", tmp_path / "many.csv", "--json").json["duplicates"] == 2000
    environment = {
        **os.environ,
        "PEACHDASH_HOME": str(tmp_path / "home"),
        "PYTHONPATH": str(REPOSITORY / "src"),
    }
    for seconds in (12, 16):
        process = subprocess.Popen(
            [sys.executable, "-m", "peachdash.cli", "score"], env=environment, stderr=subprocess.DEVNULL
        )
        time.sleep(seconds)
        process.kill()
        process.wait()
    assert peachdash("score", "--json").status == 0
    assert_each_read_once(peachdash, 2000)


@pytest.mark.slow
def test_killing_worker_and_app_in_the_middle_of_scoring(peachdash, tmp_path):
    write_many(tmp_path / "many.csv", 2000)
    assert peachdash("import", tmp_path / "many.csv", "--json").json["accepted"] == 2000
    _, process = start_serve(tmp_path / "home")
    read_some(peachdash, 50)
    worker = workers_of(process.pid)
    assert len(worker) == 1
    os.kill(worker[0], signal.SIGKILL)
    read_some(peachdash, 400)
    assert workers_of(process.pid) not in ([], worker), "the supervisor starts another worker"
    process.kill()
    process.wait()
    _, process = start_serve(tmp_path / "home")
    read_some(peachdash, 4000)
    process.send_signal(signal.SIGINT)
    process.wait(timeout=30)
    assert_each_read_once(peachdash, 2000)


def assert_each_read_once(peachdash, count: int) -> None:
    found = peachdash("status", "--json").json
    assert found["reviews"] == count
    assert list(found["waiting"].values()) == [0, 0]
    assert sorted(found["predictions"].values()) == [count, count]


def read_some(peachdash, count: int) -> None:
    """Wait until so many predictions are stored."""
    for _ in range(240):
        if sum(peachdash("status", "--json").json["predictions"].values()) >= count:
            return
        time.sleep(0.5)
    raise AssertionError(f"{count} predictions did not arrive within minutes")


def workers_of(pid: int) -> list[int]:
    """Child processes that are workers."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
            command = (path.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z" and b"peachdash.jobs.worker" in command:
            found.append(int(path.parent.name))
    return found
