"""The Ray engine gives the predictions of the local one, also when a worker is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from peachdash.errors import BadInput, ModelUnavailable
from peachdash.sentiment import ray_engine
from peachdash.sentiment.engine import Scorer
from peachdash.sentiment.file_run import FilesResult
from peachdash.sentiment.files import score_files
from peachdash.sentiment.ray_engine import RayPlan, cut_units, score_files_by_ray
from peachdash.sentiment.registry import resolve_model

REPOSITORY = Path(__file__).resolve().parents[2]
ENCODERS = REPOSITORY / ".cache" / "encoders"


def write(folder: Path, texts: int) -> list[Path]:
    from peachdash.sentiment.corpus import load_reviews

    found = list(load_reviews(REPOSITORY / "data", "train")["text"])[:texts]
    paths = [folder / "a.parquet", folder / "b.parquet"]
    for path, part in zip(paths, (found[: texts // 2 + 5], found[texts // 2 :]), strict=True):
        pq.write_table(pa.table({"text": [*part, "", None]}), path)
    return paths


def test_units_cover_each_row_once(tmp_path):
    paths = write(tmp_path, 20)
    units = cut_units(paths, 6)
    assert [(unit["start"], unit["stop"]) for unit in units][:3] == [(0, 6), (6, 12), (12, 17)]
    assert sum(unit["stop"] - unit["start"] for unit in units) == 29


def test_without_ray_the_message_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(ModelUnavailable, match="pip install"):
        score_files_by_ray(write(tmp_path, 4), tmp_path / "out", [], RayPlan(ENCODERS))


def test_what_an_actor_cannot_read_is_refused_here(tmp_path, monkeypatch):
    path = tmp_path / "wrong.parquet"
    texts = pa.array([b"fine", b"caf\xe9"]).cast(pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": texts}), path)
    actor = object.__new__(ray_engine._Actor)
    actor._output, actor._plan, actor._seen = tmp_path / "out", RayPlan(ENCODERS), {}
    actor._scorer = actor._group = None
    monkeypatch.setattr(ray_engine, "FilesRun", lambda *arguments: Reader())
    [unit] = cut_units([path], 6)
    told = actor({name: np.array([value]) for name, value in unit.items()})
    rows = [{name: values[0] for name, values in told.items()}]
    with pytest.raises(BadInput, match=r"wrong\.parquet, row group 1 of 1"):
        ray_engine._followed(SimpleNamespace(iter_rows=lambda: iter(rows)), 2, lambda progress: None)


class Reader:
    """A run that only takes the rows."""

    def go(self, scorer, pieces):
        list(pieces)

    def result(self):
        return FilesResult(0, 0, "cpu", "fp32", 0.0)


@pytest.fixture
def ray_module():
    ray = pytest.importorskip("ray")
    yield ray
    ray.shutdown()


@pytest.mark.slow
@pytest.mark.parametrize("killed", [False, True], ids=["undisturbed", "a worker is killed"])
def test_two_actors_give_the_same_predictions(tmp_path, ray_module, monkeypatch, killed):
    monkeypatch.setitem(ray_engine.ROWS_IN_A_UNIT, "cpu", 20)
    inputs, model = write(tmp_path, 200), resolve_model("champion-small", REPOSITORY / "models", ENCODERS)
    score_files(inputs, tmp_path / "local", [model], Scorer(ENCODERS, device="cpu"))
    plan, shot = RayPlan(ENCODERS, device="cpu", actors=2), threading.Event()
    if killed:
        threading.Thread(target=kill_one, args=(tmp_path / "ray", shot), daemon=True).start()
    result = score_files_by_ray(inputs, tmp_path / "ray", [model], plan)
    assert shot.is_set() == killed
    local, spread = (
        pq.read_table(tmp_path / name).to_pandas().sort_values("text_sha256", ignore_index=True)
        for name in ("local", "ray")
    )
    assert spread["text_sha256"].is_unique
    assert spread["text_sha256"].equals(local["text_sha256"])
    assert spread["label"].equals(local["label"])
    assert (spread["p_negative"] - local["p_negative"]).abs().max() < 1e-5
    assert result.texts >= 1
    again = score_files_by_ray(inputs, tmp_path / "ray", [model], plan)
    assert again.texts == 0


def kill_one(output: Path, shot: threading.Event) -> None:
    """Kills a scoring worker once the first part is written."""
    while not list(output.glob("*.parquet")):
        time.sleep(0.05)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "cmdline").read_bytes().split(b"\0")[0]
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"MapWorker" in words and descends_from(parent, os.getpid()):
                os.kill(int(entry.name), signal.SIGKILL)
                shot.set()
                return


def descends_from(process: int, ancestor: int) -> bool:
    while process > 1:
        if process == ancestor:
            return True
        try:
            stat = Path(f"/proc/{process}/stat").read_text()
        except OSError:
            return False
        process = int(stat.rpartition(")")[2].split()[1])
    return False
