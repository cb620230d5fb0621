"""Issues in figures, against counts done by hand."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from peachdash.insights.issue_course import change_words, course_sentence, monthly_course
from peachdash.insights.issue_export import exported_issues
from peachdash.insights.issues import issues_sentence, mark_readings, summarise_issues

LATEST = dt.date(2026, 10, 31)


def said(issue: str, number: int, ago: int | None, **changes: object) -> dict[str, object]:
    """One row of evidence: review `number` says it so many days before the latest one."""
    return {
        "issue_id": issue,
        "review_id": number,
        "business_id": "creamery",
        "text_sha256": f"text-{number}",
        "position": 0,
        "review_date": None if ago is None else LATEST - dt.timedelta(days=ago),
        "stars": 2.0,
        "p_negative": 0.9,
        "band": "negative",
        "human": False,
        "complaint": True,
        "answered": False,
        "champion_label": "negative",
        "champion_needs_review": False,
        "generic_label": "negative",
        **changes,
    }


def catalogue(*issues: str) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "issue_id": issue, "business_id": "creamery", "business": "Creamery", "name": issue,
                "aspect": "other", "keywords": [], "hidden": False, "state": "open", "owner": "",
                "due_date": None, "fix_label": None, "fix_date": None,
            }
            for issue in issues
        ]
    )  # fmt: skip


def volumes(days: int = 400, negative: int = 20) -> pd.DataFrame:
    dates = [LATEST - dt.timedelta(days=number) for number in range(days)]
    rows = [("creamery", day, "positive", 1) for day in dates] + [("creamery", LATEST, "negative", negative)]
    return pd.DataFrame(rows, columns=["business_id", "review_date", "band", "n"]).assign(
        texts=lambda f: f["n"]
    )


def summarise(rows: list[dict[str, object]], *issues: str, **options: object) -> pd.DataFrame:
    names = issues or tuple(dict.fromkeys(str(row["issue_id"]) for row in rows))
    evidence = mark_readings(pd.DataFrame(rows))
    return summarise_issues(evidence, catalogue(*names), options.pop("volumes", volumes()), **options)


def test_counts_shares_and_dates():
    rows = [said("cone", 1, 5), said("cone", 1, 5, position=1), said("cone", 2, 50, answered=True)]
    row = summarise([*rows, said("cone", 3, 300, band="positive", complaint=False, stars=5.0)]).iloc[0]
    assert (row["reviews"], row["negative"], row["negative_total"], row["need_answer"]) == (3, 2, 20, 1)
    assert row["share"] == pytest.approx(0.1)
    assert row["low"] < 0.1 < row["high"]
    assert row["first_date"].date() == LATEST - dt.timedelta(days=300)
    assert row["stars"] == pytest.approx(3.0)
    assert sum(row["trend"]) == 3


def test_a_period_counts_its_own_reviews_but_knows_the_first():
    rows = [said("cone", 1, 5), said("cone", 2, 300), said("old", 3, 200), said("cone", 4, None)]
    table = summarise(rows, since=LATEST - dt.timedelta(days=30))
    assert table["issue_id"].tolist() == ["cone"]
    assert table.iloc[0]["reviews"] == 1
    assert table.iloc[0]["first_date"].date() == LATEST - dt.timedelta(days=300)


def test_one_text_500_times_is_one_review_and_a_likely_campaign():
    rows = [said("cone", number, number % 20, text_sha256="same") for number in range(500)]
    row = summarise(rows).iloc[0]
    assert (row["reviews"], row["repeats"], row["campaign"], row["recent"]) == (1, 499, True, 1)
    assert row["change"] == "steady"


def test_only_the_fine_tuned_model_found_it():
    missed = [said("cone", number, 10 + number, generic_label="positive") for number in range(3)]
    both = [said("wait", 9, 3), said("wait", 10, 4, generic_label="neutral")]
    table = summarise([*missed, *both]).set_index("issue_id")
    assert table.loc["cone", "found_only_by_champion"]
    assert (table.loc["cone", "missed"], table.loc["wait", "missed"]) == (3, 1)
    assert not table.loc["wait", "found_only_by_champion"]


def test_a_person_who_says_that_it_is_no_complaint_takes_the_finding_back():
    rows = [said("cone", 1, 3, generic_label="positive", human=True, band="positive", complaint=False)]
    assert not summarise(rows).iloc[0]["found_only_by_champion"]


def test_new_and_rising_ones_come_first_and_are_told():
    steady = [said("wait", number, 8 * number) for number in range(20, 40)]
    table = summarise([*steady, *[said("cone", number, number) for number in range(1, 7)]])
    assert table["issue_id"].tolist() == ["cone", "wait"]
    assert table.iloc[0]["change"] == "new"
    sentence = issues_sentence(table, "Creamery")
    assert sentence == "Creamery: most complaints are about “wait” (20 reviews); new: “cone”."
    assert change_words(table.iloc[0]).startswith("new: 6 of the latest 62 reviews, 0 of 358 before (p")
    assert course_sentence(table.iloc[0]).startswith("“cone”: 6 reviews, 30% of the negative ones")


def test_nothing_to_tell():
    empty = mark_readings(pd.DataFrame([said("cone", 1, 1)])).head(0)
    table = summarise_issues(empty, catalogue("cone"), volumes())
    assert table.empty
    assert issues_sentence(table, "Creamery") == "Creamery: no complaints in this period."
    assert exported_issues(table).empty


def test_undated_reviews_count_and_have_no_course():
    row = summarise([said("cone", 1, None), said("cone", 2, None)]).iloc[0]
    assert (row["reviews"], row["trend"], row["change"]) == (2, [], "steady")
    assert course_sentence(summarise([said("cone", 1, None)]).iloc[0]).endswith("n = 20).")


def test_shares_stay_shares_where_people_changed_the_bands():
    row = summarise([said("cone", 1, 1), said("cone", 2, 2)], volumes=volumes(negative=1)).iloc[0]
    assert row["share"] == 1


def test_the_course_by_month_holds_every_month():
    course = monthly_course(pd.DataFrame([said("cone", 1, 0), said("cone", 2, 95)]), volumes())
    assert course["n"].sum() == 2
    assert course["total"].sum() == 420
    assert len(course) == 14
    assert np.all(np.diff(course["period_start"].astype("int64")) > 0)


def test_exported_rows_are_plain():
    row = exported_issues(summarise([said("cone", 1, 5)])).iloc[0]
    assert row["first_seen"] == "2026-10-26"
    assert row["due"] is None
