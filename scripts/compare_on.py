"""Two models on any labelled CSV: `python -m scripts.compare_on FILE.csv --gold label`.

Prints each model's accuracy and the paired difference with a 95% bootstrap interval over the rows. With
`--two-classes` a reading is the likelier of negative and positive, for sets that know no neutral.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import bootstrap

from peachdash.config import load_settings
from peachdash.sentiment.active import find_model
from peachdash.sentiment.text import clean_text
from peachdash.workflows.predict import find_text_column, read_csv, read_texts


def main() -> None:
    """Read the file with both models and print what they got right."""
    options = _parser().parse_args()
    settings = load_settings()
    table = read_csv(options.file)
    texts = [clean_text(row[find_text_column(options.file, table, options.text)]) for row in table.rows]
    gold = np.array([row[find_text_column(options.file, table, options.gold)] for row in table.rows])
    right = []
    for name in (options.first, options.second):
        readings = read_texts(texts, find_model(name, settings), settings)
        right.append((_labels(readings, options.two_classes) == gold).astype(float))
        print(f"{name}: {right[-1].mean():.1%} of {len(gold):,} right")
    difference = right[1] - right[0]
    interval = bootstrap(
        (difference,), np.mean, n_resamples=2000, method="percentile", rng=0
    ).confidence_interval
    points = [100 * value for value in (difference.mean(), interval.low, interval.high)]
    print("{} minus {}: {:+.1f} points ({:+.1f} to {:+.1f})".format(options.second, options.first, *points))


def _labels(readings: pd.DataFrame, two_classes: bool) -> np.ndarray:
    if not two_classes:
        return readings["label"].to_numpy(dtype=str)
    return np.where(readings["p_positive"] > readings["p_negative"], "positive", "negative")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Two models on any labelled CSV.")
    parser.add_argument("file", type=Path)
    parser.add_argument("--text", default="text", help="column of the texts")
    parser.add_argument("--gold", default="label", help="column of negative, neutral or positive")
    parser.add_argument("--first", default="generic-small")
    parser.add_argument("--second", default="champion-small")
    parser.add_argument("--two-classes", action="store_true")
    return parser


if __name__ == "__main__":
    main()
