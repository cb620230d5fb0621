"""A small part of the shipped corpus, as a data folder of its own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from peachdash.sentiment.corpus import gold_file, reviews_file
from peachdash.workflows.setup import load_annotations, read_json_lines

SIZES = {"train": 120, "validation": 40, "test": 60, "unlabelled": 40}


def write_part(source: Path, target: Path) -> None:
    """Write the first reviews of each split, with their labels, into a new data folder."""
    (target / "reviews").mkdir(parents=True)
    (target / "labels").mkdir()
    for name in ("businesses.json", "ledger.json"):
        shutil.copy(source / name, target / name)
    kept = set()
    for split, size in SIZES.items():
        rows = read_json_lines(reviews_file(source, split))[:size]
        _write_lines(target / "reviews" / f"{split}.jsonl", rows)
        kept |= {row["review_id"] for row in rows}
    gold = [row for row in read_json_lines(gold_file(source)) if row["review_id"] in kept]
    _write_lines(target / "labels" / "gold.jsonl", gold)
    table = load_annotations(source / "labels" / "annotations.csv.gz")
    table = table[table["review_id"].isin(kept)]
    table = table.assign(
        slices=table["slices"].str.join(";"), unsure=table["unsure"].map({True: "yes", False: "no"})
    )
    table.to_csv(target / "labels" / "annotations.csv.gz", index=False)


def _write_lines(path: Path, rows: list[dict]) -> None:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
