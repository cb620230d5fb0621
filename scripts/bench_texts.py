"""Texts for the scoring benchmark: sentences of the shipped reviews, put together anew to wanted lengths.

Published reviews do not travel with the repository, so the lengths are copied instead: `short` has 66 tokens
on average, `long` the lengths of 10,000 reviews of restaurants (170 on average, 141 once cut at 256). Every
second text has one misspelt word of its own, so that the vocabulary grows as it does in real reviews.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

REPOSITORY = Path(__file__).resolve().parents[1]
MIXES = ("short", "long")
MADE_AT_MOST, ROWS_AT_ONCE = 100_000, 65_536
SHORT_MEAN, SHORT_SPREAD = 66, 0.63
# token lengths of 10,000 reviews of restaurants, at every twentieth part
LONG_QUANTILES = (
    *(3, 24, 37, 49, 60, 71, 82, 93, 105, 117, 130),
    *(145, 160, 178, 198, 223, 254, 292, 351, 452, 1260),
)


def make_texts(mix: str, count: int, seed: int = 1) -> list[str]:
    """`count` different texts of a length mix."""
    generator = np.random.default_rng([seed, MIXES.index(mix)])
    sentences, costs = _sentences()
    lengths = _lengths(mix, count, generator)
    picks = generator.integers(len(sentences), size=int(lengths.sum() / costs.mean() * 2) + 40 * count)
    texts, place = [], 0
    for number, wanted in enumerate(lengths):
        chosen, have = [], 2.0
        while have < wanted:
            pick = picks[place]
            place += 1
            chosen.append(sentences[pick])
            have += costs[pick]
        if have > wanted + 4:
            words = " ".join(chosen).split(" ")
            chosen = words[: max(3, int(len(words) * wanted / have))]
        text = " ".join(chosen)
        texts.append(f"{text} {_misspelt(text, number)}" if number % 2 else text)
    return _made_unique(texts)


def write_texts(folder: Path, mix: str, count: int, files: int = 1, made: int = MADE_AT_MOST) -> list[Path]:
    """`count` different texts in Parquet files; millions take seconds.

    The first `made` are put together, the others are those with a number at the end: of their row for every
    second one, so that the vocabulary goes on growing, else of the round.
    """
    folder.mkdir(parents=True, exist_ok=True)
    base = pa.array(make_texts(mix, min(made, count)))
    paths, schema = [], pa.schema([("text", pa.string())])
    for number in range(files):
        paths.append(folder / f"texts-{number:03d}.parquet")
        first, last = number * count // files, (number + 1) * count // files
        with pq.ParquetWriter(paths[-1], schema, use_dictionary=False, compression="lz4") as writer:
            for texts in _numbered(base, first, last):
                writer.write_table(pa.table({"text": texts}, schema=schema))
    return paths


def _numbered(base: pa.Array, first: int, last: int) -> Iterator[pa.Array]:
    while first < last:
        turn, start = divmod(first, len(base))
        part = base.slice(start, min(ROWS_AT_ONCE, last - first, len(base) - start))
        rows = np.arange(first, first + len(part))
        numbers = pa.array(np.where(rows % 2, rows, turn)).cast(pa.string())
        yield part if turn == 0 else pc.binary_join_element_wise(part, numbers, " ")
        first += len(part)


def _sentences() -> tuple[list[str], np.ndarray]:
    """Sentences of the training reviews and about how many tokens each takes."""
    from peachdash.sentiment.corpus import load_reviews

    texts = load_reviews(REPOSITORY / "data", "train")["text"]
    parts = [part for text in texts for part in re.split(r"(?<=[.!?])\s+", " ".join(text.split())) if part]
    unique = sorted(set(parts))
    return unique, np.array([1.12 * len(re.findall(r"\w+|[^\w\s]", part)) for part in unique])


def _lengths(mix: str, count: int, generator: np.random.Generator) -> np.ndarray:
    if mix == "short":
        middle = np.log(SHORT_MEAN) - SHORT_SPREAD**2 / 2
        return np.maximum(6, generator.lognormal(middle, SHORT_SPREAD, size=count))
    places = np.linspace(0, 1, len(LONG_QUANTILES))
    return np.interp(generator.random(count), places, LONG_QUANTILES)


def _misspelt(text: str, number: int) -> str:
    word = text[: 4 + number % 5].replace(" ", "") or "word"
    return f"{word[::-1].lower()}{number % 977:03d}"


def _made_unique(texts: list[str]) -> list[str]:
    seen: set[str] = set()
    for number, text in enumerate(texts):
        while texts[number] in seen:
            texts[number] = f"{text} {number}"
        seen.add(texts[number])
    return texts
