"""Languages of texts: what is long enough is told, and what is surely foreign is marked."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest

from peachdash.ingest.languages import MIN_LETTERS, declared_readable, detect_languages

DATA = Path(__file__).resolve().parents[2].parent / "shared" / "data"


def test_english_and_others():
    found = detect_languages(
        ["The noodles were lovely and the host was kind", "La comida estaba fría y el servicio muy lento", ""]
    )
    assert found["language"].tolist() == ["en", "es", None]
    assert found["readable"].tolist() == [True, False, True]
    assert found["confidence"].dropna().between(0, 1).all()


@pytest.mark.parametrize("text", ["Yum!", "Meh", "Muy bueno!!!", "5/5 10 10 2026 ---- 12345 67890 !!!!"])
def test_short_texts_have_no_language(text):
    assert sum(map(str.isalpha, text)) < MIN_LETTERS
    assert detect_languages([text]).iloc[0].to_list()[::2] == [None, True]


def test_what_files_call_english():
    assert [declared_readable(name) for name in ("en", "EN-us", "en_GB", "English", "da", "", None)] == [
        True, True, True, True, False, False, False,
    ]  # fmt: skip


@pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not there")
def test_real_reviews():
    with gzip.open(DATA / "reviews" / "uci_yelp.jsonl.gz", "rt", encoding="utf-8") as file:
        english = [json.loads(line)["text"] for line in file]
    assert detect_languages(english)["readable"].all()
    with (DATA / "exports" / "trustpilot_danish_isoZ_head.csv").open(encoding="utf-8-sig") as file:
        danish = [row["review"] for row in csv.DictReader(file)]
    long = [text for text in danish if sum(map(str.isalpha, text)) >= MIN_LETTERS]
    assert len(long) > 90
    found = detect_languages(long)
    assert (found["language"] == "da").mean() > 0.95
    assert (~found["readable"]).mean() > 0.9
