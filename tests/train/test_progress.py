"""What a run remembers of where it stands: ended once, best by one metric, patience counted from the best."""

from dataclasses import replace

import pytest

from sightline.probes.heldout.loss import HeldOutLoss
from sightline.probes.heldout.neighbours import KNNProbe
from sightline.train.progress import Progress, progress_of
from sightline.train.recipe.recipe import Evaluation

RULES = Evaluation(metric="knn", every=2, patience=2)


def measured(step, value, rules=RULES, **given):
    reached = Progress(step=step, **given)
    reached.note({rules.metric: value}, rules)
    return reached


def test_a_run_that_ended_is_over_until_what_decided_it_is_changed():
    reached = measured(8, 0.5)
    assert not reached.over(10, RULES)
    stopped = progress_of(reached.state(finished=True), None)
    assert stopped.over(10, RULES) and stopped == reached
    assert stopped.over(10, replace(RULES, keep="best"))  # what is kept is decided from what is there
    for other in ({"patience": 0}, {"patience": 5}, {"every": 1}, {"metric": "rankme"}, {"samples": 10}):
        assert not stopped.over(10, replace(RULES, **other))
    assert measured(10, 0.5, finished=True).over(10, replace(RULES, patience=0))  # its steps are done


def test_the_best_of_another_metric_is_no_measure():
    reached = measured(2, 30.0, replace(RULES, metric="rankme"))
    assert reached.best == {"value": 30.0, "step": 2, "metric": "rankme"}
    reached.step = 4
    assert reached.note({"knn": 0.4}, RULES) and reached.best == {"value": 0.4, "step": 4, "metric": "knn"}
    reached.step = 6
    assert not reached.note({"knn": 0.4}, RULES) and reached.scored == 6


def test_other_probes_measure_again_and_a_checkpoint_from_before_there_were_others_had_the_usual():
    reached = measured(8, 0.5, finished=True)
    assert not reached.over(8, replace(RULES, probes=(KNNProbe(k=5),)))
    del reached.rules["probes"]
    assert reached.over(8, RULES) and not reached.measured(replace(RULES, probes=(KNNProbe(),)))


def test_of_a_loss_the_lower_value_is_the_better_one():
    rules = Evaluation(metric="heldout_loss", probes=(HeldOutLoss(),))
    reached = measured(2, 0.5, rules)
    reached.step = 4
    assert not reached.note({"heldout_loss": 0.6}, rules) and not reached.note({"heldout_loss": 0.5}, rules)
    assert reached.note({"heldout_loss": 0.4}, rules) and reached.best["value"] == 0.4


def test_a_best_score_without_a_metric_has_that_of_the_runs_config():
    old = {"step": 4, "best": {"value": 0.4, "step": 2.0}}
    assert progress_of(old, "knn").best == {"value": 0.4, "step": 2.0, "metric": "knn"}
    assert progress_of({"step": 4, "best": {}}, "knn") == Progress(step=4)


@pytest.mark.parametrize(("best", "step", "over"), [(2, 4, False), (2, 6, True), (6, 6, False)])
def test_patience_counts_evaluations_since_the_best(best, step, over):
    reached = Progress(step=step, best={"value": 0.4, "step": best, "metric": "knn"})
    assert reached.patience_over(RULES) is over
    assert not reached.patience_over(replace(RULES, patience=0))
