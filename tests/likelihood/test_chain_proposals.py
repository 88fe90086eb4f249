"""What short chains propose where there is neither recognition nor mean field."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.inference import propose, sample_particles
from sklearn_helmholtz.inference.proposals import ChainProposal
from sklearn_helmholtz.likelihood.bounds import importance_bounds
from sklearn_helmholtz.likelihood.importance import importance_log_weights
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.likelihood.test_annealing import KEY, relative_means
from tests.mixed_nets import log_likelihood, make_net, make_values, states_of, target

LEVELS = ("categorical", "ordinal", "bit")
COUNTS = {"categorical": 3, "ordinal": 4, "bit": 2}
ways = pytest.mark.parametrize(
    ("autoregressive", "share_missing"), [(False, 0.0), (False, 0.4), (True, 0.0), (True, 0.4)],
    ids=["plain", "with gaps", "autoregressive", "autoregressive with gaps"],
)  # fmt: skip


def addresses_of(n_rows):
    return np.arange(3, 3 + n_rows, dtype=np.uint64) << np.uint64(30)


def log_observed(net, values):
    """Log p of what is observed of a row, summed over all completions if columns depend on it."""
    if net.laterals is None:
        return log_likelihood(net, values)
    choices = [
        range(COUNTS[kind]) if np.isnan(value) else [value]
        for kind, value in zip(LEVELS, values, strict=True)
    ]
    each = [log_likelihood(net, np.array(row, float)) for row in itertools.product(*choices)]
    return np.logaddexp.reduce(each)


@ways
def test_weights_of_what_chains_propose_are_unbiased_for_p(autoregressive, share_missing):
    net = make_net((3, 2), LEVELS, autoregressive, scale=1.0, seed=2)
    values, n = make_values(net, 3, share_missing, seed=5), 8000
    log_weights, _ = importance_log_weights(net.net, net.block(values), KEY, addresses_of(3), n)
    z, errors = relative_means(log_weights, np.array([log_observed(net, row) for row in values]))
    assert abs(z).max() < 4
    assert 0.001 < errors.max() < 0.1


@pytest.mark.parametrize("autoregressive", [False, True])
def test_chains_propose_what_the_posterior_has(autoregressive):
    net = make_net((3,), autoregressive=autoregressive, scale=1.0, seed=3)
    values, n = make_values(net, 40, seed=2), 400
    x, draws = net.block(values), Draws(KEY, addresses_of(40), n)
    particles = sample_particles(net.net, x, draws)
    proposed = particles.values[1].reshape(40, n, 3).mean(axis=1)
    means = np.stack([target(net, row) @ states_of(net) for row in values])
    errors = abs(proposed - means)
    assert errors.mean() < 0.1 < abs(means - means.mean(axis=0)).mean()
    assert max(abs(eta).max() for eta in propose(net.net, x, draws.addresses, 1)._etas) <= 4


def test_proposals_of_a_row_do_not_depend_on_other_rows():
    net = make_net((3, 2), autoregressive=True, seed=4)
    values, addresses = make_values(net, 5, 0.3), addresses_of(5)
    whole = propose(net.net, net.block(values), addresses, 1)
    assert isinstance(whole, ChainProposal)
    for rows in ([0], [4, 1]):
        part = propose(net.net, net.block(values[rows]), addresses[rows], 1)
        for own, other in zip(part._etas, whole._etas, strict=True):
            assert_array_equal(own, other[rows])


@pytest.mark.parametrize("autoregressive", [False, True])
def test_bounds_by_what_chains_propose_enclose_the_truth(autoregressive):
    net, n = make_net((3, 2), autoregressive=autoregressive, scale=2.0, seed=6), 700
    (x, *hidden), _ = net.net.dream(cases.make_draws(n))
    log_p, addresses = np.array([log_likelihood(net, row) for row in x.values]), addresses_of(n)
    pair = importance_bounds(net.net, (Block(x), *hidden), cases.SEED, addresses, 2)
    lower, upper = (bound - log_p for bound in pair)
    for gap in (-lower, upper):
        assert 3 * gap.std() / np.sqrt(n) < gap.mean() < 0.5
