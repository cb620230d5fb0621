"""From reviews to issues and through people's hands, in a real database."""

from __future__ import annotations

import datetime as dt

import pytest
import sqlalchemy as sa

from peachdash.errors import BadInput, NotFound
from peachdash.insights.issues import mark_readings, summarise_issues
from peachdash.queries.complaints import (
    fetch_fixes,
    fetch_issue,
    fetch_issue_history,
    fetch_issues,
    fetch_volumes,
    fetch_wrongly_flagged,
)
from peachdash.queries.issue_evidence import fetch_evidence, fetch_ungrouped
from peachdash.records import ReviewFilter, Role, Scope
from peachdash.storage import issue_schema as i
from peachdash.workflows.complaints import describe_complaints
from peachdash.workflows.feedback import report_reading
from peachdash.workflows.issue_building import cut_sentences, find_material, find_unread_sentences
from peachdash.workflows.issue_editing import (
    hide_issue,
    merge_issues,
    move_sentences,
    rename_issue,
    set_aspect,
    split_issue,
    unmerge_issues,
)
from peachdash.workflows.issue_work import set_fix, set_work
from tests.integration.conftest import MODELS
from tests.integration.issue_world import DAY, HOUSE, find_all, make_settings, post, read_sentences

CREAMERY = Scope("mia", Role.MANAGER, frozenset({"creamery"}))
DINER = Scope("dan", Role.MANAGER, frozenset({"diner"}))
CLIENT = Scope("clem", Role.CLIENT, frozenset({"creamery"}))

FIRST = [
    ("My cone was soggy. Lovely staff though.", "negative", 40),
    ("Another limp cone here.", "negative", 30),
    ("An hour of wait outside.", "negative", 20),
    ("Wonderful place, wonderful people.", "positive", 10),
    ("Great scoops overall. The cone leaked on me.", "positive", 5),
]


@pytest.fixture
def settings(home):
    return make_settings(home)


@pytest.fixture
def found(filled, settings):
    """The issues of five reviews: cones (3) and waits (1), beside those that `filled` brings."""
    post(filled, "second", FIRST)
    assert find_all(filled, settings) == 1
    return filled


def table(database, scope=HOUSE, **criteria):
    with database.read() as connection:
        evidence = fetch_evidence(connection, scope, ReviewFilter(**criteria), MODELS)
        issues = fetch_issues(connection, scope)
        volumes = fetch_volumes(connection, scope, ReviewFilter(**criteria), MODELS)
    return summarise_issues(mark_readings(evidence), issues, volumes)


def issue(database, theme: str) -> str:
    """The issue whose evidence says a word."""
    with database.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, with_text=True)
    rows = evidence[evidence["sentence"].str.contains(theme, case=False)]
    return str(rows["issue_id"].mode()[0])


def sentences(database, issue_id: str) -> list[str]:
    with database.read() as connection:
        return sorted(fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, issue_id)["sentence"])


def keys(database, issue_id: str, word: str) -> list[tuple[str, int]]:
    with database.read() as connection:
        rows = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, issue_id)
    rows = rows[rows["sentence"].str.contains(word)]
    return [(row.text_sha256, int(row.position)) for row in rows.itertuples()]


def test_sentences_are_cut_and_read_once(filled, settings):
    post(filled, "second", FIRST)
    assert cut_sentences(filled, HOUSE) == 13
    assert cut_sentences(filled, HOUSE) == 0
    unread = find_unread_sentences(filled, HOUSE, MODELS.champion)
    assert "Lovely staff though." in set(unread["text"])
    assert "Another limp cone here." not in set(unread["text"]), "it is a whole review and was read as one"


def test_a_very_long_text_takes_little_memory(found, settings):
    """Sentences that carried the whole text beside each one would grow with the square of its length."""
    text = " ".join(f"Soggy cone number {number}." for number in range(8000))
    assert 150_000 < len(text) < 200_000
    with found.write() as connection:
        connection.execute(sa.text("SET memory_limit = '400MB'"))
    post(found, "long", [(text, "negative", 1)])
    assert cut_sentences(found, HOUSE) < 1200
    unread = find_unread_sentences(found, HOUSE, MODELS.champion)
    assert "Soggy cone number 0." in set(unread["text"])
    read_sentences(found)
    with found.read() as connection:
        assert "Soggy cone number 1." in set(fetch_ungrouped(connection, HOUSE, MODELS)["sentence"])


