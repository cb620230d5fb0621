"""Languages and near duplicates as a run: a batch of reviews in, what was found out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from peachdash.ingest.campaigns import find_near_duplicates
from peachdash.jobs.runs import RunFolder, create_run
from peachdash.records import Scope
from peachdash.storage.database import Database
from peachdash.workflows.describing import Undescribed, language_rows, store_findings

KIND = "describe"
WINDOW_REVIEWS = 50_000
"""So many reviews of a business, next to each other in time, are compared at once: what memory allows."""

_SLICE = 500
_LANGUAGE_COLUMNS = ["text_sha256", "language", "confidence", "readable", "detector"]
_TWIN_COLUMNS = ["review_id", "twin_id", "similarity"]


def create_describing_run(jobs: Path, batch: Undescribed) -> RunFolder:
    """A queued run that looks through a batch."""
    request = {"texts": len(batch.reviews), "left": batch.left, "pairs": batch.pairs.to_dict("list")}
    return create_run(jobs, KIND, request, pa.Table.from_pandas(batch.reviews, preserve_index=False))


def describe_run_reviews(run: RunFolder) -> None:
    """Find the languages that are open, and the near duplicates within each business."""
    reviews = run.input.to_pandas()
    open_ = reviews[reviews["detect"]]
    total = len(open_) + len(reviews)
    run.append_event(event="started", done=0, total=total)
    found = [pd.DataFrame(columns=_LANGUAGE_COLUMNS)]
    for start in range(0, len(open_), _SLICE):
        rows = open_.iloc[start : start + _SLICE]
        found.append(language_rows(rows["text_sha256"], list(rows["text"])))
        run.append_event(event="progress", done=start + len(rows), total=total)
    pd.concat(found[1:] or found).to_parquet(run.path / "languages.parquet")
    twins, done = [pd.DataFrame(columns=_TWIN_COLUMNS)], len(open_)
    for _, business in reviews.groupby("business_id", sort=False):
        for start in range(0, len(business), WINDOW_REVIEWS):
            window = business.iloc[start : start + WINDOW_REVIEWS]
            twins.append(find_near_duplicates(window))
            done += len(window)
            run.append_event(event="progress", done=done, total=total)
    frame = pd.concat(twins[1:] or twins).astype(
        {"review_id": "int64", "twin_id": "int64", "similarity": float}
    )
    frame.to_parquet(run.path / "twins.parquet")


def take_findings(database: Database, scope: Scope, run: RunFolder) -> None:
    """Store what a finished run found; doing it again does no harm."""
    languages = pq.read_table(run.path / "languages.parquet").to_pandas()
    twins = pq.read_table(run.path / "twins.parquet").to_pandas()
    store_findings(database, scope, languages, twins, pd.DataFrame(run.request["pairs"]))
    run.set_state("stored")
    run.discard_payload()


def describe_all(database: Database, scope: Scope, jobs: Path) -> int:
    """Look through all that is open, in the calling process; how many reviews that were."""
    from peachdash.workflows.describing import find_undescribed

    count = 0
    while (batch := find_undescribed(database, scope)) is not None:
        run = create_describing_run(jobs, batch)
        describe_run_reviews(run)
        take_findings(database, scope, run)
        count += len(batch.reviews)
    return count
