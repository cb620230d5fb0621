"""How far the scoring is, for pages and commands."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path

from peachdash.jobs.runs import UNFINISHED, RunFolder, list_runs
from peachdash.jobs.scoring import KIND


@dataclass(frozen=True)
class ScoringProgress:
    """The state of the newest scoring run.

    Attributes:
        state: queued, running, done, failed or stored.
        done, total: texts.
        texts_per_second: None until the first part is finished.
        seconds_left: None where it cannot be said.
        error: why it failed, in words.
        what: what is being read: texts (of reviews) or sentences.
    """

    state: str
    done: int
    total: int
    texts_per_second: float | None
    seconds_left: float | None
    error: str
    started_utc: dt.datetime
    what: str = "texts"

    @property
    def is_active(self) -> bool:
        return self.state in UNFINISHED or self.state == "done"


def find_progress(jobs: Path) -> ScoringProgress | None:
    """The progress of the newest scoring run; None where there never was one."""
    runs = [run for run in list_runs(jobs) if run.request.get("kind") == KIND]
    return describe_run(runs[-1]) if runs else None


def describe_run(run: RunFolder) -> ScoringProgress:
    """The progress of one run, from its events."""
    events = run.events()
    last = events[-1] if events else {}
    speeds = [event for event in events if event.get("texts_per_second")]
    return ScoringProgress(
        state=run.state,
        done=int(last.get("done", 0)),
        total=int(run.request.get("texts", 0)),
        texts_per_second=speeds[-1]["texts_per_second"] if speeds else None,
        seconds_left=last.get("seconds_left"),
        error=run.error,
        started_utc=dt.datetime.fromtimestamp(int(run.run_id.split("-")[0]) / 1e9, tz=dt.UTC),
        what=str(run.request.get("what", "texts")),
    )