def test_what_complains_is_found_and_praise_is_not(found):
    assert sentences(found, issue(found, "limp")) == [
        "Another limp cone here.", "My cone was soggy.", "Soggy cone.", "The cone leaked on me.",
    ]  # fmt: skip
    row = table(found).set_index("issue_id").loc[issue(found, "limp")]
    assert (row["reviews"], row["negative"]) == (4, 3)
    assert row["aspect"] == "food or product"
    assert row["found_only_by_champion"]


def test_a_days_reviews_extend_issues_and_reshuffle_nothing(found, settings):
    before = {theme: issue(found, theme) for theme in ("limp", "hour")}
    held = sentences(found, before["limp"])
    post(found, "third", [("The cone dripped, again.", "negative", 1), ("A sticky floor.", "negative", 1)])
    assert find_all(found, settings) == 1
    assert {theme: issue(found, theme) for theme in ("limp", "hour")} == before
    assert sentences(found, before["limp"]) == sorted([*held, "The cone dripped, again."])
    assert issue(found, "sticky") not in before.values()
    assert find_all(found, settings) == 0


def test_taking_the_same_output_again_does_no_harm(filled, settings):
    from peachdash.jobs import issue_finding
    from peachdash.jobs.grouping import execute_grouping_run, read_grouping
    from peachdash.workflows.issue_building import store_issues
    from tests.integration.issue_world import WordEmbedder

    post(filled, "second", FIRST)
    issue_finding.hand_out(filled, settings, HOUSE, MODELS).set_state("stored")
    read_sentences(filled)
    run = issue_finding.hand_out(filled, settings, HOUSE, MODELS)
    execute_grouping_run(run, WordEmbedder(), settings.models)
    result = read_grouping(run)
    assert store_issues(filled, HOUSE, result, "space") == len(result.sentences)
    count = len(table(filled))
    assert store_issues(filled, HOUSE, result, "space") == 0
    assert len(table(filled)) == count


def test_issues_belong_to_their_business(found, settings):
    post(found, "diner", [("The cone here is limp too.", "negative", 3)], business="diner")
    find_all(found, settings)
    assert issue(found, "limp too") != issue(found, "Another limp")
    with found.read() as connection:
        assert set(fetch_issues(connection, DINER)["business_id"]) == {"diner"}
        with pytest.raises(NotFound):
            fetch_issue(connection, DINER, issue(found, "Another limp"))
        assert fetch_issue_history(connection, DINER, issue(found, "Another limp")).empty


def test_a_correction_of_a_reading_moves_the_counts(found):
    cones = issue(found, "limp")
    with found.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, cones)
    number = int(evidence[evidence["sentence"] == "Another limp cone here."]["review_id"].iloc[0])
    report_reading(found, CREAMERY, MODELS, number, "positive")
    assert "Another limp cone here." not in sentences(found, cones)
    report_reading(found, CREAMERY, MODELS, number, "spam")
    assert table(found).set_index("issue_id").loc[cones, "reviews"] == 3


def test_names_aspects_and_hiding_are_edits_that_can_be_taken_back(found):
    cones = issue(found, "limp")
    with found.read() as connection:
        own = fetch_issue(connection, HOUSE, cones)["name"]
    rename_issue(found, CREAMERY, cones, "  Soggy  cones ")
    set_aspect(found, CREAMERY, cones, "price")
    hide_issue(found, CREAMERY, cones)
    with found.read() as connection:
        edited = fetch_issue(connection, HOUSE, cones)
    assert (edited["name"], edited["aspect"], bool(edited["hidden"]), edited["own_name"]) == (
        "Soggy cones", "price", True, own,
    )  # fmt: skip
    rename_issue(found, CREAMERY, cones, "")
    set_aspect(found, CREAMERY, cones, None)
    hide_issue(found, CREAMERY, cones, hidden=False)
    with found.read() as connection:
        again = fetch_issue(connection, HOUSE, cones)
        history = fetch_issue_history(connection, HOUSE, cones)
    assert (again["name"], again["aspect"], bool(again["hidden"])) == (own, "food or product", False)
    assert len(history) == 7


