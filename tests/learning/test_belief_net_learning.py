"""Learning of belief nets as a whole: penalties, blocks, threads, fits."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import SigmoidBeliefNet, _tree
from sklearn_helmholtz._kernels.teams import counters
from sklearn_helmholtz.learning import (
    SGD,
    Adam,
    EstimatedPenalty,
    ExactLearning,
    GibbsLearning,
    MeanFieldLearning,
    penalise,
)
from sklearn_helmholtz.machines import initialise_net
from sklearn_helmholtz.rows import limits
from sklearn_helmholtz.units import Bernoulli
from tests import cases
from tests.belief_net_oracles import judged
from tests.cases import make_case

# Penalties


def leaf_pairs(one, other):
    return zip(_tree.leaves(one), _tree.leaves(other), strict=True)


@pytest.mark.parametrize("optimizer", [Adam(1e3, 1.0), SGD(0.0, 1e3, 1.0)], ids=["adam", "sgd"])
def test_penalties_leave_baselines_alone(optimizer):
    machine, _, _ = make_case((4, 3, 2), "ordered binary")
    packed = _tree.pack(judged(machine))
    before = _tree.copy(packed.tree)
    gradient, state = np.zeros_like(packed.vector)[None], optimizer.init(len(packed.vector))
    optimizer.move(packed, gradient, 1.0, 1e-3, state, counters(1), 0)
    for old, new in leaf_pairs(before.baselines, packed.tree.baselines):
        assert_array_equal(old, new)
        assert new.any()
    for old, new in leaf_pairs(before.recognition, packed.tree.recognition):
        assert (np.abs(new) < np.abs(old)).all() if new.ndim == 2 else (new == old).all()


def test_the_strength_of_a_penalty_does_not_look_at_baselines():
    machine, _, _ = make_case((4, 3, 2), "ordered gaussian")
    packed = [_tree.pack(machine), _tree.pack(judged(machine))]
    assert_array_equal(packed[0].ends, packed[1].ends)
    assert_array_equal(*(p.vector[: p.ends[1]] for p in packed))
    penalties = EstimatedPenalty(10, 1.0, 2.0), EstimatedPenalty(10, 1.0, 8.0)
    first, second = (penalise(Adam(), p, penalties) for p in packed)
    assert first == second


def test_a_fit_with_a_huge_penalty_keeps_baselines():
    X = cases.make_rows(6, "binary", 80)
    net = SigmoidBeliefNet(
        (4, 3), inference="nvil", alpha=100.0, l1_ratio=1.0, max_iter=30, random_state=0
    ).fit(X)
    for weights in (*net.generative_coefs_, *net.recognition_coefs_):
        assert np.abs(weights).max() < 0.02
    for baseline in net._machine.baselines:
        assert np.abs(baseline.hidden.weights).mean() > 0.1
        assert baseline.value.weights.all()


# Fits


def structured(n_rows=150, n_features=9, share=0.0):
    rng = np.random.default_rng(0)
    cause = rng.random((n_rows, 3)) < 0.4
    X = (rng.random((n_rows, n_features)) < np.where(np.repeat(cause, 3, axis=1), 0.9, 0.1)) * 1.0
    X[rng.random(X.shape) < share] = np.nan
    return X


INFERENCES = {
    "exact": {"inference": "exact"},
    "mean-field": {"inference": "mean-field"},
    "gibbs": {"inference": "gibbs", "n_particles": 2},
    "nvil": {"inference": "nvil"},
    "vimco": {"inference": "nvil", "n_particles": 3},
}


@pytest.mark.parametrize(
    ("rule", "n_hidden"), [(ExactLearning(), 10), (GibbsLearning(1, 10), 50),
                           (MeanFieldLearning(10), 50)],
)  # fmt: skip
def test_rows_that_cost_much_are_shared_among_threads(rule, n_hidden):
    """Of a minibatch of the usual size, at the settings that are the default."""
    rng = np.random.default_rng(0)
    for (n_features, n), n_blocks in (((64, n_hidden), 25), ((4, 2), 1)):
        learner = initialise_net((n_features, n), Bernoulli(), np.zeros(n_features), rng)
        places = rule.limits(learner, 100)
        assert (places[0], places[-1], len(places) - 1) == (0, 100, n_blocks)


@pytest.mark.parametrize("autoregressive", [False, True])
@pytest.mark.parametrize("share", [0.0, 0.15])
@pytest.mark.parametrize("inference", INFERENCES)
def test_fits_have_the_same_bits_for_any_number_of_threads(
    inference, share, autoregressive, monkeypatch
):
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)  # as many blocks as there can be
    settings = {"autoregressive": autoregressive, "batch_size": 130, "max_iter": 3}
    settings |= {"random_state": 0, **INFERENCES[inference]}
    first, second = (
        SigmoidBeliefNet((3, 2), n_jobs=n, **settings).fit(structured(share=share)) for n in (1, 2)
    )
    assert first.loss_curve_ == second.loss_curve_
    machines = (first._machine, second._machine)
    for one, two in leaf_pairs(*machines):
        assert_array_equal(one, two)


@pytest.mark.parametrize("inference", INFERENCES)
def test_every_inference_learns_what_there_is_to_learn(inference):
    X = structured(300)
    settings = {"max_iter": 60, "batch_size": 50, "random_state": 0, **INFERENCES[inference]}
    net = SigmoidBeliefNet((4,), **settings).fit(X)
    p = X.mean(axis=0)
    independent = (X * np.log(p) + (1 - X) * np.log(1 - p)).sum(axis=1).mean()
    assert net.score(X) > independent + 0.3
