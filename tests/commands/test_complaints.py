"""`peachdash complaints`: what it prints, and what it refuses."""

from __future__ import annotations

import pytest


def test_a_business_that_is_not_there_is_refused(peachdash):
    peachdash("complaints", "--business", "Nowhere").assert_refused("Nowhere", "none")
    peachdash("complaints").assert_refused("business")


def test_a_business_without_complaints_says_so(peachdash, tmp_path):
    (tmp_path / "stars.csv").write_text("text,date,stars,business\n,2026-05-01,5,Sweet Stack\n")
    assert peachdash("import", tmp_path / "stars.csv").status == 0
    done = peachdash("complaints", "--business", "sweet stack")
    sentence, read_by = done.out.splitlines()
    assert (done.status, sentence) == (0, "Sweet Stack: no complaints in this period.")
    found = peachdash("complaints", "--business", "Sweet Stack", "--json").json
    assert read_by == f"read by {found['revision']}"
    assert (found["business"], found["issues"], found["reviews"]) == ("Sweet Stack", [], 0)


@pytest.mark.slow
def test_from_an_export_to_issues_with_the_shipped_models(peachdash, tmp_path):
    rows = [
        f"The waffle cone was soggy and dripped on my shirt {n},2026-05-{n:02},1,Sweet Stack"
        for n in range(1, 6)
    ]
    rows += [f"Lovely people and a wonderful scoop {n},2026-05-{n:02},5,Sweet Stack" for n in range(6, 12)]
    (tmp_path / "reviews.csv").write_text("\n".join(["text,date,stars,business", *rows]) + "\n")
    assert peachdash("import", tmp_path / "reviews.csv").status == 0
    assert peachdash("score").status == 0
    found = peachdash("complaints", "--business", "Sweet Stack", "--json")
    assert found.status == 0, found.err
    (issue,) = found.json["issues"]
    assert issue["reviews"] == 5
    assert issue["aspect"] == "food or product"
    assert "cone" in issue["issue"].lower()
    assert "cone" in peachdash("complaints", "--business", "Sweet Stack").out.lower()