def test_a_merge_takes_history_along_and_later_reviews_follow(found, settings):
    cones, waits = issue(found, "limp"), issue(found, "hour")
    moved = merge_issues(found, CREAMERY, waits, cones)
    assert "An hour of wait outside." in sentences(found, cones)
    with found.read() as connection:
        assert waits not in set(fetch_issues(connection, HOUSE)["issue_id"])
        assert fetch_issue(connection, HOUSE, waits)["issue_id"] == cones
    post(found, "third", [("Such a long wait today.", "negative", 1)])
    find_all(found, settings)
    assert "Such a long wait today." in sentences(found, cones)
    with pytest.raises(BadInput):
        merge_issues(found, CREAMERY, cones, waits)
    unmerge_issues(found, CREAMERY, moved)
    assert sentences(found, waits) == ["An hour of wait outside.", "Such a long wait today."]


def test_what_is_merged_twice_ends_in_one_place(found, settings):
    post(found, "third", [("A sticky floor.", "negative", 1)])
    find_all(found, settings)
    cones, waits, floors = (issue(found, word) for word in ("limp", "hour", "sticky"))
    merge_issues(found, CREAMERY, floors, waits)
    moved = merge_issues(found, CREAMERY, waits, cones)
    assert moved == [waits, floors]
    assert {"A sticky floor.", "An hour of wait outside."} <= set(sentences(found, cones))
    unmerge_issues(found, CREAMERY, moved)
    assert sentences(found, waits) == ["A sticky floor.", "An hour of wait outside."]


def test_a_split_founds_an_issue_that_later_sentences_join(found, settings):
    cones = issue(found, "limp")
    new = split_issue(found, CREAMERY, cones, keys(found, cones, "leaked"), "Leaking cones")
    assert sentences(found, new) == ["The cone leaked on me."]
    assert "The cone leaked on me." not in sentences(found, cones)
    with found.read() as connection:
        split = fetch_issue(connection, HOUSE, new)
    assert (split["name"], split["aspect"]) == ("Leaking cones", "food or product")
    find_all(found, settings)
    assert sentences(found, new) == ["The cone leaked on me."]


def test_a_moved_sentence_stays_and_draws_others_after_it(found, settings):
    cones, waits = issue(found, "limp"), issue(found, "hour")
    post(found, "third", [("The broth was thin.", "negative", 2)])
    find_all(found, settings)
    broth = issue(found, "broth was thin")
    assert move_sentences(found, CREAMERY, broth, keys(found, broth, "thin"), waits) == 1
    post(found, "fourth", [("Cold broth once more.", "negative", 1)])
    find_all(found, settings)
    assert "The broth was thin." in sentences(found, waits)
    with found.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, with_text=True)
    later = evidence[evidence["sentence"] == "Cold broth once more."]["issue_id"].tolist()
    assert later in ([waits], [broth])
    assert cones not in later


@pytest.mark.parametrize("who", [CLIENT, DINER])
def test_only_those_who_may_edit_their_own_issues(found, who):
    cones, waits = issue(found, "limp"), issue(found, "hour")
    for attempt in (
        lambda: rename_issue(found, who, cones, "x"),
        lambda: merge_issues(found, who, waits, cones),
        lambda: hide_issue(found, who, cones),
        lambda: split_issue(found, who, cones, keys(found, cones, "limp"), "x"),
        lambda: set_work(found, who, MODELS, cones, "resolved"),
        lambda: set_fix(found, who, cones, "new cones", DAY),
    ):
        with pytest.raises(NotFound):
            attempt()
    with found.read() as connection:
        assert len(fetch_issue_history(connection, HOUSE, cones)) == 1


