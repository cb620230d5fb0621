"""The measuring of the Ray engine and of memory: texts, rates and comparisons, without a database."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from peachdash.sentiment.ray_engine import UnitDone
from scripts.bench_ray import compare, steady_rate
from scripts.bench_texts import write_texts


def test_many_texts_are_different_and_all_there(tmp_path):
    paths = write_texts(tmp_path, "short", 700, files=3, made=100)
    texts = [text for path in paths for text in pq.read_table(path)["text"].to_pylist()]
    assert [pq.read_metadata(path).num_rows for path in paths] == [233, 233, 234]
    assert len(set(texts)) == 700


def unit(actor: str, texts: int, began: float, ended: float) -> UnitDone:
    return UnitDone(actor, texts, texts, "cpu", "fp32", began, ended)


def test_the_steady_rate_leaves_out_the_first_unit_of_each_actor():
    units = [unit("a", 100, 0, 10), unit("b", 100, 0, 50), unit("a", 100, 10, 12), unit("b", 90, 50, 53)]
    assert steady_rate(units) == pytest.approx(100 / 2 + 90 / 3)
    assert steady_rate(units[:2]) != steady_rate(units[:2])


def write_part(folder: Path, positive: dict[str, float]) -> Path:
    folder.mkdir()
    columns = {
        "text_sha256": [name * 64 for name in positive],
        "p_negative": [1 - share for share in positive.values()],
        "p_neutral": [0.0 for _ in positive],
        "p_positive": list(positive.values()),
    }
    pq.write_table(pa.table(columns), folder / "part.parquet")
    return folder


def test_predictions_are_the_same_in_any_order_up_to_rounding(tmp_path):
    local = write_part(tmp_path / "local", {"a": 0.9, "b": 0.2})
    assert compare(local, write_part(tmp_path / "close", {"b": 0.205, "a": 0.9}), 2)["same"]
    assert not compare(local, write_part(tmp_path / "far", {"a": 0.9, "b": 0.3}), 2)["same"]
    assert not compare(local, write_part(tmp_path / "less", {"a": 0.9}), 2)["same"]
    assert not compare(local, local, 3)["same"]
