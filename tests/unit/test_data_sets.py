"""Which labelled review lands in which split, what is odd about a data set, and what changed."""

import pandas as pd
import pytest

from peachdash.data_sets.assembling import SplitShares, assemble, hash_rows
from peachdash.data_sets.balance import find_imbalances, summarise_data_set
from peachdash.data_sets.changes import compare_data_sets
from peachdash.data_sets.near_groups import group_near_copies
from peachdash.errors import BadInput
from peachdash.sentiment.text import text_sha256s

LONG = "The peach cobbler came out cold and our server never once came back to the table to ask"
NONE = pd.DataFrame(columns=["text_sha256", "text", "split"])


def candidates(*rows: tuple) -> pd.DataFrame:
    """Rows of (text, label, origin, split or None)."""
    frame = pd.DataFrame(rows, columns=["text", "label", "label_origin", "split"]).astype({"split": object})
    keys = [f"r{number}" for number in range(len(frame))]
    return frame.assign(
        review_key=keys,
        review_id=range(len(frame)),
        business_id="creamery",
        source="google",
        text_sha256=text_sha256s(frame["text"]),
        slices=[[] for _ in range(len(frame))],
        split=frame["split"].where(frame["split"].notna(), None),
    )


def earlier(*rows: tuple[str, str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["text", "split"])
    return frame.assign(text_sha256=text_sha256s(frame["text"]))


def splits(found) -> dict[str, str]:
    return dict(zip(found.rows["review_key"], found.rows["split"], strict=True))


def test_near_copies_are_one_group_and_groups_are_closed():
    first, second = LONG + " how it was", LONG + " how it had been"
    assert group_near_copies([first, "Fine place", second, "fine place!", "Great"]) == [0, 1, 0, 1, 4]
    chain = [" ".join(f"w{number}" for number in range(start, start + 30)) for start in (0, 4, 8)]
    assert group_near_copies(chain) == [0, 0, 0], "the first and the last are alike through the middle one"
    assert group_near_copies([]) == []


def test_shipped_labels_keep_their_split_and_singles_train():
    found = assemble(
        candidates(
            ("one", "negative", "agreed", "test"),
            ("two", "negative", "agreed", "validation"),
            ("three", "positive", "correction", None),
        ),
        NONE,
        SplitShares(),
    )
    assert splits(found) == {"r0": "test", "r1": "validation", "r2": "train"}
    assert found.left_out == {}


@pytest.mark.parametrize("held", ["test", "validation"])
def test_nothing_trains_on_a_near_copy_of_a_held_out_review(held):
    found = assemble(
        candidates(
            (LONG + " how it was", "negative", "agreed", held),
            (LONG + " how it went", "negative", "queue", None),
            (LONG + " how it had been", "negative", "agreed", "train"),
        ),
        NONE,
        SplitShares(),
    )
    assert splits(found) == {"r0": held}
    assert found.left_out == {f"nearly the same as a {held} review": 2}


def test_a_new_double_label_follows_its_near_copy_into_test():
    found = assemble(
        candidates(
            (LONG + " how it was", "negative", "agreed", "test"),
            (LONG + " how it went", "negative", "adjudicated", None),
        ),
        NONE,
        SplitShares(1.0, 0.0),
    )
    assert splits(found) == {"r0": "test", "r1": "test"}


def test_what_was_ever_a_test_review_stays_one():
    rows = candidates(("one", "negative", "agreed", None), ("two", "positive", "agreed", "train"))
    before = earlier(("one", "test"), ("one", "train"), ("two", "test"))
    assert splits(assemble(rows, before, SplitShares(1.0, 0.0))) == {"r0": "test", "r1": "test"}
    single = candidates(("one", "negative", "report", None))
    assert splits(assemble(single, before, SplitShares())) == {}


def test_a_test_review_that_is_gone_still_keeps_its_near_copies_out_of_train():
    rows = candidates((LONG + " how it went", "negative", "correction", None))
    found = assemble(rows, earlier((LONG + " how it was", "test")), SplitShares())
    assert splits(found) == {}


def test_what_was_trained_on_is_never_held_out_later():
    rows = candidates((LONG + " how it was", "negative", "agreed", None))
    before = earlier((LONG + " how it was", "train"))
    assert splits(assemble(rows, before, SplitShares(0.0, 0.0))) == {"r0": "train"}
    alike = earlier((LONG + " how it went", "train"))
    assert splits(assemble(rows, alike, SplitShares(0.0, 0.0))) == {"r0": "train"}


def test_new_double_labels_are_dealt_out_by_shares_whatever_their_order():
    rows = candidates(*((f"review number {n} of many", "positive", "agreed", None) for n in range(400)))
    found = assemble(rows, NONE, SplitShares(0.7, 0.15))
    counts = found.rows["split"].value_counts()
    assert 250 <= counts["train"] <= 310
    assert 40 <= counts["validation"] <= 80
    assert 40 <= counts["test"] <= 80
    again = assemble(rows.sample(frac=1, random_state=3).reset_index(drop=True), NONE, SplitShares(0.7, 0.15))
    assert splits(again) == splits(found)
    assert again.content_sha256 == found.content_sha256
    fewer = assemble(rows.iloc[:100], NONE, SplitShares(0.7, 0.15))
    assert splits(fewer).items() <= splits(found).items()


def test_a_text_counts_once_and_blank_ones_never():
    found = assemble(
        candidates(
            ("one", "negative", "agreed", "train"),
            ("one", "positive", "queue", None),
            ("", "positive", "queue", None),
        ),
        NONE,
        SplitShares(),
    )
    assert splits(found) == {"r0": "train"}
    assert found.left_out == {"no text": 1, "the same text as another labelled review": 1}


def test_shares_must_be_shares():
    with pytest.raises(BadInput, match=r"sum to 1 at most, got 0\.9 and 0\.2"):
        SplitShares(0.9, 0.2)
    assert SplitShares(0.0, 1.0).split_of("any") == "validation"


def test_the_hash_is_that_of_the_content():
    rows = assemble(candidates(("one", "negative", "agreed", "train")), NONE, SplitShares()).rows
    assert hash_rows(rows) == hash_rows(rows)
    assert hash_rows(rows) != hash_rows(rows.assign(label="neutral"))
    assert hash_rows(rows) != hash_rows(rows.assign(slices=[["sarcasm"]]))
    assert hash_rows(rows.iloc[:0]) != hash_rows(rows)


def many(business: str, label: str, count: int, split: str = "train", origin: str = "agreed", slices=()):
    return pd.DataFrame(
        {
            "business": business,
            "label": label,
            "split": split,
            "label_origin": origin,
            "slices": [list(slices)] * count,
        }
    )


def test_what_is_thin_or_over_represented_is_pointed_out():
    even = pd.concat(
        many(name, label, 40, split)
        for name in ("a", "b", "c")
        for label in ("negative", "neutral", "positive")
        for split in ("train", "validation", "test")
    )
    assert find_imbalances(even) == []
    said = find_imbalances(
        pd.concat(
            [
                many("Big", "negative", 900),
                many("Tiny", "positive", 5),
                many("Mid", "neutral", 60),
                many("Mid", "negative", 5, "test", slices=["sarcasm"]),
            ]
        )
    )
    text = " ".join(said)
    assert "There is no validation review." in text
    assert "Thin class: neutral has 60 of 965 train reviews (6%)." in text
    assert "Thin class: positive has 5 of 965" in text
    assert "Over-represented class: 93% of 965 train reviews are negative." in text
    assert "Thin: fewer than 20 train reviews of Tiny." in text
    assert "Over-represented: Big has 93% of the train reviews, 900 of 965." in text
    assert "One-sided: 100% of 900 train reviews of Big are negative" in text
    assert "Too few test reviews for a figure of their own (under 20): sarcasm." in text
    singles = pd.concat([even, many("a", "negative", 300, origin="queue")])
    assert "single decisions" in " ".join(find_imbalances(singles))
    assert find_imbalances(even.iloc[:0]) == ["There is no train review."]


def test_a_summary_counts_by_everything():
    found = assemble(
        candidates(("one", "negative", "agreed", "train"), ("two", "positive", "queue", None)),
        NONE,
        SplitShares(),
    )
    summary = summarise_data_set(found, {"creamery": "Sweet Stack"})
    assert summary["n"] == 2
    assert summary["splits"] == {"train": 2, "validation": 0, "test": 0}
    assert summary["businesses"] == {"Sweet Stack": {"train": 2, "validation": 0, "test": 0}}
    assert set(summary["origins"]) == {"agreed", "queue"}
    assert summary["slices"] == {}


def test_changes_are_told_by_what_happened():
    before = pd.DataFrame({"review_key": ["a", "b", "c"], "text": "x", "split": "train", "label": "negative"})
    after = pd.DataFrame(
        {
            "review_key": ["b", "c", "d"],
            "text": "x",
            "split": ["train", "test", "train"],
            "label": ["positive", "negative", "negative"],
        }
    )
    changes = compare_data_sets(before, after)
    assert changes.sentence == "1 added, 1 no longer in it, 1 with another label, 1 in another split."
    assert changes.relabelled[["review_key", "before", "after"]].values.tolist() == [
        ["b", "negative", "positive"]
    ]
    assert compare_data_sets(before, before).sentence == "no review changed."
