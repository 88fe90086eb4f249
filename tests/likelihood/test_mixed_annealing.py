"""Annealing of nets of mixed columns: log p(x) from below, from above, and by models."""

import numpy as np
import pytest

from sklearn_helmholtz._keys import Draws
from sklearn_helmholtz.inference import Gibbs
from sklearn_helmholtz.likelihood import annealed_bounds
from sklearn_helmholtz.likelihood.annealing import (
    annealed_log_weights,
    inverse_temperatures,
    reversed_log_weights,
)
from sklearn_helmholtz.rows import Block
from tests import cases
from tests.likelihood.test_annealing import KEY, relative_means
from tests.mixed_nets import log_likelihood, make_net, make_values, model_of, states_of, target

ways = pytest.mark.parametrize(
    ("autoregressive", "share_missing"), [(False, 0.0), (False, 0.4), (True, 0.0)],
    ids=["plain", "with gaps", "autoregressive"],
)  # fmt: skip
layers = pytest.mark.parametrize("n_hidden", [(3,), (2, 1)])


def make_case(n_hidden, autoregressive, share_missing, scale, seed=1, n_rows=3):
    net = make_net(n_hidden, autoregressive=autoregressive, scale=scale, seed=seed)
    values = make_values(net, n_rows, share_missing, seed=seed + 1)
    return net, values, np.array([log_likelihood(net, row) for row in values])


def draws_of(n_rows, n):
    return Draws(KEY, np.arange(3, 3 + n_rows, dtype=np.uint64) << np.uint64(30), n)


@ways
@layers
def test_weights_of_mixed_rows_are_unbiased_for_p(n_hidden, autoregressive, share_missing):
    net, values, log_p = make_case(n_hidden, autoregressive, share_missing, 0.8)
    log_weights = annealed_log_weights(
        Gibbs.of(net.machine), net.block(values), draws_of(3, 6000), inverse_temperatures(3)
    )
    z, errors = relative_means(log_weights, log_p)
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@ways
@layers
def test_reversed_weights_of_mixed_rows_are_unbiased_for_one_over_p(
    n_hidden, autoregressive, share_missing
):
    net, values, log_p = make_case(n_hidden, autoregressive, share_missing, 0.5, seed=2)
    rng, states = np.random.default_rng(0), states_of(net).astype(np.uint8)
    drawn = [rng.choice(len(states), 6000, p=target(net, row)) for row in values]
    log_weights = reversed_log_weights(
        Gibbs.of(net.machine), net.block(values), states[np.concatenate(drawn)],
        draws_of(3, 6000), inverse_temperatures(3),
    )  # fmt: skip
    z, errors = relative_means(-log_weights, -log_p)
    assert abs(z).max() < 3.5
    assert 0.001 < errors.max() < 0.2


@ways
@layers
def test_annealed_estimates_of_mixed_rows_agree_with_enumeration(
    n_hidden, autoregressive, share_missing
):
    net, values, log_p = make_case(n_hidden, autoregressive, share_missing, 1.0, seed=3, n_rows=20)
    model = model_of(net)
    rows = model.table(values)
    volumes = net.units.layout.log_volumes(net.block(values).values)
    found, _, method = model.estimate(rows, "annealed", 20, 100, None, 1)
    assert method == "annealed"
    errors = found.per_sample - (log_p - volumes)
    deviation = np.sqrt(found.variance)
    assert 0 < deviation.max() < 0.2
    assert (abs(errors) < 5 * deviation + abs(found.bias) + 1e-3).all()
    assert abs(errors.mean()) < 3 * np.sqrt((found.variance).sum()) / 20 + 2e-3
    exact = model.estimate(rows, "exact", 20, 100, None, 1)[0].per_sample
    np.testing.assert_allclose(exact, log_p - volumes, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("autoregressive", [False, True])
def test_more_temperatures_bring_both_bounds_of_mixed_rows_closer(autoregressive):
    net = make_net((3, 2), autoregressive=autoregressive, scale=1.2, seed=5)
    n, gibbs = 700, Gibbs.of(net.machine)
    (x, *hidden), _ = net.machine.dream(cases.make_draws(n))
    log_p = np.mean([log_likelihood(net, row) for row in x.values])
    gaps, values = [], (Block(x), *hidden)
    for n_temperatures in (1, 5, 40):
        pair = annealed_bounds(
            gibbs, values, cases.SEED, np.arange(n, dtype=np.uint64), 2, n_temperatures
        )
        lower, upper = (bound.mean() for bound in pair)
        assert lower < log_p < upper
        gaps.append((log_p - lower, upper - log_p))
    gaps = np.array(gaps)
    assert (gaps[:-1] > 1.2 * gaps[1:]).all()
    assert (gaps[0] > 3 * gaps[2]).all()


@pytest.mark.parametrize("autoregressive", [False, True])
def test_annealed_bounds_of_mixed_models_are_in_the_units_of_the_user(autoregressive):
    model = model_of(make_net((3,), autoregressive=autoregressive, seed=6))
    n, rng = 200, np.random.RandomState(0)
    lower, upper, method = model.bounds(n, "annealed", 5, 100, rng, 1)
    rows, _ = model.draw(n, np.random.RandomState(0), 1)
    exact = model.estimate(model.table(rows), "exact", 1, 1, None, 1)[0].per_sample
    assert method == "annealed"
    assert lower.mean() - 0.01 < exact.mean() < upper.mean() + 0.01
    assert upper.mean() - lower.mean() < 0.1
