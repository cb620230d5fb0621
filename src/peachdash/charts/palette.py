"""Colours and shapes: one colour a class in every chart and table.

The colours keep 3 to 1 or more against white and against Streamlit's dark page, stay apart under the
common colour blindnesses, and never set red against green alone. Text on a page of either theme takes
`TEXT`; text on a coloured fill takes `ink_on` of that fill.
"""

from __future__ import annotations

BAND_COLOURS: dict[str, str] = {
    "negative": "#B2421F",
    "neutral": "#C28705",
    "positive": "#1C86A8",
    "undecided": "#868686",
}
STACK_ORDER: tuple[str, ...] = ("negative", "neutral", "undecided", "positive")
MODEL_COLOURS: tuple[str, ...] = ("#757D8A", "#9C5FC8", "#4C9A2A", "#C2477F")
MODEL_SHAPES: tuple[str, ...] = ("circle", "diamond", "square", "triangle-up")
CELL_LIGHT, CELL_DARK = "#E3F1F5", "#0B5E73"
VOLUME = "#868686"
TEXT = "currentColor"


def mix_colours(start: str, end: str, share: float) -> str:
    """The colour at `share` (0 to 1) of the way between two hex colours."""
    low, high = _channels(start), _channels(end)
    return "#" + "".join(f"{round(a + (b - a) * share):02X}" for a, b in zip(low, high, strict=True))


def contrast(first: str, second: str) -> float:
    """Contrast of two hex colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    dark, light = sorted((_luminance(first), _luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def ink_on(fill: str) -> str:
    """Black or white, whichever reads better on the fill; always 4.5 to 1 or more."""
    return max(("#000000", "#FFFFFF"), key=lambda ink: contrast(ink, fill))


def _channels(colour: str) -> tuple[int, ...]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _luminance(colour: str) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in (value / 255 for value in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
