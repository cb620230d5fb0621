"""Reviewer hashes and duplicates within a file."""

from __future__ import annotations

import pandas as pd
import pytest

from peachdash.ingest import mark_duplicates
from peachdash.ingest.identities import hash_reviewer, hash_reviewers


def test_a_hash_depends_on_name_and_key_only() -> None:
    assert hash_reviewer("Ann Lee", b"key") == hash_reviewer("  ann   LEE ", b"key")
    assert hash_reviewer("Ann Lee", b"key") != hash_reviewer("Ann Lee", b"other")
    assert hash_reviewer("Ann Lee", b"key") != hash_reviewer("Ann Leeds", b"key")
    assert hash_reviewer("Ann", b"k" * 200) != hash_reviewer("Ann", b"k" * 201)


def test_a_known_hash() -> None:
    # python -c "import hashlib; print(hashlib.blake2b(b'ann', digest_size=16, key=b'key').hexdigest())"
    assert hash_reviewer("Ann", b"key") == "66b99cb9fd73a335ca671b7c4979ab9c"


@pytest.mark.parametrize("name", ["", "  ", "A Google User", "anonymous", "Verified Buyer", "Guest"])
def test_nobody_has_no_hash(name: str) -> None:
    assert hash_reviewer(name, b"key") is None


def test_hashes_of_a_column() -> None:
    hashes = hash_reviewers(
        pd.Series(["Ann", None, "ANN", "A Google User"], index=[4, 5, 6, 7], dtype="str"), b"key"
    )
    assert hashes.notna().tolist() == [True, False, True, False]
    assert hashes[4] == hashes[6] == hash_reviewer("Ann", b"key")
    assert hash_reviewers(pd.Series([None], dtype="str"), b"key").isna().all()


def rows(*records: tuple[str | None, ...]) -> pd.DataFrame:
    names = ["source", "platform_id", "business", "reviewer_hash", "text"]
    frame = pd.DataFrame(list(records), columns=names).astype("str")
    return frame.assign(row=range(1, len(frame) + 1))


def doubles(*records: tuple[str | None, ...]) -> list[int | None]:
    found = mark_duplicates(rows(*records))["duplicate_of_row"]
    return [None if pd.isna(number) else int(number) for number in found]


def test_the_same_platform_id_on_the_same_platform() -> None:
    assert doubles(
        ("google", "a", "X", None, "one"),
        ("yelp", "a", "X", None, "one"),
        ("google", "a", "X", None, "edited"),
        ("google", "b", "X", None, "one"),
    ) == [None, None, 1, None]


def test_the_same_words_of_the_same_person_about_the_same_business() -> None:
    assert doubles(
        ("google", None, "X", "h", "Great\n food"),
        ("yelp", None, "X", "h", "Great food"),
        ("google", None, "Y", "h", "Great food"),
        ("google", None, "X", "i", "Great food"),
        ("google", None, "X", "h", "great food"),
        ("google", "z", "X", "h", "Great food"),
    ) == [None, 1, None, None, None, 1]


def test_composed_and_decomposed_letters_are_the_same() -> None:
    assert doubles(("g", None, "X", "h", "caf\u00e9"), ("g", None, "X", "h", "cafe\u0301")) == [None, 1]


@pytest.mark.parametrize(
    "record",
    [("g", None, "X", None, "Great!"), ("g", None, "X", "h", None), ("g", None, None, "h", "Great!")],
)
def test_missing_evidence_is_no_evidence(record: tuple[str | None, ...]) -> None:
    assert doubles(record, record, record) == [None, None, None]


def test_marking_keeps_the_rows() -> None:
    frame = rows(("g", "a", "X", "h", "one"), ("g", "a", "X", "h", "one"))
    marked = mark_duplicates(frame)
    pd.testing.assert_frame_equal(marked[frame.columns.tolist()], frame)
    assert "duplicate_of_row" not in frame.columns


def test_no_rows() -> None:
    assert len(mark_duplicates(rows().astype({"row": "int64"}))) == 0
