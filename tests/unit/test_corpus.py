"""The shipped corpus keeps its promises: counts, splits, no give-aways, labels and ledger that agree."""

from __future__ import annotations

import collections
import datetime as dt
import itertools
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from peachdash.sentiment.corpus import gold_file, reviews_file
from peachdash.workflows.setup import load_annotations, load_gold, read_json_lines

DATA = Path(__file__).resolve().parents[2] / "data"
SPLITS = ("train", "validation", "test", "unlabelled")
LABELS = {"negative", "neutral", "positive"}
SLICES = {
    "peachy_brand", "peachy_slang", "peachy_sarcastic", "peachtree", "local", "sarcasm", "mixed",
    "understated", "plain",
}  # fmt: skip
ASPECTS = {"food or product", "service", "waiting", "price", "place", "order or booking", "other"}


def words(text: str) -> list[str]:
    return re.findall(r"[\w']+", text.lower())


def shingles(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[i : i + 3]) for i in range(max(1, len(found) - 2)))


def is_peachy(slices: list[str]) -> bool:
    return any(name.startswith("peachy") for name in slices)


@pytest.fixture(scope="module")
def reviews() -> pd.DataFrame:
    frames = [pd.DataFrame(read_json_lines(reviews_file(DATA, name))).assign(split=name) for name in SPLITS]
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def gold(reviews) -> pd.DataFrame:
    labels = load_gold(gold_file(DATA))
    return labels.merge(reviews.drop(columns="split"), on="review_id", validate="one_to_one")


@pytest.fixture(scope="module")
def annotations() -> pd.DataFrame:
    return load_annotations(DATA / "labels" / "annotations.csv.gz")


@pytest.fixture(scope="module")
def businesses() -> list[dict]:
    return json.loads((DATA / "businesses.json").read_text(encoding="utf-8"))


def test_counts(reviews, gold, businesses):
    assert len(businesses) == 14
    assert len(reviews) >= 3600
    assert reviews["review_id"].is_unique
    sizes = gold.groupby("split").size()
    assert sizes["test"] >= 500
    assert sizes["validation"] >= 300
    assert sizes.sum() >= 2400
    assert set(reviews["business_id"]) == {business["id"] for business in businesses}
    large = reviews["business_id"].value_counts()
    assert (large >= 500).sum() >= 3
    assert large["sweet-stack-creamery"] >= 500


def test_the_reviews_look_like_reviews(reviews):
    days = pd.to_datetime(reviews["date"], format="%Y-%m-%d").dt.date
    assert days.min() >= dt.date(2024, 11, 1)
    assert days.max() <= dt.date(2026, 10, 31)
    assert set(reviews["source"]) == {"google", "yelp", "forum"}
    assert reviews["stars"].dropna().isin([1, 2, 3, 4, 5]).all()
    assert 0 < reviews["stars"].isna().mean() < 0.25
    lengths = reviews["text"].map(lambda text: len(words(text)))
    assert 25 <= lengths.median() <= 36
    assert lengths.min() >= 3
    assert lengths.max() <= 260
    assert 0.05 < reviews["owner_reply"].notna().mean() < 0.3


def test_test_slices(gold):
    test = gold[gold["split"] == "test"]
    count = collections.Counter(name for slices in test["slices"] for name in slices)
    assert test["slices"].map(is_peachy).sum() >= 180
    sarcastic = test["slices"].map(lambda names: "sarcasm" in names and "peachy_sarcastic" not in names)
    assert sarcastic.sum() >= 60
    assert test["slices"].map(lambda names: bool({"peachtree", "local"} & set(names))).sum() >= 60
    assert test["slices"].map(lambda names: bool({"mixed", "understated"} & set(names))).sum() >= 60
    assert 0.12 <= (test["label"] == "neutral").mean() <= 0.28
    for name in ("peachy_brand", "peachy_slang"):
        assert set(test[test["slices"].map(lambda names, name=name: name in names)]["label"]) == LABELS
    assert count["peachy_sarcastic"] >= 50
    assert gold[gold["split"] == "train"]["slices"].map(is_peachy).sum() >= 400


def test_labels_are_the_guides_and_reasons_are_given(gold, annotations):
    for frame in (gold, annotations):
        assert set(frame["label"]) <= LABELS
        assert {name for slices in frame["slices"] for name in slices} <= SLICES
        assert all(frame["slices"])
    negative = gold["label"] == "negative"
    assert gold[negative]["aspect"].isin(ASPECTS).all()
    assert gold[negative]["reason_words"].map(lambda text: 1 <= len(text.split()) <= 8).all()
    assert gold[~negative]["aspect"].isna().all()
    assert gold[gold["adjudicated"]]["reason"].str.len().gt(10).all()


def test_two_annotators_stand_behind_every_gold_label(gold, annotations):
    pairs = annotations.pivot(index="review_id", columns="annotator", values="label")
    assert pairs.notna().all(axis=None)
    assert pairs.shape[1] == 2
    assert set(pairs.index) == set(gold["review_id"])
    agreed = gold.set_index("review_id").join(pairs)
    first, second = (agreed[name] for name in pairs.columns)
    settled = agreed[~agreed["adjudicated"]]
    assert (settled["label"] == settled[pairs.columns[0]]).all()
    assert agreed[first != second]["adjudicated"].all()


