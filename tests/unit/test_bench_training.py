"""The sweep that is measured has the runs that were asked for."""

from peachdash.sentiment.recipes import RECIPES


def test_its_grid_has_as_many_different_runs_as_are_asked_for():
    from scripts.bench_training import grid

    runs = grid(RECIPES["small"], 12)
    assert len({(run.learning_rate, run.batch_size, run.replay_share) for run in runs}) == 12
    more = grid(RECIPES["small"], 14)
    assert more[:12] == runs
    assert {run.seed for run in more} == {13, 14}
