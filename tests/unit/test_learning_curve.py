"""The learning curve: what is measured, summarised, stored and read again."""

from __future__ import annotations

import pandas as pd
import pytest
from sentiment_tiny import QUICK, Built, make_frame

from peachdash.errors import BadInput
from peachdash.sentiment import encoders
from peachdash.sentiment.learning_curve import (
    COLUMNS,
    load_learning_curve,
    measure_learning_curve,
    summarise_learning_curve,
    write_learning_curve,
)

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]


@pytest.mark.usefixtures("tiny_encoder")
def test_every_count_and_seed_is_measured_on_ever_larger_parts(generic: Built, encoders_dir) -> None:
    labelled = make_frame(24, seed=5)
    validation = make_frame(30, seed=6)
    validation["slices"] = [["peachy_slang"] if row % 2 else ["plain"] for row in range(len(validation))]
    seen: list[dict] = []
    runs = measure_learning_curve(
        "small",
        labelled,
        validation,
        QUICK,
        encoder_path=encoders.locate_encoder(encoders.ENCODERS["small"], encoders_dir),
        start=generic.reference,
        counts=(6, 12, 500),
        seeds=(1, 2),
        on_run=seen.append,
    )
    assert list(runs.columns) == COLUMNS
    assert list(zip(runs["seed"], runs["reviews"], strict=True)) == [
        (seed, count) for seed in (1, 2) for count in (6, 12, len(labelled))
    ]
    assert runs["macro_f1"].between(0, 1).all()
    assert runs["peachy_error"].between(0, 1).all()
    assert seen == runs.to_dict("records")


def rows() -> pd.DataFrame:
    values = [("small", 100, 13, 0.5, 0.4), ("small", 100, 14, 0.7, 0.2), ("small", 200, 13, 0.8, 0.1)]
    return pd.DataFrame(values, columns=COLUMNS)


def test_seeds_become_a_mean_with_the_lowest_and_highest() -> None:
    found = summarise_learning_curve(rows(), "macro_f1").to_dict("records")
    assert found[0] == pytest.approx(
        {"model": "small", "reviews": 100, "score": 0.6, "low": 0.5, "high": 0.7}
    )
    assert found[1]["low"] == found[1]["high"] == 0.8


def test_what_was_written_is_read_and_the_other_size_kept(tmp_path) -> None:
    assert load_learning_curve(tmp_path).empty
    write_learning_curve(tmp_path, rows(), QUICK)
    write_learning_curve(tmp_path, rows().assign(size="base"), QUICK)
    write_learning_curve(tmp_path, rows().iloc[:1], QUICK)
    found = load_learning_curve(tmp_path)
    assert found.groupby("size").size().to_dict() == {"base": 3, "small": 1}


@pytest.mark.parametrize("content", ["{", "{}", '{"runs": [{"size": "small"}]}'])
def test_a_damaged_file_is_named(tmp_path, content) -> None:
    (tmp_path / "learning_curve.json").write_text(content)
    with pytest.raises(BadInput, match=r"learning_curve\.json"):
        load_learning_curve(tmp_path)
