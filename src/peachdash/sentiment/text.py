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
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u200b\u2060\ufeff\ufffe\uffff\U000e0001\ud800-\udfff]"
)
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
    if len(titles) == len(texts) and all(
        str(getattr(part, "dtype", "")) == "str" for part in (titles, texts)
    ):
        from peachdash.sentiment.text_columns import join_columns

        return list(join_columns(titles, texts).to_pylist())
    return [scored_text(title, text) for title, text in zip(titles, texts, strict=True)]


def text_sha256(scored: str) -> str:
    """The key of a scored text in the prediction cache: 64 hexadecimal digits of its UTF-8 bytes."""
    return hashlib.sha256(scored.encode("utf-8")).hexdigest()


def text_sha256s(scored: Iterable[str]) -> list[str]:
    """`text_sha256` of each text, in order."""
    sha256 = hashlib.sha256
    return [sha256(text.encode("utf-8")).hexdigest() for text in scored]
