"""How many of labels that were changed on purpose the search for likely label errors finds.

`python -m scripts.measure_label_errors` takes the training reviews of the shipped corpus, changes the label
of 2% of them, and counts how many of those are among the labels that are offered for a second look.
"""

from __future__ import annotations

import argparse

import numpy as np

from peachdash.config import load_settings
from peachdash.labelling.label_errors import check_labels
from peachdash.records import LABELS
from peachdash.sentiment.corpus import load_labelled
from peachdash.sentiment.embedding import Embedder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changed", type=float, default=0.02, help="share of labels that are changed")
    parser.add_argument("--reviews", type=int, help="so many reviews, drawn at random, rather than all")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    settings = load_settings()
    rows, draw = load_labelled(settings.data, "train"), np.random.default_rng(options.seed)
    if options.reviews is not None:
        rows = rows.iloc[draw.permutation(len(rows))[: options.reviews]].reset_index(drop=True)
    labels = rows["label"].copy()
    changed = draw.choice(len(rows), round(options.changed * len(rows)), replace=False)
    for place in changed:
        labels.iloc[place] = draw.choice([label for label in LABELS if label != labels.iloc[place]])
    vectors = Embedder(settings.encoders, settings.device).embed(list(rows["text"]))
    found = check_labels(vectors, list(rows["text"]), labels, rows["text"])
    offered = set(np.flatnonzero(found.rows["suspected"]))
    hits = len(offered & set(changed.tolist()))
    print(
        f"{len(changed)} of {len(rows):,} labels changed; {len(offered)} offered, {hits} of them changed ones"
    )
    print(f"by chance {len(offered) * len(changed) / len(rows):.0f}; readings repeat {found.agreement:.0%}")


if __name__ == "__main__":
    main()
