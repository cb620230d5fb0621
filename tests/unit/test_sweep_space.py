"""What a sweep tries, refuses, and asks for next."""

import pytest

from peachdash.errors import BadInput
from peachdash.sentiment.recipes import RECIPES
from peachdash.sentiment.sweep_space import Axis, SweepSpace, next_settings, parse_axis, space_from_dict


def test_axes_are_read_from_words():
    assert parse_axis("1e-3, 2e-3") == Axis(values=(1e-3, 2e-3))
    assert parse_axis("1e-4:1e-2") == Axis(low=1e-4, high=1e-2)
    assert parse_axis("1e-4:1e-2:log") == Axis(low=1e-4, high=1e-2, log=True)
    for words in ("", "a", "1:2:3", "1:2:log:x", "1,,2"):
        with pytest.raises(BadInput, match="Expected values such as"):
            parse_axis(words)


def test_a_grid_goes_through_every_cell_once_and_ends():
    space = SweepSpace({"epochs": parse_axis("1,2"), "batch_size": parse_axis("8,16")}, "grid")
    tried = []
    while (values := next_settings(space, tried, seed=1)) is not None:
        tried.append((values, 0.5))
    assert [tuple(values.values()) for values, _ in tried] == [(1, 8), (1, 16), (2, 8), (2, 16)]
    assert all(isinstance(value, int) for values, _ in tried for value in values.values())
    assert space.cells == 4
    short = SweepSpace(space.axes, "grid", max_runs=3)
    assert next_settings(short, tried[:3], seed=1) is None


@pytest.mark.parametrize(
    ("axes", "options", "words"),
    [
        ({}, {}, "got none"),
        ({"seed": "1,2"}, {}, "got seed"),
        ({"epochs": "1:4"}, {"sampler": "grid"}, "A grid needs values of epochs"),
        ({"epochs": "4:1"}, {}, "low end is below"),
        ({"learning_rate": "0:1:log"}, {}, "begin above 0"),
        ({"epochs": "1,2"}, {"sampler": "random"}, "grid or tpe"),
        ({"epochs": "1,2"}, {"max_runs": 0}, "1 to 200 runs"),
        ({"epochs": "1,2"}, {"max_minutes": -1.0}, "must be positive"),
    ],
)
def test_what_cannot_be_swept_is_refused(axes, options, words):
    with pytest.raises(BadInput, match=words):
        SweepSpace({name: parse_axis(text) for name, text in axes.items()}, **options)


def test_every_corner_must_be_one_that_can_be_trained():
    good = SweepSpace({"learning_rate": parse_axis("1e-4:1e-2:log"), "epochs": parse_axis("2,8")})
    good.check(RECIPES["small"])
    with pytest.raises(BadInput, match=r"learning_rate must lie above 0 and at most at 0\.1"):
        SweepSpace({"learning_rate": parse_axis("1e-4:10:log")}).check(RECIPES["small"])


def test_a_space_can_be_stored_and_read_again():
    space = SweepSpace({"learning_rate": parse_axis("1e-4:1e-2:log")}, "tpe", 5, 30.0)
    assert space_from_dict(space.to_dict(), "tpe", 5, 30.0) == space


def test_tpe_looks_where_it_was_good_and_asks_the_same_after_a_restart():
    space = SweepSpace(
        {"learning_rate": parse_axis("1e-4:1e-1:log"), "batch_size": parse_axis("8,64")}, "tpe", 40
    )
    tried = []
    for _ in range(30):
        values = next_settings(space, tried, seed=3)
        assert next_settings(space, list(tried), seed=3) == values
        assert 1e-4 <= values["learning_rate"] <= 1e-1
        assert values["batch_size"] in (8, 64)
        far = abs(values["learning_rate"] - 2e-3) / 2e-3
        tried.append((values, None if len(tried) == 2 else 1 / (1 + far)))
    late = [values["learning_rate"] for values, _ in tried[-10:]]
    assert sum(5e-4 <= rate <= 8e-3 for rate in late) >= 6
