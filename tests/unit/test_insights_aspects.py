"""The aspect head: what it reads, and that the shipped file is whole."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from peachdash.errors import ModelUnavailable
from peachdash.insights.aspects import AspectHead, load_head, most_probable, save_head
from peachdash.insights.issue_building import Material, build_issues
from peachdash.records import ASPECTS

REPOSITORY = Path(__file__).resolve().parents[2]


def small_head(width: int = 7) -> AspectHead:
    """A head that reads aspect k from column k."""
    return AspectHead(
        np.zeros(width, np.float32), 10 * np.eye(7, width, dtype=np.float32), np.zeros(7, np.float32), "tiny",
        {"aspects": list(ASPECTS), "encoder": "tiny", "threshold": 0.5},
    )  # fmt: skip


def test_it_reads_what_it_should():
    head = small_head()
    vectors = head.centre(np.eye(7))
    assert head.aspects(vectors)[:6] == list(ASPECTS)[:6]
    assert np.allclose(head.probabilities(vectors), 1 / (1 + np.exp(-10 * np.eye(7))), atol=1e-6)


def test_a_sentence_speaks_of_several_aspects_or_of_none():
    read = np.array(
        [
            [0.9, 0.6, 0, 0, 0, 0, 0.1],
            [0.3, 0.2, 0, 0, 0, 0, 0.1],
            [0.05, 0, 0, 0, 0, 0, 0],
            [0, 0, 0.2, 0, 0, 0, 0.9],
        ]
    )
    spoken = small_head().speaks_of(read)
    assert [[ASPECTS[column] for column in np.flatnonzero(row)] for row in spoken] == [
        ["food or product", "service"], ["other"], ["other"], ["other"],
    ]  # fmt: skip
    assert most_probable(read) == ["food or product", "food or product", "other", "waiting"]


def test_a_head_that_says_no_threshold_is_refused(tmp_path):
    head = small_head()
    save_head(replace(head, about={"aspects": list(ASPECTS), "encoder": "tiny"}), tmp_path)
    with pytest.raises(ModelUnavailable, match="no threshold"):
        load_head(tmp_path)


def test_a_head_survives_being_written(tmp_path):
    save_head(small_head(), tmp_path)
    again = load_head(tmp_path)
    assert np.array_equal(again.weights, small_head().weights)
    assert again.space == small_head().space


def test_another_mean_is_another_space():
    other = AspectHead(np.ones(7, np.float32), np.eye(7, dtype=np.float32), np.zeros(7), "tiny", {})
    assert other.space != small_head().space


def test_a_missing_or_broken_file_says_how_to_make_it(tmp_path):
    with pytest.raises(ModelUnavailable, match="build_aspects"):
        load_head(tmp_path)
    (tmp_path / "complaints").mkdir()
    (tmp_path / "complaints" / "head.safetensors").write_bytes(b"nonsense")
    with pytest.raises(ModelUnavailable, match="build_aspects"):
        load_head(tmp_path)


def test_the_shipped_head_fits_the_small_encoder():
    from peachdash.sentiment.embedding import WIDTH, encoder_id

    head = load_head(REPOSITORY / "models")
    assert head.weights.shape == (len(ASPECTS), WIDTH)
    assert head.encoder == encoder_id()


def make_material(new: list[tuple[str, str, int]], **parts: object) -> Material:
    """New sentences as (business, sentence, column of its vector)."""
    import pandas as pd

    eye = np.eye(7, dtype=np.float32)
    rows = [(business, f"text-{n}", 0, text, eye[column]) for n, (business, text, column) in enumerate(new)]
    empty = {
        "prototypes": pd.DataFrame(columns=["issue_id", "business_id", "vector"]),
        "members": pd.DataFrame(columns=["issue_id", "business_id", "sentence", "similarity", "vector"]),
        "namings": pd.DataFrame(columns=["issue_id", "sentences"]),
    }
    columns = ["business_id", "text_sha256", "position", "sentence", "vector"]
    return Material(new=pd.DataFrame(rows, columns=columns), **{**empty, **parts})


def embed(texts) -> np.ndarray:
    """Texts that tell of cones, of an hour, of neither."""
    column = [0 if "cone" in text.lower() else 2 if "hour" in text.lower() else 6 for text in texts]
    return np.eye(7, dtype=np.float32)[column]


def ids():
    numbers = iter(range(1000))
    return lambda: f"issue-{next(numbers)}"


def test_issues_are_founded_named_and_given_an_aspect_within_their_business():
    material = make_material(
        [
            ("creamery", "The cone was soggy", 0),
            ("creamery", "A soggy cone", 0),
            ("diner", "We waited an hour", 2),
        ]
    )
    found = build_issues(material, small_head(), embed, ids())
    assert found.issues["business_id"].tolist() == ["creamery", "diner"]
    assert found.sentences["issue_id"].tolist() == ["issue-0", "issue-0", "issue-1"]
    names = found.names.set_index("issue_id")
    assert names["aspect"].to_dict() == {"issue-0": "food or product", "issue-1": "waiting"}
    assert "soggy" in names.loc["issue-0", "name"].lower()


def test_an_issue_keeps_its_name_until_it_has_doubled():
    import pandas as pd

    vector = np.eye(7, dtype=np.float32)[0]
    prototypes = pd.DataFrame({"issue_id": ["old"], "business_id": ["creamery"], "vector": [vector]})
    members = pd.DataFrame(
        {
            "issue_id": ["old"] * 2, "business_id": "creamery", "sentence": ["Soggy cone", "Cone soggy"],
            "similarity": 1.0, "vector": [vector] * 2,
        }
    )  # fmt: skip
    namings = pd.DataFrame({"issue_id": ["old"], "sentences": [2]})
    parts = {"prototypes": prototypes, "members": members, "namings": namings}
    one = build_issues(make_material([("creamery", "Soggy again", 0)], **parts), small_head(), embed, ids())
    assert (one.sentences["issue_id"].tolist(), len(one.names), len(one.issues)) == (["old"], 0, 0)
    two = build_issues(
        make_material([("creamery", "Soggy again", 0)] * 2, **parts), small_head(), embed, ids()
    )
    assert two.names["sentences"].tolist() == [4]


def test_a_name_is_near_to_what_the_issue_and_its_review_mean():
    """The other complaints of its review decide which part of a sentence counts."""
    text = "Thirty dollars and a soggy waffle cone with a whole hour of my only Saturday afternoon wasted"
    for column, wanted in ((0, "cone"), (2, "hour")):
        material = make_material([("creamery", text, 3), ("creamery", "More of the same", column)])
        same_review = material.new.assign(text_sha256="review", position=[0, 1])
        found = build_issues(replace(material, new=same_review), small_head(), embed, ids())
        assert wanted in found.names.set_index("issue_id").loc["issue-0", "name"].lower()


def test_nothing_new_finds_nothing():
    found = build_issues(make_material([]), small_head(), embed, ids())
    assert found.issues.empty
    assert list(found.sentences.columns)[:2] == ["issue_id", "business_id"]
