"""The measuring of trainings runs where there is neither database nor dashboard."""

import subprocess
import sys
from pathlib import Path

from peachdash.sentiment.recipes import RECIPES

REPOSITORY = Path(__file__).parents[2]


def test_it_needs_neither_database_nor_dashboard():
    absent = ("duckdb", "sqlalchemy", "streamlit", "optuna", "pydantic_settings", "statsmodels")
    code = (
        "import sys\n"
        f"for name in {absent!r}: sys.modules[name] = None\n"
        "import scripts.bench_training, peachdash.sentiment.sweep_space\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr


def test_its_grid_has_as_many_different_runs_as_are_asked_for():
    from scripts.bench_training import grid

    runs = grid(RECIPES["small"], 12)
    assert len({(run.learning_rate, run.batch_size, run.replay_share) for run in runs}) == 12
    more = grid(RECIPES["small"], 14)
    assert more[:12] == runs
    assert {run.seed for run in more} == {13, 14}
