"""Asking a benchmark for help measures nothing."""

import pytest

from scripts import bench


def test_help_is_printed_and_nothing_is_measured(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["bench", "--help"])
    monkeypatch.setattr(bench, "copied_demo_home", lambda: pytest.fail("it began to measure"))
    with pytest.raises(SystemExit) as ended:
        bench.main()
    assert ended.value.code == 0
    assert "python -m scripts.bench" in capsys.readouterr().out
