"""How far words alone go: `python -m scripts.bag_of_words`.

A bag of words and word pairs (TF-IDF) with logistic regression, trained on the train reviews and read on the
test reviews, beside which the fine-tuned models have to be seen. Nothing is tuned.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score
from sklearn.pipeline import make_pipeline

from peachdash.insights.formatting import estimate
from peachdash.insights.intervals import wilson
from peachdash.sentiment.corpus import load_labelled


def main(arguments: Sequence[str] | None = None) -> None:
    """Print macro-F1 on the test reviews, and the share of those with "peachy" that is misread."""
    parser = argparse.ArgumentParser(prog="python -m scripts.bag_of_words", description="How far words go.")
    parser.add_argument("--data", type=Path, default=Path("data"), help="folder with reviews/ and labels/")
    data = parser.parse_args(arguments).data
    train, test = load_labelled(data, "train"), load_labelled(data, "test")
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=2)
    model = make_pipeline(words, LogisticRegression(C=10, class_weight="balanced", max_iter=2000))
    read = model.fit(train["text"], train["label"]).predict(test["text"])
    peachy = test["slices"].map(lambda names: any(name.startswith("peachy") for name in names)).to_numpy()
    wrong = (read != test["label"].to_numpy())[peachy]
    print(f"{len(train):,} train reviews, {len(test):,} test reviews")
    print(f"macro-F1 {f1_score(test['label'], read, average='macro'):.3f}")
    low, high = (float(bound) for bound in wilson(wrong.sum(), len(wrong)))
    print(f'misread with "peachy": {estimate(wrong.mean(), low, high, len(wrong))}')


if __name__ == "__main__":
    main()
