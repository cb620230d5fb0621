"""What the Before and after page shows beside the held-out figures."""

from __future__ import annotations

import json
from dataclasses import replace

import pandas as pd

from peachdash.evaluation import evaluate_model
from peachdash.evaluation.real_sets import REAL_SETS
from peachdash.evaluation.results import Estimate
from peachdash.storage import schema as t
from peachdash.storage.models import append_evaluation
from peachdash.ui.model_proof import learning_words
from peachdash.workflows.model_costs import DATA_SET, ModelCost
from peachdash.workflows.real_sets import RealSetResult

from .conftest import words


def curve(*scores: float, spread: float = 0.0) -> pd.DataFrame:
    counts = [100, 200, 400, 800][: len(scores)]
    return pd.DataFrame(
        {
            "model": "small",
            "reviews": counts,
            "score": scores,
            "low": [score - spread / 2 for score in scores],
            "high": [score + spread / 2 for score in scores],
        }
    )


def test_the_last_doubling_is_told_with_what_chance_does():
    told = learning_words(curve(0.5, 0.6, 0.7))
    assert "from 200 to 400 labelled reviews macro F1 changed by +0.10." in told
    assert "within what the seed alone changes" in learning_words(curve(0.5, 0.6, 0.61, spread=0.05))
    assert learning_words(curve(0.5)) == ""


def test_what_was_not_measured_says_how_to(dashboard):
    told = words(dashboard.open("before_after"))
    assert "On real reviews by others" in told
    assert told.count("`peachdash evaluate` measures it") == 2
    assert "sends 0% of the reviews to people" in told or "of the rest it misreads" in told


def measured(revision: str) -> RealSetResult:
    frame = pd.DataFrame(
        {
            "gold": ["positive", "negative", "negative", "positive"],
            "label": ["positive", "negative", "neutral", "positive"],
            "p_negative": [0.1, 0.8, 0.3, 0.1],
            "p_neutral": [0.1, 0.1, 0.5, 0.1],
            "p_positive": [0.8, 0.1, 0.2, 0.8],
            "needs_review": [False] * 4,
            "slices": [[]] * 4,
            "business_id": list("abcd"),
        }
    )
    difference = Estimate(-0.02, -0.04, 0.01, 100)
    two = Estimate(1.0, 0.5, 1.0, 4)
    return RealSetResult(
        REAL_SETS[1], "champion", revision, evaluate_model(frame), two, "g", difference, False
    )


def test_a_result_is_the_same_after_storing():
    result = measured("c")
    stored = json.loads(json.dumps(result.to_dict()))
    assert RealSetResult.from_dict(stored, REAL_SETS[1], "champion", "c") == replace(result, was_stored=True)


def test_published_sets_and_costs_on_record_are_shown(dashboard):
    dashboard.open("before_after")
    revisions = {row["name"]: row["revision"] for row in dashboard.rows(t.evaluations)}
    cost = ModelCost(123.4, 200, 30.0, "cpu", "fp32", "x86", 1_400_000, 91_000_000)
    record = {"name": "any", "data_sha256": "x", "split": "", "reason": "", "computed_by": "me"}
    with dashboard.database.write() as connection:
        for revision in revisions.values():
            of = record | {"revision": revision}
            append_evaluation(connection, of | {"data_set": DATA_SET, "result": cost.to_dict()})
        result = measured(revisions["fine-tuned"]).to_dict()
        append_evaluation(
            connection,
            record | {"revision": revisions["fine-tuned"], "data_set": REAL_SETS[1].name, "result": result},
        )
    app = dashboard.open("before_after")
    assert "Generic: 123 reviews a second on this machine (cpu, fp32); 1.4 MB on disk" in words(app)
    table = next(frame.value for frame in app.dataframe if "Against generic" in frame.value)
    assert table.to_dict("records") == [
        {
            "Reviews": "UCI Yelp sentences",
            "Model": "fine-tuned",
            "Right": table["Right"].iloc[0],
            "Of the two": "100% (50 to 100%, n = 4)",
            "Against generic": "-2.0 points (-4.0 to +1.0)",
            "Labels from": "people",
        }
    ]
    assert table["Right"].iloc[0].startswith("75% (")
