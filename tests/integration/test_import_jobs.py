"""Large files in a process of their own, and the inbox: by profile, waiting, again."""

from __future__ import annotations

import os
import shutil

import pytest
import sqlalchemy as sa

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.jobs import background, importing
from peachdash.jobs import inbox as inbox_module
from peachdash.jobs.importing import (
    abandon,
    confirm,
    create_import_run,
    forget_unconfirmed,
    full_rejects,
    import_runs,
    read_view,
    recount_if_changed,
    take_import,
)
from peachdash.jobs.inbox import list_waiting, retry_waiting, serve_inbox, settle_dropped
from peachdash.jobs.runs import read_json
from peachdash.queries.profiles import fetch_profiles
from peachdash.records import Role, Scope
from peachdash.storage import schema as t
from peachdash.workflows.importing import ImportOptions
from peachdash.workflows.imports import import_export, undo_import
from peachdash.workflows.profiles import save_profile
from tests.integration.conftest import EVERYTHING
from tests.integration.test_profiles import MAPPING, ODD, recognise

PLAIN = (
    b"text,date,stars,business,source\nFine soup here,2026-05-01,4,Bun and Banchan,google\n"
    b",,,Bun and Banchan,google\nFine soup here,2026-05-01,4,Bun and Banchan,google\n"
)


@pytest.fixture
def settings(home):
    return Settings(home=home)


def start(settings, data=PLAIN, scope=EVERYTHING, confirmed=False, **options):
    return create_import_run(
        settings.jobs, data, "large.csv", ImportOptions(**options), scope, "page", confirmed=confirmed
    )


def read(settings, run):
    assert background.next_run(settings.jobs) == run
    background.take_run(run, settings)


def imports(database):
    with database.read() as connection:
        found = sa.select(t.imports).where(t.imports.c.import_id != "first")
        return connection.execute(found).mappings().all()


def reviews(database):
    with database.read() as connection:
        return connection.execute(sa.select(sa.func.count()).select_from(t.reviews)).scalar_one()


def test_a_large_file_is_read_shown_and_stored_when_it_is_confirmed(filled, settings):
    run = start(settings)
    assert read_view(run) is None
    read(settings, run)
    assert not (run.path / "upload.bin").exists()
    assert not take_import(filled, run)
    view = read_view(run)
    assert (view.accepted, view.duplicates, view.rejected, view.rows_read, view.places) == (2, 0, 1, 3, 1)
    assert view.preview["text"].tolist() == ["Fine soup here"] * 2
    assert full_rejects(run)["row"].tolist() == [2]
    assert imports(filled) == []
    confirm(run, platform_count=7)
    assert take_import(filled, run)
    stored = imports(filled)
    assert [row["import_id"] for row in stored] == [run.run_id]
    with filled.read() as connection:
        assert connection.execute(sa.select(t.platform_counts.c.shown)).scalars().all() == [7]


def test_settings_are_kept_with_a_business_that_the_import_itself_makes(filled, settings):
    run = start(settings, ODD, business="Brand New Bar", mapping=dict(MAPPING), date_order="dmy")
    read(settings, run)
    confirm(run, profile_name="Bar")
    assert take_import(filled, run)
    with filled.read() as connection:
        (kept,) = fetch_profiles(connection, EVERYTHING).to_dict("records")
    assert (kept["name"], kept["business"]) == ("Bar", "Brand New Bar")


def test_settings_that_cannot_be_kept_take_no_import_back(filled, settings):
    run = start(settings, business="Nowhere Yet")  # every row names its own business
    read(settings, run)
    confirm(run, profile_name="Soup")
    assert take_import(filled, run)
    assert run.state == "stored"
    assert "no business named 'Nowhere Yet'" in read_json(run.path / "result.json")["profile_not_kept"]


def test_what_is_counted_follows_other_imports_and_their_undo(filled, settings):
    run = start(settings)
    read(settings, run)
    take_import(filled, run)
    recount_if_changed(filled, run)
    assert read_view(run).accepted == 2
    other = import_export(filled, EVERYTHING, settings.home, PLAIN, "same.csv", ImportOptions(), "command")
    for accepted, change in ((0, None), (2, other.import_id)):
        if change is not None:
            undo_import(filled, EVERYTHING, change)
        recount_if_changed(filled, run)
        assert read_view(run) is None
        take_import(filled, run)
        assert read_view(run).accepted == accepted


def test_a_run_that_nobody_waits_for_is_closed_even_while_it_is_read(filled, settings, monkeypatch):
    run = start(settings)
    prepare = importing.prepare_run

    def prepare_and_abandon(*given):
        prepare(*given)
        abandon(run)

    monkeypatch.setattr(importing, "prepare_run", prepare_and_abandon)
    read(settings, run)
    assert run.state == "failed"
    assert not run.parts()
    confirmed = start(settings, confirmed=True)
    abandon(confirmed)
    assert confirmed.state == "queued"


