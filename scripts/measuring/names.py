"""Do the names of issues say what annotators wrote? A sample for a reader who judges blind.

Each row has what an annotator wrote of a negative test review, and the names of the issues that its sentences
are in. In some rows, which ones is kept in a key beside the sample, the names are those of another review of
the same business: a reader who calls these a match is too kind, and the figure says how much.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from peachdash.config import Settings
from peachdash.errors import BadInput
from peachdash.insights.aspects import load_head
from peachdash.insights.intervals import wilson
from peachdash.queries.complaints import fetch_issues
from peachdash.queries.issue_evidence import fetch_evidence
from peachdash.records import ReviewFilter, Scope
from peachdash.sentiment.active import find_active
from peachdash.sentiment.corpus import gold_file, load_reviews
from peachdash.sentiment.embedding import Embedder
from peachdash.storage.database import open_database
from peachdash.workflows.setup import load_gold

SAMPLE, MIXED_UP, SEED = 100, 25, 20261128
MOST_NAMES = 4
NEAR = 0.35
"""From which cosine with the annotator's words on a name counts as near, which takes no reader."""


def write_sample(settings: Settings, out: Path, split: str = "test") -> dict[str, Any]:
    """Write the sample (CSV with an empty column `match`) and its key; what is in them.

    The method is worked on with the splits train and validation, of which it also says how near the names
    come to the annotators' words; `test` is for the figure.
    """
    pairs = load_pairs(settings, split)
    generator = np.random.default_rng(SEED)
    chosen = pairs.sample(min(SAMPLE + MIXED_UP, len(pairs)), random_state=SEED).reset_index(drop=True)
    mixed = np.arange(len(chosen)) >= SAMPLE
    names = list(chosen["names"])
    for row in np.flatnonzero(mixed):
        others = pairs[
            (pairs["business_id"] == chosen.loc[row, "business_id"])
            & (pairs["review_key"] != chosen.loc[row, "review_key"])
        ]
        names[row] = others["names"].iloc[int(generator.integers(len(others)))]
    order = generator.permutation(len(chosen))
    sample = pd.DataFrame(
        {
            "row": range(1, len(chosen) + 1),
            "annotator_wrote": chosen["reason_words"].to_numpy()[order],
            "issue_names": [" | ".join(names[row]) for row in order],
            "match": "",
        }
    )
    key = pd.DataFrame(
        {
            "row": sample["row"],
            "review_key": chosen["review_key"].to_numpy()[order],
            "mixed_up": mixed[order],
            "names": [len(names[row]) for row in order],
            "largest_issue": chosen["largest"].to_numpy()[order],
        }
    )
    out.parent.mkdir(parents=True, exist_ok=True)
    sample.to_csv(out, index=False)
    key.to_csv(out.with_suffix(".key.csv"), index=False)
    return {
        "sample": str(out),
        "key": str(out.with_suffix(".key.csv")),
        "rows": len(sample),
        "mixed up": int(mixed.sum()),
        f"negative {split} reviews": len(pairs),
        "in an issue that another review is in": int((pairs["largest"] > 1).sum()),
        "near the annotator's words": None if split == "test" else measure_nearness(pairs, settings),
        "how to judge": "yes in `match` where one of the names says what the annotator wrote, or the "
        "theme it is part of; no where none does. Then --judged FILE.",
    }


def load_pairs(settings: Settings, split: str) -> pd.DataFrame:
    """Negative reviews of a split in which complaints are found: reason_words and names of their issues."""
    database, models = open_database(settings.database), find_active(settings)
    house = Scope.everything("measure")
    with database.read() as connection:
        evidence = fetch_evidence(connection, house, ReviewFilter(), models, with_text=True)
        issues = fetch_issues(connection, house).set_index("issue_id")["own_name"]
    database.close()
    gold = load_gold(gold_file(settings.data))
    gold = gold[(gold["split"] == split) & (gold["label"] == "negative")]
    texts = load_reviews(settings.data, split).set_index("review_id")["text"]
    gold = gold.assign(text=gold["review_id"].map(texts), review_key=gold["review_id"])
    sizes = evidence.groupby("issue_id")["review_id"].nunique()
    rows = []
    for row in gold.itertuples():
        own = evidence[(evidence["text"] == row.text) & (evidence["band"] == "negative")]
        own = own.sort_values("p_negative", ascending=False).drop_duplicates("issue_id")
        if len(own):
            names = [str(issues[issue]) for issue in own["issue_id"].head(MOST_NAMES)]
            business, largest = own["business_id"].iloc[0], int(sizes[own["issue_id"]].max())
            rows.append((row.review_key, business, row.reason_words, names, largest))
    return pd.DataFrame(rows, columns=["review_key", "business_id", "reason_words", "names", "largest"])


def measure_nearness(pairs: pd.DataFrame, settings: Settings) -> dict[str, float]:
    """In how many reviews the nearest name has a cosine of `NEAR` or more with the annotator's words."""
    head, embedder = load_head(settings.models), Embedder(settings.encoders, settings.device)
    words = head.centre(embedder.embed(list(pairs["reason_words"])))
    names = pairs["names"].explode()
    vectors = head.centre(embedder.embed(list(names)))
    rows = pairs.index.get_indexer(names.index)
    nearness = pd.Series((vectors * words[rows]).sum(axis=1)).groupby(rows).max()
    return _share(nearness >= NEAR) | {"mean cosine": round(float(nearness.mean()), 3)}


def count_judged(judged: Path) -> dict[str, Any]:
    """What a reader said of the sample, apart for true and mixed-up pairs.

    Raises:
        BadInput: a row of the sample is not judged.
    """
    rows = pd.read_csv(judged).merge(pd.read_csv(judged.with_suffix(".key.csv")), on="row")
    said = rows["match"].astype(str).str.strip().str.lower()
    if not said.isin(["yes", "no"]).all():
        raise BadInput(f"{judged}: expected yes or no in every row of `match`.")
    rows["yes"] = said == "yes"
    shared = rows[~rows["mixed_up"] & (rows["largest_issue"] > 1)]
    return {
        "match": _share(rows[~rows["mixed_up"]]["yes"]),
        "match where the issue holds other reviews too": _share(shared["yes"]),
        "match of mixed-up pairs": _share(rows[rows["mixed_up"]]["yes"]),
    }


def _share(yes: pd.Series) -> dict[str, float]:
    low, high = wilson(int(yes.sum()), len(yes))
    return {
        "share": round(float(yes.mean()), 3), "low": round(float(low), 3), "high": round(float(high), 3),
        "n": len(yes),
    }  # fmt: skip