def test_edits_that_cannot_be(found):
    cones = issue(found, "limp")
    for attempt, words in (
        (lambda: rename_issue(found, CREAMERY, cones, "x" * 81), "80 characters"),
        (lambda: set_aspect(found, CREAMERY, cones, "weather"), "food or product"),
        (lambda: merge_issues(found, CREAMERY, cones, cones), "Two different"),
        (lambda: split_issue(found, CREAMERY, cones, [], "x"), "at least one"),
        (lambda: split_issue(found, CREAMERY, cones, [("no", 0)], "x"), "not in this issue"),
        (lambda: split_issue(found, CREAMERY, cones, keys(found, cones, "limp"), " "), "needs a name"),
        (lambda: set_work(found, CREAMERY, MODELS, cones, "forgotten"), "acknowledged"),
        (lambda: set_fix(found, CREAMERY, cones, "", DAY), "what was done"),
    ):
        with pytest.raises(BadInput, match=words):
            attempt()


def test_work_has_a_history_and_a_fix_shows(found):
    cones = issue(found, "limp")
    set_work(found, CREAMERY, MODELS, cones, "in progress", owner="Tavon", due_date=DAY, note="new supplier?")
    set_work(found, CREAMERY, MODELS, cones, "in progress", owner="Tavon", due_date=DAY, note="new supplier?")
    set_fix(found, CREAMERY, cones, "New cone supplier", dt.date(2026, 10, 20))
    with found.read() as connection:
        now = fetch_issue(connection, CLIENT, cones)
        fixes = fetch_fixes(connection, CLIENT)
        history = fetch_issue_history(connection, CREAMERY, cones)
        seen = fetch_issue_history(connection, CLIENT, cones)
    told = (now["state"], now["owner"], now["due_date"], now["note"])
    assert told == ("in progress", "the agency", DAY, "")
    assert fixes["label"].tolist() == ["New cone supplier"]
    assert history["what"].tolist() == ["founded", "state", "fix"]
    assert "mia" not in set(seen["who"])
    set_fix(found, CREAMERY, cones, "", None)
    with found.read() as connection:
        assert fetch_fixes(connection, CLIENT).empty


def test_a_resolved_issue_that_comes_back_opens_itself_and_says_so(found, settings):
    cones = issue(found, "limp")
    set_fix(found, CREAMERY, cones, "New cones", DAY - dt.timedelta(days=4))
    set_work(found, CREAMERY, MODELS, cones, "resolved", owner="Tavon")
    post(found, "old", [("A cone of last summer.", "negative", 90)])
    find_all(found, settings)
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "resolved"
    post(found, "new", [("The cone is back to mush.", "negative", 0)])
    find_all(found, settings)
    with found.read() as connection:
        back = fetch_issue(connection, HOUSE, cones)
    assert (back["state"], back["owner"]) == ("open", "Tavon")
    assert back["note"] == "Came back: 1 complaint since 27 Oct 2026."


def test_complaints_known_when_it_was_resolved_do_not_open_it_again(found, settings):
    """The fix is older than the complaints on the table: only what comes after those tells against it."""
    cones = issue(found, "limp")
    set_fix(found, CREAMERY, cones, "New cones", DAY - dt.timedelta(days=60))
    set_work(found, CREAMERY, MODELS, cones, "resolved")
    find_all(found, settings)
    with found.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, cones)
        known = evidence.loc[evidence["complaint"].astype(bool), "review_date"].max()
        standing = fetch_issue(connection, HOUSE, cones)
    assert (standing["state"], standing["settled_date"]) == ("resolved", known)
    post(found, "between", [("A cone of that very day.", "negative", (DAY - known).days)])
    find_all(found, settings)
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "resolved"
    post(found, "after", [("The cone, once more.", "negative", (DAY - known).days - 1)])
    find_all(found, settings)
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "open"


def test_a_fix_that_is_dated_later_counts_from_its_day(found, settings):
    cones = issue(found, "limp")
    set_work(found, CREAMERY, MODELS, cones, "resolved")
    set_fix(found, CREAMERY, cones, "New cones", DAY + dt.timedelta(days=10))
    post(found, "before", [("A cone before the new ones came.", "negative", -5)])
    find_all(found, settings)
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "resolved"
    set_fix(found, CREAMERY, cones, "", None)
    assert find_all(found, settings) == 0
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "open"