def test_storing_again_after_a_kill_changes_nothing(filled, settings):
    run = start(settings, confirmed=True)
    read(settings, run)
    as_it_was = shutil.copytree(run.path, settings.home / "before")
    assert take_import(filled, run)
    before = reviews(filled)
    shutil.rmtree(run.path)
    as_it_was.rename(run.path)  # killed between the commit and the note of it
    assert take_import(filled, run)
    assert reviews(filled) == before
    assert len(imports(filled)) == 1


def test_a_run_whose_process_was_killed_is_read_again(filled, settings):
    run = start(settings, confirmed=True)
    run.set_state("running")
    run.append_event(event="started", done=0, total=1)
    read(settings, run)
    assert take_import(filled, run)


def test_a_process_killed_before_it_could_say_done_is_no_loss(filled, settings):
    run = start(settings, confirmed=True)
    run.set_state("running")
    importing.prepare_run(run, settings.home)
    read(settings, run)
    assert (run.state, run.error) == ("done", "")
    assert take_import(filled, run)
    assert len(imports(filled)) == 1


def test_a_file_that_cannot_be_used_fails_with_its_reason(settings):
    run = start(settings, b"text,date,business\nfine soup,03/04/2026,A\n", confirmed=True)
    read(settings, run)
    assert run.state == "failed"
    assert "two ways" in run.error
    assert importing.read_json(run.path / "result.json")["kind"] == "DateOrderOpen"


def test_another_clients_business_is_not_found_in_a_job(filled, settings):
    run = start(settings, scope=Scope("mia", Role.MANAGER, frozenset({"creamery"})), confirmed=True)
    read(settings, run)
    assert not take_import(filled, run)
    assert run.state == "failed"
    assert imports(filled) == []


def test_what_nobody_confirms_is_forgotten(filled, settings):
    run = start(settings)
    read(settings, run)
    take_import(filled, run)
    forget_unconfirmed(run)
    assert run.state == "done"
    old = (run.path / "state.json").stat().st_mtime - 2 * importing.FORGET_SECONDS
    os.utime(run.path / "state.json", (old, old))
    forget_unconfirmed(run)
    assert run.state == "failed"


def drop(settings, name, data):
    settings.inbox.mkdir(parents=True, exist_ok=True)
    path = settings.inbox / name
    path.write_bytes(data)
    os.utime(path, (1, 1))


def test_what_is_not_recognised_waits_until_a_profile_is_there(filled, settings):
    drop(settings, "odd.csv", ODD)
    assert not serve_inbox(filled, settings)
    assert [name for name, _ in list_waiting(settings.inbox)] == ["odd.csv"]
    options = ImportOptions("Bun and Banchan", "google", dict(MAPPING), "dmy")
    save_profile(filled, EVERYTHING, "Soup", recognise(ODD, "odd.csv"), options)
    assert retry_waiting(settings.inbox) == 1
    assert list_waiting(settings.inbox) == []
    os.utime(settings.inbox / "odd.csv", (1, 1))
    assert serve_inbox(filled, settings)
    assert [row["origin"] for row in imports(filled)] == ["inbox"]


def test_guessed_columns_wait_though_they_could_be_read(filled, settings):
    data = (
        b'a,b,c\n"The soup was cold and slow to come",1,Cafe\n"The best bowl in all of town today",5,Cafe\n'
    )
    drop(settings, "guess.csv", data)
    serve_inbox(filled, settings)
    assert "no known names" in list_waiting(settings.inbox)[0][1]
    assert imports(filled) == []


def test_a_large_dropped_file_is_read_by_the_background_process(filled, settings, monkeypatch):
    monkeypatch.setattr(inbox_module, "LARGE_BYTES", 10)
    drop(settings, "good.csv", PLAIN)
    drop(settings, "bad.csv", b"text,date,business\nfine soup,03/04/2026,A\n")
    serve_inbox(filled, settings)
    assert not [path for path in settings.inbox.iterdir() if path.is_file()]
    for run in import_runs(settings.jobs):
        read(settings, run)
        if run.state == "done":
            take_import(filled, run)
        settle_dropped(settings, run)
    assert [path.name for path in (settings.inbox / "imported").iterdir()] == ["good.csv"]
    assert [name for name, _ in list_waiting(settings.inbox)] == ["bad.csv"]
    assert len(imports(filled)) == 1


def test_a_large_import_by_command_is_handed_to_the_background(filled, settings, monkeypatch):
    monkeypatch.setattr(inbox_module, "LARGE_BYTES", 10)
    request = {"kind": "import", "file_name": "x.csv", "options": {}, "viewer": "ada"}
    answer = inbox_module._perform(filled, settings, EVERYTHING, request, PLAIN)
    run = import_runs(settings.jobs)[0]
    assert answer == {"run": run.run_id}
    read(settings, run)
    assert take_import(filled, run)
    checked = inbox_module._perform(filled, settings, EVERYTHING, {**request, "check": True}, PLAIN)
    assert (checked["accepted"], checked["duplicates"], checked["import_id"]) == (0, 2, None)
    with pytest.raises(BadInput):
        inbox_module._perform(filled, settings, EVERYTHING, {"kind": "nonsense"}, b"")
