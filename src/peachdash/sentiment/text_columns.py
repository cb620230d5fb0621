"""The scored text (see `text`) of whole columns, by Arrow: fast, and other threads go on."""

from __future__ import annotations

import hashlib

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from peachdash.sentiment.text import clean_text

_SLICE_ROWS = 50_000
_UNTIDY = "[^ -~]|  |^ | $"
_FOLDED = "[ \t\n\r]+"
_PLAIN = "\t\n\r -~\u00a1-\u00ac\u00ae-\u00ff\u2010-\u2027\u2030-\u205e\U0001f300-\U0001faff"
"""Characters of which every text is cleaned by folding its white space alone: Latin letters, quotation marks,
dashes and pictures, none of them invisible, none that NFC would change or join to its neighbour."""


def join_columns(titles: pd.Series, texts: pd.Series) -> pa.Array:
    """`scored_text` of each row of two columns of pandas' text type."""
    first, second = _clean_column(titles), _clean_column(texts)
    joined = pc.binary_join_element_wise(first, second, pa.scalar("\n", pa.large_string()))
    return pc.if_else(pc.equal(first, ""), second, pc.if_else(pc.equal(second, ""), first, joined))


def scored_column(titles: pd.Series, texts: pd.Series) -> pd.Series:
    """`scored_text` of each row as a column of pandas' text type, with the index of `texts`.

    Few rows become Python's objects on the way, so that other threads of the process go on.
    """
    scored = join_columns(titles.astype("str"), texts.astype("str"))
    return pd.Series(pd.array(scored, dtype="str"), index=texts.index)


def column_sha256s(titles: pd.Series, texts: pd.Series) -> list[str]:
    """`text_sha256` of the scored text of each row, a slice at a time, so that few texts are in memory.

    Args:
        titles, texts: columns of pandas' text type.
    """
    hashes: list[str] = []
    for start in range(0, len(texts), _SLICE_ROWS):
        rows = slice(start, start + _SLICE_ROWS)
        scored = join_columns(titles.iloc[rows], texts.iloc[rows])
        hashes += [hashlib.sha256(text).hexdigest() for text in scored.cast(pa.large_binary()).to_pylist()]
    return hashes


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
