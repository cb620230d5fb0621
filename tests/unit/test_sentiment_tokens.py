"""Token ids: special tokens, the cut in the middle, padding, batches."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from tokenizers.processors import TemplateProcessing

from peachdash.errors import ModelUnavailable
from peachdash.sentiment.tokens import EncodedTexts, cut_batches, encode_texts, load_tokenizer

CLS, SEP = 1, 2


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """Words w0, w1 … have the ids 10, 11 …"""
    vocabulary = {"[PAD]": 0, "[CLS]": CLS, "[SEP]": SEP, "[UNK]": 3} | {f"w{n}": n + 10 for n in range(400)}
    made = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    made.pre_tokenizer = Whitespace()
    made.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    return made


def words(count: int) -> str:
    return " ".join(f"w{n}" for n in range(count))


def test_a_text_up_to_the_limit_is_whole(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, [words(3), words(254)], 0)
    assert encoded.ids[:5].tolist() == [CLS, 10, 11, 12, SEP]
    assert encoded.lengths.tolist() == [5, 256]


@pytest.mark.parametrize("count", [255, 300])
def test_a_longer_text_keeps_its_first_128_and_last_126(tokenizer: Any, count: int) -> None:
    ids = encode_texts(tokenizer, [words(count)], 0).ids.tolist()
    assert len(ids) == 256
    assert ids[0] == CLS
    assert ids[1:129] == list(range(10, 138))
    assert ids[129:255] == list(range(10 + count - 126, 10 + count))
    assert ids[255] == SEP


def test_no_text_gives_no_token(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, [], 0)
    assert (len(encoded.ids), encoded.offsets.tolist()) == (0, [0])


def test_padding_follows_the_rows_asked_for(tokenizer: Any) -> None:
    encoded = encode_texts(tokenizer, [words(1), words(3), words(2)], pad_id=99)
    ids, mask = encoded.padded(np.array([2, 0]))
    assert ids.tolist() == [[CLS, 10, 11, SEP], [CLS, 10, SEP, 99]]
    assert mask.tolist() == [[1, 1, 1, 1], [1, 1, 1, 0]]
    assert ids.dtype == mask.dtype == np.int64


def test_more_texts_than_one_chunk_keep_their_order(tokenizer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("peachdash.sentiment.tokens.TEXTS_AT_ONCE", 3)
    encoded = encode_texts(tokenizer, [f"w{n}" for n in range(8)], 0)
    assert encoded.padded(np.arange(8))[0][:, 1].tolist() == list(range(10, 18))


def test_a_stored_limit_is_switched_off(tokenizer: Any, tmp_path: Path) -> None:
    limited = Tokenizer.from_str(tokenizer.to_str())
    limited.enable_truncation(4)
    limited.enable_padding(length=8)
    limited.save(str(tmp_path / "tokenizer.json"))
    encoded = encode_texts(load_tokenizer(tmp_path), [words(5), words(1)], 0)
    assert encoded.lengths.tolist() == [7, 3]


def test_an_unreadable_tokenizer_is_said(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="cannot be read"):
        load_tokenizer(tmp_path)


@given(st.lists(st.integers(1, 300), max_size=60), st.integers(1, 2000))
def test_batches_hold_each_row_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = cut_batches(np.array(lengths, dtype=int), budget)
    assert sorted(int(row) for batch in batches for row in batch) == list(range(len(lengths)))
    for batch in batches:
        assert len(batch) == 1 or len(batch) * max(lengths[row] for row in batch) <= budget


def test_batches_go_from_long_to_short_and_ties_keep_their_order() -> None:
    batches = cut_batches(np.array([2, 5, 2, 5, 2]), 10)
    assert [batch.tolist() for batch in batches] == [[1, 3], [0, 2, 4]]


def test_lengths_are_those_between_the_offsets() -> None:
    assert EncodedTexts(np.zeros(5), np.array([0, 2, 5]), 0).lengths.tolist() == [2, 3]