def test_openings_do_not_repeat(reviews):
    openings = collections.Counter(tuple(words(text)[:4]) for text in reviews["text"])
    assert [opening for opening, count in openings.items() if count > 5] == []


def test_no_near_duplicates(reviews):
    sets = reviews["text"].map(shingles)
    by_shingle = collections.defaultdict(list)
    for index, found in sets.items():
        for shingle in found:
            by_shingle[shingle].append(index)
    shared: collections.Counter[tuple[int, int]] = collections.Counter()
    for members in by_shingle.values():
        if len(members) <= 50:
            shared.update(itertools.combinations(members, 2))
    too_near = []
    for (a, b), common in shared.items():
        jaccard = common / len(sets[a] | sets[b])
        limit = 0.7 if reviews["split"][a] == reviews["split"][b] else 0.5
        if jaccard > limit:
            too_near.append((reviews["review_id"][a], reviews["review_id"][b], round(jaccard, 2)))
    assert too_near == []


def test_one_word_does_not_give_the_peachy_reviews_away(gold):
    peachy = gold[gold["slices"].map(is_peachy)]
    train, test = (peachy[peachy["split"] == name] for name in ("train", "test"))
    vocabulary = collections.Counter(word for text in train["text"] for word in set(words(text)))
    train_words, chance_words = (frame["text"].map(lambda text: set(words(text))) for frame in (train, test))
    best = (0.0, "", "", "")
    for word, count in vocabulary.items():
        if count < 5:
            continue
        has = train_words.map(lambda found, word=word: word in found)
        inside, outside = train["label"][has].mode()[0], train["label"][~has].mode()
        other = outside[0] if len(outside) else inside
        right = ((train["label"] == inside) & has | (train["label"] == other) & ~has).mean()
        best = max(best, (right, word, inside, other))
    _, word, inside, other = best
    has = chance_words.map(lambda found: word in found)
    right = ((test["label"] == inside) & has | (test["label"] == other) & ~has).mean()
    assert right <= 0.75, f"the word {word!r} alone reads {right:.0%} right"


def test_the_ledger_is_told_by_the_reviews(reviews, businesses):
    ledger = json.loads((DATA / "ledger.json").read_text(encoding="utf-8"))
    ids = {business["id"] for business in businesses}
    assert len({event["id"] for event in ledger}) == len(ledger) >= 17
    days = pd.to_datetime(reviews["date"])
    for event in ledger:
        assert event["business"] in ids
        begins = pd.Timestamp(event["begins"])
        ends = pd.Timestamp(event["fades_by"] or event["fixed"] or "2026-10-31")
        assert begins < ends
        own = reviews["business_id"] == event["business"]
        during = reviews[own & days.between(begins, ends)]["text"].str.lower()
        told = during.map(lambda text, event=event: any(word in text for word in event["keywords"]))
        assert told.sum() >= 3, event["id"]


def test_soggy_cones_begin_when_the_ledger_says(reviews):
    days = pd.to_datetime(reviews["date"])
    own = (reviews["business_id"] == "sweet-stack-creamery") & reviews["text"].str.lower().str.contains(
        r"sog|limp|floppy|wet|damp|soft|bend|bent|chew|mush|sag|collaps|snap|crisp|leak|drip|fold|cone",
        regex=True,
    )
    month = own & days.between("2025-06-09", "2025-07-08") & (reviews["stars"].fillna(1) <= 3)
    assert month.sum() >= 8


@pytest.mark.slow
@pytest.mark.parametrize(("size", "level"), [("small", 0.05), ("base", 0.001)])
def test_bag_of_words_stays_under_the_fine_tuned_model(gold, size, level):
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    from peachdash.config import Settings
    from peachdash.errors import ModelUnavailable
    from peachdash.sentiment.active import find_model
    from peachdash.sentiment.encoders import ENCODERS, locate_encoder
    from peachdash.sentiment.text import clean_text
    from peachdash.workflows.predict import read_texts

    settings = Settings()
    try:
        locate_encoder(ENCODERS[size], settings.encoders)
    except ModelUnavailable:
        pytest.skip(f"the {size} encoder is not installed (make install-base)")
    train, test = (gold[gold["split"] == name] for name in ("train", "test"))
    test = test[test["slices"].map(is_peachy)]
    model = make_pipeline(
        TfidfVectorizer(ngram_range=(1, 2), min_df=2), LogisticRegression(C=10, max_iter=2000)
    )
    model.fit(train["text"], train["label"])
    words_right = np.asarray(model.predict(test["text"]) == test["label"])
    readings = read_texts(
        [clean_text(text) for text in test["text"]], find_model(f"champion-{size}", settings), settings
    )
    champion_right = readings["label"].to_numpy() == test["label"].to_numpy()
    only_champion, only_words = (
        int((champion_right & ~words_right).sum()),
        int((words_right & ~champion_right).sum()),
    )
    assert champion_right.mean() >= words_right.mean() + 0.05
    assert binomtest(only_champion, only_champion + only_words, alternative="greater").pvalue < level
