"""Learning from Gibbs chains of nets of mixed columns."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from sklearn_helmholtz import SigmoidBeliefNet, _tree
from sklearn_helmholtz.learning import GibbsLearning
from sklearn_helmholtz.machines import BeliefNet
from sklearn_helmholtz.rows import Table
from tests import cases
from tests.cases import make_draws
from tests.mixed_nets import KINDS, log_likelihood, log_parts, make_net, make_values, target

ways = pytest.mark.parametrize(
    ("autoregressive", "share_missing"), [(False, 0.0), (False, 0.4), (True, 0.0)],
    ids=["plain", "with gaps", "autoregressive"],
)  # fmt: skip
STEP = 1e-4


def table_of(net, values):
    layout = net.units.layout
    fill_values = layout.code_means if np.isnan(values).any() else None
    return Table(values, False, layout, fill_values=fill_values)


def slopes(net, function):
    """Derivatives of a function of the net by all parameters but the variances, flat."""
    lists = net.weights + net.intercepts + (net.laterals or [])
    found = []
    for array in lists:
        flat = array.reshape(-1)
        for i, value in enumerate(flat.copy()):
            ends = []
            for end in (value - STEP, value + STEP):
                flat[i] = end
                ends.append(function(net))
            flat[i] = value
            found.append((ends[1] - ends[0]) / (2 * STEP))
    return np.array(found)


def flat(gradient):
    down = gradient.generation.conditionals[::-1]
    arrays = [c.map.weights for c in down[:-1]] + [c.map.intercept for c in down]
    arrays += [c.lateral.weights for c in down if c.lateral is not None]
    return np.concatenate([array.ravel() for array in arrays])


def is_parameter(net):
    """Flags of the same: lateral weights count where a value is later."""
    arrays = [np.ones(array.shape, bool) for array in net.weights + net.intercepts]
    for c in net.machine.generation.conditionals[::-1] if net.laterals else []:
        layout, weights = c.lateral.layout, c.lateral.weights
        arrays.append(
            np.triu(np.ones(weights.shape, bool), 1) if layout is None
            else layout.code_columns[:, None] < layout.input_columns
        )  # fmt: skip
    return np.concatenate([array.ravel() for array in arrays])


@ways
def test_a_step_is_the_mean_slope_of_the_chains_that_it_keeps(autoregressive, share_missing):
    net = make_net((2, 1), KINDS[:5], autoregressive, scale=1.0, seed=2)
    values, rule = make_values(net, 3, share_missing, seed=5), GibbsLearning(2, n_sweeps=2)
    rows, learner = table_of(net, values), BeliefNet(net.machine.generation)
    memory, numbers = rule.make_memory(learner, rows), np.arange(3)
    for step in (1, 2):
        out, part = cases.empty_gradient(learner), memory.take(cases.place_of(numbers))
        bound = rule.gradient(
            learner, rows.take(numbers), make_draws(3, step=step), None, out, memory=part
        )
        memory.put(cases.place_of(numbers), part)
        states = memory.take(cases.place_of(numbers)).arrays[0]

        def log_joint(net, states=states):
            return sum(
                sum(log_parts(net, row, h)) / len(chains)
                for row, chains in zip(values, states, strict=True) for h in chains
            )  # fmt: skip

        kept = is_parameter(net)
        assert_allclose(flat(out)[kept], slopes(net, log_joint)[kept], rtol=1e-3, atol=1e-3)
        assert not flat(out)[~kept].any()
        assert bound == pytest.approx(log_joint(net), rel=1e-5)
        assert all(np.isfinite(leaf).all() for leaf in _tree.leaves(out))


@ways
def test_the_expected_step_of_long_chains_is_the_slope_of_log_p(autoregressive, share_missing):
    net = make_net((3,), ("categorical", "ordinal", "bit"), autoregressive, seed=4)
    values, n = make_values(net, 2, share_missing, seed=7), 4000
    rule, learner = GibbsLearning(n, n_sweeps=25), BeliefNet(net.machine.generation)
    rows, out = table_of(net, values), cases.empty_gradient(learner)
    rule.gradient(learner, rows.take(np.arange(2)), make_draws(2), None, out)

    def log_p(net):
        return sum(log_likelihood(net, row) for row in values)

    kept = is_parameter(net)
    assert_allclose(flat(out)[kept], slopes(net, log_p)[kept], atol=5 / np.sqrt(n))


def test_only_hidden_states_of_mixed_rows_are_remembered():
    for autoregressive in (False, True):
        net = make_net((3, 2), autoregressive=autoregressive)
        memory = GibbsLearning(2).make_memory(net.net, table_of(net, make_values(net, 4, 0.4)))
        sizes = [array.shape[-1] for array in memory.take(cases.place_of(np.arange(4))).arrays]
        assert sizes == [5, 0]


@pytest.mark.parametrize("share_missing", [0.0, 0.2])
def test_chains_that_stay_with_their_rows_raise_the_likelihood_of_a_known_net(share_missing):
    kinds = ("categorical", "ordinal", "bit", "ordinal", "bit", "categorical")
    net = make_net((2,), kinds, scale=4.0, seed=15, dull=0.2)
    (x, _), _ = net.machine.dream(make_draws(800))
    truth = np.mean([log_likelihood(net, row) for row in x.values[600:]])
    X, rng = x.values.copy(), np.random.default_rng(0)
    X[:600][rng.random((600, 6)) < share_missing] = np.nan
    visible = [kind.replace("bit", "bernoulli") for kind in kinds]
    params = {"visible": visible, "inference": "gibbs", "random_state": 0}
    scores = [
        SigmoidBeliefNet(2, max_iter=n, **params).fit(X[:600]).score(X[600:]) for n in (1, 60)
    ]
    assert scores[0] < truth - 0.3
    assert scores[1] > scores[0] + 0.8 * (truth - scores[0])


def test_the_states_that_features_come_from_are_those_of_the_posterior():
    net = make_net((3,), ("categorical", "ordinal", "bit"), seed=4)
    (x, _), _ = net.machine.dream(make_draws(300))
    fitted = SigmoidBeliefNet(
        3, visible=["categorical", "ordinal", "bernoulli"], inference="gibbs", max_iter=20,
        random_state=0,
    ).fit(x.values)  # fmt: skip
    assert_allclose(fitted.transform(x.values), fitted.posterior(x.values)["mean"][0], atol=0.12)
    assert target(net, x.values[0]).max() < 1
