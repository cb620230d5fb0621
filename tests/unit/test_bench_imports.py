"""What is measured on a machine of its own runs where there is neither database nor dashboard."""

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
ABSENT = ("duckdb", "sqlalchemy", "streamlit", "optuna", "pydantic_settings", "statsmodels")


@pytest.mark.parametrize(
    ("modules", "absent"),
    [
        ("scripts.bench_training, peachdash.sentiment.sweep_space", ABSENT),
        ("scripts.bench_ray, scripts.bench_memory, peachdash.sentiment.ray_engine", (*ABSENT, "ray")),
    ],
)
def test_they_need_neither_database_nor_dashboard(modules, absent):
    code = f"import sys\nfor name in {absent!r}: sys.modules[name] = None\nimport {modules}\n"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
