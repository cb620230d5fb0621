"""The scored text: what a model reads of a review, and the key under which its prediction is kept.

Title and text are cleaned each on its own and joined by one newline:

1. control characters, NUL, zero-width spaces, byte-order marks and lone surrogates are removed
   (joiners inside emoji stay);
2. runs of white space, newlines included, become one space, and the ends are trimmed;
3. the result is brought to Unicode NFC. Case is kept.

So the only newline in a scored text is the one between a title and a text; where either is blank the
other stands alone, and where both are, the scored text is `''` and no model reads it.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ufffe\uffff\U000e0001\ud800-\udfff]"
)
_SLICE_ROWS = 50_000
_UNTIDY = "[^ -~]|  |^ | $"
_FOLDED = "[ \t\n\r]+"
_PLAIN = "\t\n\r -~\u00a1-\u00ac\u00ae-\u00ff\u2010-\u2027\u2030-\u205e\U0001f300-\U0001faff"
"""Characters of which every text is cleaned by folding its white space alone: Latin letters, quotation marks,
dashes and pictures, none of them invisible, none that NFC would change or join to its neighbour."""

_INVISIBLE_CATEGORIES = frozenset({"Cf", "Mn", "Zs"})


def clean_text(text: object) -> str:
    """One cleaned line; anything that is not a string (None, NaN) and anything invisible gives ''."""
    if not isinstance(text, str):
        return ""
    if text.isascii() and text.isprintable():
        return " ".join(text.split()) if "  " in text else text.strip(" ")
    text = _REMOVED.sub("", text)
    folded = " ".join(text.split())
    if folded.isascii():
        return folded
    folded = unicodedata.normalize("NFC", folded)
    return "" if all(unicodedata.category(char) in _INVISIBLE_CATEGORIES for char in folded) else folded


def scored_text(title: object, text: object) -> str:
    """Title and text as a model reads them: cleaned, joined by a newline; '' where both are blank."""
    first, second = clean_text(title), clean_text(text)
    return f"{first}\n{second}" if first and second else first or second


def scored_texts(
    titles: Sequence[object] | pd.Series | None, texts: Sequence[object] | pd.Series
) -> list[str]:
    """`scored_text` of each row; `titles` None means that no row has one. Any pandas column will do.

    Raises:
        ValueError: the two have different lengths.
    """
    if titles is None:
        return [clean_text(text) for text in texts]
    if _is_text(titles) and _is_text(texts) and len(titles) == len(texts):
        return _scored_columns(titles, texts)
    return [scored_text(title, text) for title, text in zip(titles, texts, strict=True)]


def _is_text(column: Sequence[object] | pd.Series) -> bool:
    return isinstance(column, pd.Series) and bool(column.dtype == "str")


def _scored_columns(titles: pd.Series, texts: pd.Series) -> list[str]:
    """`scored_text` of many rows, by columns."""
    scored: list[str] = _join_columns(titles, texts).to_pylist()
    return scored


def scored_column(titles: pd.Series, texts: pd.Series) -> pd.Series:
    """`scored_text` of each row as a column of pandas' text type, with the index of `texts`.

    Few rows become Python's objects on the way, so that other threads of the process go on.
    """
    scored = _join_columns(titles.astype("str"), texts.astype("str"))
    return pd.Series(pd.array(scored, dtype="str"), index=texts.index)


def _join_columns(titles: pd.Series, texts: pd.Series) -> pa.Array:
    first, second = _clean_column(titles), _clean_column(texts)
    joined = pc.binary_join_element_wise(first, second, pa.scalar("\n", pa.large_string()))
    return pc.if_else(pc.equal(first, ""), second, pc.if_else(pc.equal(second, ""), first, joined))


def _clean_column(texts: pd.Series) -> pa.Array:
    """`clean_text` of each cell; only texts with rare characters are looked at one by one."""
    cells = pa.array(texts, pa.large_string(), from_pandas=True).fill_null("")
    cells = cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells
    untidy = pc.match_substring_regex(cells, _UNTIDY)
    odd = cells.filter(untidy)
    if not len(odd):
        return cells
    rare = pc.match_substring_regex(odd, f"[^{_PLAIN}]")
    clean = pc.ascii_trim(pc.replace_substring_regex(odd, _FOLDED, " "), " ")
    by_hand = [clean_text(text) for text in odd.filter(rare).to_pylist()]
    clean = pc.replace_with_mask(clean, rare, pa.array(by_hand, pa.large_string()))
    return pc.replace_with_mask(cells, untidy, clean)


def column_sha256s(titles: pd.Series, texts: pd.Series) -> list[str]:
    """`text_sha256` of the scored text of each row, a slice at a time, so that few texts are in memory.

    Args:
        titles, texts: columns of pandas' text type.
    """
    hashes: list[str] = []
    for start in range(0, len(texts), _SLICE_ROWS):
        rows = slice(start, start + _SLICE_ROWS)
        scored = _join_columns(titles.iloc[rows], texts.iloc[rows])
        hashes += [hashlib.sha256(text).hexdigest() for text in scored.cast(pa.large_binary()).to_pylist()]
    return hashes


def text_sha256(scored: str) -> str:
    """The key of a scored text in the prediction cache: 64 hexadecimal digits of its UTF-8 bytes."""
    return hashlib.sha256(scored.encode("utf-8")).hexdigest()


def text_sha256s(scored: Iterable[str]) -> list[str]:
    """`text_sha256` of each text, in order."""
    sha256 = hashlib.sha256
    return [sha256(text.encode("utf-8")).hexdigest() for text in scored]
