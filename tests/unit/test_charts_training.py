"""The curves of a training as charts."""

import json

from peachdash.charts.training import describe_losses, loss_chart, macro_f1_chart

HISTORY = [
    {"epoch": 1, "epochs": 3, "step": 10, "training_loss": 0.9, "validation_loss": 0.8, "macro_f1": 0.5},
    {"epoch": 2, "epochs": 3, "step": 20, "training_loss": 0.5, "validation_loss": 0.9, "macro_f1": 0.6},
]
CURVE = [(2, 1.4), (9, 1.0), (18, 0.4)]


def test_nothing_is_drawn_before_there_is_anything():
    assert loss_chart([], [], title="Loss") is None
    assert macro_f1_chart([], title="Macro F1") is None
    assert describe_losses([], []) == "No epoch is done yet."


def test_both_losses_stand_in_one_chart_that_reaches_to_the_last_step():
    spec = loss_chart(CURVE, HISTORY, title="Loss", steps=30).to_dict()
    rows = [row for part in spec["datasets"].values() for row in part]
    assert {row["model"] for row in rows} == {"training", "validation"}
    assert {"step": 20, "loss": 0.9, "model": "validation"}.items() <= max(
        (row for row in rows if row["model"] == "validation"), key=lambda row: row["step"]
    ).items()
    assert '"domain": [0, 30]' in json.dumps(spec)
    assert "Validation loss by epoch: 0.80, 0.90" in spec["description"]


def test_a_training_before_its_first_epoch_has_its_own_curve():
    assert "from 1.40 to 0.40 at step 18" in loss_chart(CURVE, [], title="Loss").to_dict()["description"]


def test_macro_f1_stands_by_epoch():
    spec = macro_f1_chart(HISTORY, title="Macro F1").to_dict()
    assert spec["description"] == "Macro F1 on validation by epoch: 0.50, 0.60."


def test_a_name_at_the_left_edge_stands_to_the_right_of_its_line():
    def sides(steps: int) -> list[str]:
        spec = loss_chart(CURVE, [], title="Loss", steps=steps).to_dict()
        return [layer["mark"]["align"] for layer in spec["layer"] if layer["mark"]["type"] == "text"]

    assert sides(500) == ["left"]
    assert sides(20) == ["right"]