def test_an_issue_comes_back_without_anything_to_group(found, settings):
    """A correction makes a grouped sentence a complaint again."""
    cones = issue(found, "limp")
    with found.read() as connection:
        evidence = fetch_evidence(connection, HOUSE, ReviewFilter(), MODELS, cones)
    latest = evidence[evidence["complaint"].astype(bool)].iloc[0]
    number = int(latest["review_id"])
    report_reading(found, CREAMERY, MODELS, number, "positive")
    set_fix(found, CREAMERY, cones, "New cones", latest["review_date"] - dt.timedelta(days=1))
    set_work(found, CREAMERY, MODELS, cones, "resolved")
    assert find_all(found, settings) == 0
    with found.read() as connection:
        assert fetch_issue(connection, HOUSE, cones)["state"] == "resolved"
    report_reading(found, CREAMERY, MODELS, number, "negative")
    assert find_all(found, settings) == 0
    with found.read() as connection:
        back = fetch_issue(connection, HOUSE, cones)
    assert (back["state"], back["note"].split(" since")[0]) == ("open", "Came back: 1 complaint")


def test_the_command_tells_issues_sentences_and_revision(found):
    told = describe_complaints(found, HOUSE, MODELS, " sweet stack CREAMERY ")
    assert (told["business_id"], told["revision"]) == ("creamery", MODELS.champion)
    first = told["issues"][0]
    assert first["reviews"] == 4
    assert "Another limp cone here." in first["sentences"]
    with pytest.raises(NotFound, match="Known: Bun and Banchan"):
        describe_complaints(found, HOUSE, MODELS, "nowhere")
    with pytest.raises(NotFound):
        describe_complaints(found, DINER, MODELS, "creamery")


def test_a_narrow_scope_starts_nothing(found):
    assert cut_sentences(found, CREAMERY) == 0
    assert find_unread_sentences(found, CREAMERY, "another").empty
    assert find_material(found, CREAMERY, MODELS, "space") is None


def test_the_generic_models_false_alarms(found):
    with found.read() as connection:
        assert fetch_wrongly_flagged(connection, HOUSE, ReviewFilter(), MODELS).empty


@pytest.mark.parametrize(
    ("texts", "issues"),
    [
        ([], 0),
        ([("Fine and good.", "positive", 1)], 0),
        ([("THE CONE WAS SOGGY", "negative", 1), ("SOGGY CONE!!!", "negative", 2)], 1),
        ([("cone " * 5000, "negative", 1)], 1),
        ([("😀 😀", "negative", 1)], 1),
        ([("cone wait price floor broth", "negative", 1)] * 3, 1),
    ],
)
def test_odd_businesses(filled, settings, texts, issues):
    post(filled, "odd", texts, business="boutique") if texts else None
    find_all(filled, settings)
    rows = table(filled, business_id="boutique")
    rows = rows[~rows["name"].str.contains("linen", case=False)]
    assert len(rows) == issues


def test_500_times_the_same_text_is_one_complaint(filled, settings):
    texts = [("The broth was thin here.", "negative", day % 9) for day in range(500)]
    post(filled, "campaign", texts, "diner")
    find_all(filled, settings)
    row = table(filled, business_id="diner").set_index("issue_id").loc[issue(filled, "thin")]
    assert row["campaign"]
    assert row["reviews"] <= 2
    assert row["repeats"] == 499
    assert row["change"] == "steady"


def test_nothing_is_ever_changed_in_place(found):
    cones = issue(found, "limp")
    with found.read() as connection:
        rows = [connection.execute(i.issue_sentences.select()).fetchall()]
    split_issue(found, CREAMERY, cones, keys(found, cones, "leaked"), "Leaks")
    with found.read() as connection:
        rows.append(connection.execute(i.issue_sentences.select()).fetchall())
    assert set(rows[0]) < set(rows[1])
