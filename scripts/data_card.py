"""The tables of `data/README.md`, computed from the data: `python -m scripts.data_card`.

With `--write` the part of the card between its two marks is replaced.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa
from statsmodels.stats.proportion import proportion_confint

from peachdash.sentiment.corpus import gold_file, load_reviews
from peachdash.workflows.setup import load_annotations, load_gold

DATA = Path(__file__).resolve().parents[1] / "data"
BEGIN, END = "<!-- tables: python -m scripts.data_card --write -->", "<!-- end of tables -->"
SPLITS = ("train", "validation", "test", "unlabelled")
LABELS = ("negative", "neutral", "positive")


def load(name: str) -> pd.DataFrame:
    """A JSON Lines file of `data/`."""
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return pd.DataFrame([json.loads(line) for line in lines])


def tables() -> str:
    """All tables as Markdown."""
    reviews = pd.concat([load_reviews(DATA, split).assign(split=split) for split in SPLITS])
    gold, annotations = (
        load_gold(gold_file(DATA)),
        load_annotations(DATA / "labels" / "annotations.csv.gz"),
    )
    pairs = annotations.pivot(index="review_id", columns="annotator", values="label").dropna()
    labelled = gold.set_index("review_id").join(pairs, how="inner")
    parts = [
        "### Reviews\n\n" + markdown(review_table(reviews, gold)),
        "### Labels by split\n\n" + markdown(label_table(gold)),
        "### Slices of the labelled reviews\n\n" + markdown(slice_table(gold)),
        "### Agreement of the two annotators before adjudication\n\n" + markdown(agreement_table(labelled)),
        "### Natural share of the slices\n\n" + markdown(natural_table()),
    ]
    return "\n\n".join(parts)


def review_table(reviews: pd.DataFrame, gold: pd.DataFrame) -> pd.DataFrame:
    """One row a split: reviews, labelled, words, replies, stars."""
    words = reviews["text"].str.split().str.len()
    rows = []
    for split in SPLITS:
        own = (reviews["split"] == split).to_numpy()
        lengths = words.to_numpy()[own]
        rows.append(
            {
                "split": split,
                "reviews": own.sum(),
                "labelled": (gold["split"] == split).sum(),
                "median words": int(np.median(lengths)),
                "5th to 95th percentile": "{:.0f} to {:.0f}".format(*np.percentile(lengths, [5, 95])),
                "with owner reply": share(reviews["owner_reply"].notna().to_numpy()[own]),
                "without stars": share(reviews["stars"].isna().to_numpy()[own]),
            }
        )
    return pd.DataFrame(rows)


def label_table(gold: pd.DataFrame) -> pd.DataFrame:
    """Counts of each label, and how many were adjudicated."""
    counts = gold.pivot_table(index="split", columns="label", values="review_id", aggfunc="count")
    frame = counts.reindex(index=SPLITS[:3], columns=LABELS).reset_index()
    adjudicated = gold.groupby("split")["adjudicated"].sum()
    return frame.assign(adjudicated=[int(adjudicated[split]) for split in frame["split"]])


def slice_table(gold: pd.DataFrame) -> pd.DataFrame:
    """Counts of each slice by split; in test also by label."""
    long = gold.explode("slices")
    counts = long.pivot_table(
        index="slices", columns="split", values="review_id", aggfunc="count", fill_value=0
    )
    test = long[long["split"] == "test"]
    labels = test.pivot_table(
        index="slices", columns="label", values="review_id", aggfunc="count", fill_value=0
    )
    both = counts.reindex(columns=SPLITS[:3], fill_value=0).join(
        labels.reindex(columns=LABELS, fill_value=0).add_prefix("test, ")
    )
    return both.fillna(0).astype(int).reset_index(names="slice")


def agreement_table(labelled: pd.DataFrame) -> pd.DataFrame:
    """Share of equal labels and Cohen's kappa with 95% intervals: all, by class, by slice."""
    first, second = (labelled[name] for name in ("annotator-a", "annotator-b"))
    rows = [agreement_row("all", first, second)]
    for label in LABELS:
        rows.append(agreement_row(f"{label} against the rest", first == label, second == label))
    for name in sorted({name for slices in labelled["slices"] for name in slices}):
        own = labelled["slices"].map(lambda slices, name=name: name in slices)
        rows.append(agreement_row(name, first[own], second[own]))
    return pd.DataFrame(rows)


def agreement_row(name: str, first: pd.Series, second: pd.Series) -> dict[str, object]:
    """One row of the agreement table."""
    equal, n = int((first == second).sum()), len(first)
    low, high = proportion_confint(equal, n, method="wilson")
    values = sorted(set(first) | set(second))
    matrix = pd.crosstab(
        pd.Categorical(first, categories=values), pd.Categorical(second, categories=values), dropna=False
    )
    kappa = cohens_kappa(matrix.to_numpy()) if len(values) > 1 else None
    words = (
        f"{kappa.kappa:.3f} ({kappa.kappa_low:.3f} to {min(kappa.kappa_upp, 1):.3f})"
        if kappa
        else "one label only"
    )
    return {
        "reviews": name,
        "n": n,
        "equal": f"{equal / n:.1%} ({low:.1%} to {high:.1%})",
        "Cohen's kappa": words,
    }


def natural_table() -> pd.DataFrame:
    """Share of each slice among the unlabelled reviews, with Wilson intervals; a review may have several."""
    tags = load("labels/natural_slices.jsonl")
    rows = []
    for name in sorted({name for slices in tags["slices"] for name in slices}):
        count = int(tags["slices"].map(lambda slices, name=name: name in slices).sum())
        low, high = proportion_confint(count, len(tags), method="wilson")
        rows.append(
            {"slice": name, "n": count, "share": f"{count / len(tags):.1%} ({low:.1%} to {high:.1%})"}
        )
    return pd.DataFrame(rows)


def share(values: np.ndarray) -> str:
    return f"{values.mean():.0%}"


def markdown(frame: pd.DataFrame) -> str:
    """A frame as a Markdown table."""
    lines = [" | ".join(map(str, frame.columns)), " | ".join(["---"] * frame.shape[1])]
    lines += [" | ".join(map(str, row)) for row in frame.itertuples(index=False)]
    return "\n".join(f"| {line} |" for line in lines)


def main() -> None:
    """Print the tables, or write them into the card."""
    text = tables()
    if "--write" not in sys.argv[1:]:
        print(text)
        return
    card = DATA / "README.md"
    before, _, rest = card.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    card.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
