"""`peachdash dataset`, `train` and `sweep` as a user runs them."""

from __future__ import annotations

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from peachdash.config import Settings
from peachdash.storage.database import open_database
from tests.integration.training_world import QUICK_CHANGES, add_data_set, data_set_rows

# isort: split
from hub_files import put_in_cache

pytest.importorskip("torch")
pytest_plugins = ["sentiment_tiny"]

OPTIONS = [
    word for name, value in QUICK_CHANGES.items() for word in (f"--{name.replace('_', '-')}", str(value))
]


@pytest.fixture
def environment(environment, encoders_dir, models_dir, generic) -> dict[str, str]:
    """A home whose small encoder is a random one of two layers."""
    return environment | {
        "PEACHDASH_ENCODERS": str(encoders_dir),
        "PEACHDASH_MODELS": str(models_dir),
        "PEACHDASH_DEVICE": "cpu",
        "PEACHDASH_ENCODER_UNCHECKED": "1",
        "OMP_NUM_THREADS": "1",
    }


@pytest.fixture
def frozen(environment) -> Settings:
    """A home with one data set."""
    settings = Settings(home=Path(environment["PEACHDASH_HOME"]))
    database = open_database(settings.database)
    add_data_set(database, data_set_rows())
    database.close()
    return settings


def test_without_labels_there_is_nothing_to_freeze_or_train_on(peachdash):
    peachdash("dataset", "freeze").assert_refused("no label to freeze")
    peachdash("dataset", "show").assert_refused("peachdash dataset freeze")
    peachdash("train").assert_refused("peachdash dataset freeze")
    peachdash("train", "--learning-rate", "nan").assert_refused("learning_rate must lie above 0")
    peachdash("train", "--epochs", "0").assert_refused("epochs must lie in 1 to 200")
    peachdash("train", "--start", "nope").assert_refused("There is no model 'nope'")
    peachdash("train", "--seed", "-1").assert_refused("seed must lie in 0 to 2**31 - 1")
    assert peachdash("dataset", "list").out.startswith("no data set yet")
    assert peachdash("train", "--list").out.startswith("nothing was trained here yet")


def test_data_sets_are_listed_and_written(peachdash, frozen, tmp_path):
    (row,) = peachdash("dataset", "list", "--json").json["data_sets"]
    assert row["number"] == 1
    out = tmp_path / "out.csv"
    peachdash("dataset", "show", "1", "--csv", out, "--json")
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 96
    assert {row["split"] for row in rows} == {"train", "validation", "test"}
    peachdash("dataset", "show", "7").assert_refused("no data set 7")


def test_bad_settings_are_refused_in_one_line(peachdash, frozen):
    peachdash("train", "--learning-rate", "10").assert_refused("learning_rate must lie above 0")
    peachdash("train", "--start", "champion-huge").assert_refused("There is no model")
    peachdash("train", "--resume", "none").assert_refused("no such training")
    peachdash("sweep").assert_refused("A sweep needs one or more of")
    peachdash("sweep", "--over", "epochs").assert_refused("SETTING=VALUES")
    assert peachdash("train", "--list", "--json").json["trainings"] == []


def test_a_training_and_a_sweep_end_with_models(peachdash, frozen):
    done = peachdash("train", *OPTIONS, "--json")
    assert done.status == 0, done.err
    assert done.json["state"] == "done"
    assert (frozen.trained / done.json["revision"] / "model.json").is_file()
    assert "epoch 3/3: loss" in done.err
    swept = ("batch_size=8,16", "replay_share=0", "lora_rank=8")
    words = peachdash("sweep", *(word for axis in swept for word in ("--over", axis)), "--epochs", "1")
    assert words.status == 0, words.err
    assert "2 trainings" in words.out
    assert "all 2 runs are done" in words.out


def test_an_encoder_of_the_hub_starts_a_training_and_its_model_reads_files(
    peachdash, frozen, encoders_dir, tmp_path
):
    cache = tmp_path / "hub"
    put_in_cache(cache, encoders_dir / "small")
    offline = {
        "HF_HUB_CACHE": str(cache),
        "HF_HUB_OFFLINE": "1",
        "PEACHDASH_ENCODERS": str(shutil.copytree(encoders_dir, tmp_path / "encoders")),
    }
    refused = peachdash("train", "--start", "hub:nobody/nothing", **offline)
    refused.assert_refused("hub:nobody/nothing is not in the local Hugging Face cache", "HF_HUB_OFFLINE=0")
    done = peachdash("train", "--start", "hub:tiny/encoder", *OPTIONS, "--json", **offline)
    assert done.status == 0, done.err
    assert "from tiny/encoder at 0123456: bert, 2 layers, width 32, 0 MB, licence mit" in done.err
    revision = done.json["revision"]
    texts = tmp_path / "texts.csv"
    texts.write_text("text\nthe soup was awful\n")
    read = peachdash("predict", texts, tmp_path / "out.csv", "--model", revision, **offline)
    assert read.status == 0, read.err
    pq.write_table(pa.table({"text": ["the soup was awful", "great soup"]}), tmp_path / "texts.parquet")
    scored = peachdash(
        "score", "--input", tmp_path / "texts.parquet", "--output", tmp_path / "read", "--model", revision,
        **offline,
    )  # fmt: skip
    assert scored.status == 0, scored.err
    rows = pq.read_table(tmp_path / "read").to_pandas()
    assert set(rows["revision"]) == {revision}


def test_ctrl_c_stops_and_the_same_command_goes_on(environment, frozen, peachdash):
    words = ["train", *OPTIONS, "--epochs", "40", "--json"]
    runner = [sys.executable, "-c", "from peachdash.cli import main; main()", *words]
    process = subprocess.Popen(
        runner, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    folder = frozen.trainings
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not list(folder.glob("*/checkpoint.safetensors")):
        time.sleep(0.05)
    os.kill(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "the same command goes on from the checkpoint" in said
    again = peachdash(*words)
    assert again.status == 0, again.err
    assert "going on with" in again.err
    assert [event["epoch"] for event in again.json["history"]] == list(range(1, 41))
    assert len(list(folder.glob("0*"))) == 1
