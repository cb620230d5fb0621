"""The colours of both themes are read by everybody: contrast by WCAG 2.2, computed from the configuration."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from peachdash.charts.palette import BAND_COLOURS, MODEL_COLOURS, contrast, mix_colours

CONFIG = Path(__file__).resolve().parents[2] / ".streamlit" / "config.toml"
THEMES = tomllib.loads(CONFIG.read_text(encoding="utf-8"))["theme"]
TEXT, GRAPHIC = 4.5, 3.0
FADED = 0.6
"""The share of the text's colour in captions and placeholders: Streamlit's `fadedText60`."""


def backgrounds(theme: dict) -> list[str]:
    """Everything that text stands on: page, fields, heads of tables, side bar and its fields."""
    names = ("backgroundColor", "secondaryBackgroundColor")
    places = [theme[name] for name in names] + [theme["sidebar"][name] for name in names]
    return [*places, theme["dataframeHeaderBackgroundColor"]]


@pytest.fixture(params=["light", "dark"])
def theme(request: pytest.FixtureRequest) -> dict:
    return THEMES[request.param]


def test_text_is_read_on_every_background(theme):
    for background in backgrounds(theme):
        assert contrast(theme["textColor"], background) >= 7
        faded = mix_colours(background, theme["textColor"], FADED)
        assert contrast(faded, background) >= TEXT, ("captions and placeholders", background)
        assert contrast(theme["codeTextColor"], background) >= TEXT
        assert contrast(theme["linkColor"], background) >= TEXT


def test_white_is_read_on_primary_buttons_and_those_are_seen(theme):
    primary = theme["primaryColor"]
    assert contrast("#FFFFFF", primary) >= TEXT
    assert contrast("#FFFFFF", mix_colours(primary, "#000000", 0.15)) >= TEXT, "under the pointer"
    assert all(contrast(primary, background) >= GRAPHIC for background in backgrounds(theme))


def test_text_is_read_on_what_is_chosen(theme):
    """A chosen segment or pill is filled with a tenth of the primary colour."""
    for background in backgrounds(theme):
        filled = mix_colours(background, theme["primaryColor"], 0.1)
        assert contrast(theme["textColor"], filled) >= TEXT


@pytest.mark.parametrize("colour", [*BAND_COLOURS.values(), *MODEL_COLOURS])
def test_marks_of_charts_are_seen_on_the_page(theme, colour):
    assert contrast(colour, theme["backgroundColor"]) >= GRAPHIC
