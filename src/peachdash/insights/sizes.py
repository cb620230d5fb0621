"""What a bigger model buys and costs, in one sentence."""

from __future__ import annotations

from dataclasses import dataclass

from peachdash.insights import formatting


@dataclass(frozen=True)
class Gain:
    """A difference in points with its interval, already signed so that above 0 is better."""

    value: float
    low: float | None
    high: float | None

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves 0 out."""
        return self.low is not None and self.high is not None and self.low * self.high > 0


@dataclass(frozen=True)
class Outlay:
    """What reading with a model costs.

    Attributes:
        per_second: reviews read in a second here.
        memory_bytes: the most that a process held; None where it was not measured.
        disk_bytes: model and encoder.
    """

    per_second: float
    memory_bytes: int | None
    disk_bytes: int


def size_sentence(
    macro_f1: Gain | None,
    peachy: Gain | None,
    small: Outlay | None,
    base: Outlay | None,
    missing: str = "",
) -> str:
    """What the best base model buys over the best small one, and what it costs.

    Args:
        macro_f1, peachy: base against small on the same test reviews, in points; None where not measured.
        small, base: what reading costs; None where not measured.
        missing: what has to be done first, where the comparison does not exist.
    """
    if macro_f1 is None:
        return missing or "Small and base were not both measured on these test reviews."
    clear = macro_f1.is_clear and macro_f1.value > 0
    buys = f"{_points(macro_f1, signed=not clear)} of macro F1"
    if peachy is not None:
        fewer = "fewer" if peachy.value >= 0 else "more"
        shown = Gain(abs(peachy.value), *_abs_ends(peachy))
        buys += f" and {_points(shown, signed=False)} {fewer} “peachy” reviews misread"
    sentence = f"Base buys {buys}" if clear else f"Base buys nothing clear: {buys}"
    costs = _cost_words(small, base)
    return f"{sentence}; it costs {costs}." if costs else f"{sentence}. What it costs was not measured here."


def _abs_ends(gain: Gain) -> tuple[float | None, float | None]:
    if gain.value >= 0 or gain.low is None or gain.high is None:
        return gain.low, gain.high
    return -gain.high, -gain.low


def _points(gain: Gain, *, signed: bool = True) -> str:
    sign = "+" if signed else ""
    words = f"{gain.value:{sign}.0f} {'point' if abs(round(gain.value)) == 1 else 'points'}"
    if gain.low is None or gain.high is None:
        return words
    return f"{words} ({gain.low:.0f} to {gain.high:.0f})"


def _cost_words(small: Outlay | None, base: Outlay | None) -> str:
    if small is None or base is None:
        return ""
    words = [
        f"{small.per_second / max(base.per_second, 1e-9):.1f} times the time "
        f"({formatting.count(round(base.per_second))} against "
        f"{formatting.count(round(small.per_second))} reviews a second here)",
        f"{megabytes(base.disk_bytes)} on disk instead of {megabytes(small.disk_bytes)}",
    ]
    if small.memory_bytes is not None and base.memory_bytes is not None:
        words.insert(1, _memory_words(megabytes(small.memory_bytes), megabytes(base.memory_bytes)))
    return formatting.listing(words)


def _memory_words(small: str, base: str) -> str:
    return f"as much memory ({base})" if base == small else f"{base} of memory instead of {small}"


def megabytes(size: int | None) -> str:
    """ "92 MB", from a thousand on "1.2 GB"; a dash where it is not known."""
    if size is None:
        return formatting.MISSING
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
