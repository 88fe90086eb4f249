"""What mean field proposes, and what is drawn from it."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.special import expit, logit

from sklearn_helmholtz import _keys
from sklearn_helmholtz._keys import Draws, Purpose
from sklearn_helmholtz.inference import MeanField, MeanFieldPosterior, propose, sample_particles
from sklearn_helmholtz.inference.posterior import ImportancePosterior
from sklearn_helmholtz.inference.proposals import MeanFieldProposal
from sklearn_helmholtz.likelihood import importance_estimate
from sklearn_helmholtz.rows import Block, content_keys
from tests import cases, exact
from tests.blocks import as_block, values_of
from tests.mean_field_nets import CASES, NETS, log_p, make_net

KEY = _keys.key(cases.SEED, Purpose.SCORE)


# What proposes particles


def proposal_of(net, x):
    proposal = propose(net, as_block(x), content_keys(values_of(x)), 1)
    assert isinstance(proposal, MeanFieldProposal)
    return proposal


def proposed(net, x):
    """The probabilities of the hidden units that should be proposed, (n_rows, n_hidden)."""
    field = MeanField.of(net).clip_weights()
    means = field.start(content_keys(values_of(x)))
    field.solve(as_block(x), means)
    return expit(np.clip(logit(means[:, net.n_units[0] :]), -4, 4))


@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary"])
@pytest.mark.parametrize("n_units", NETS[:3])
def test_proposals_draw_what_they_say(n_units, visible):
    net, _, x, _ = make_net(n_units, visible, gaps="ordered" not in visible, scale=3.0)
    p, proposal, n = proposed(net, x), proposal_of(net, x), 4000
    draws = Draws(KEY, content_keys(values_of(x)), n)
    values, log_q, _ = proposal.sample(draws)
    states = np.hstack(values[1:]).astype(np.float64).reshape(3, n, -1)
    expected = np.where(states, np.log(p)[:, None], np.log1p(-p)[:, None]).sum(axis=2)
    assert_allclose(log_q.reshape(3, n), expected, rtol=1e-5, atol=1e-5)
    again = np.zeros(3 * n)
    proposal.log_prob(values[1:], again)
    assert_allclose(again, log_q, rtol=1e-6, atol=1e-6)
    again += 2
    proposal.log_prob(values[1:], again)
    assert_allclose(again, 2 * log_q + 2, rtol=1e-6, atol=1e-5)
    assert values[0].values is values_of(x)
    for row in range(3):
        product = np.prod(np.where(exact.all_states(p.shape[1]), p[row], 1 - p[row]), axis=1)
        cases.assert_frequencies(cases.state_numbers(states[row]), product)


def test_proposals_of_rows_with_gaps_in_order_are_those_of_the_rows_filled():
    net, _, x, _ = make_net((4, 3), "ordered binary", gaps=True)
    addresses, draws = content_keys(values_of(x)), cases.make_draws(3, 50)
    values, log_q, _ = propose(net, as_block(x), addresses, 1).sample(draws)
    filled, same, _ = propose(net, as_block(x.filled), addresses, 1).sample(draws)
    assert_array_equal(values[1], filled[1])
    assert_array_equal(log_q, same)


def test_proposals_are_made_however_large_weights_are():
    net, _, x, _ = make_net((4, 3, 2), "binary", scale=300.0)
    _, log_q, _ = proposal_of(net, x).sample(Draws(KEY, content_keys(values_of(x)), 100))
    assert np.isfinite(log_q).all()
    assert log_q.min() > 5 * np.log(expit(-4)) - 1e-3


def test_proposals_and_completions_share_no_random_numbers():
    net, _, _, _ = make_net((3, 3, 3), "ordered binary", scale=0.0)
    x = Block(np.full((1, 3), np.nan, np.float32), np.zeros(3, np.float32))
    draws = Draws(KEY, content_keys(x.values), 10_000)
    completed, *hidden = sample_particles(net, x, draws).values
    correlations = np.corrcoef(np.hstack([completed.values, *hidden]).T) - np.eye(9)
    assert abs(correlations).max() < 0.05


@pytest.mark.parametrize(("visible", "gaps"), [*CASES, ("ordered gaussian", True)])
def test_importance_estimates_agree_with_enumeration(visible, gaps):
    net, params, x, values = make_net((4, 3, 2), visible, gaps, n_rows=20, scale=0.7)
    keys = content_keys(values_of(x))
    result = importance_estimate(net, as_block(x), KEY, keys, 2000)
    summary = result.summary(keys)
    difference = summary["mean"] - log_p(params, values).mean()
    assert abs(difference) < 3 * summary["monte_carlo_error"] + abs(summary["bias"])
    assert 0 < summary["monte_carlo_error"] < 0.04


@pytest.mark.parametrize("n_samples", [4, 1500])  # of few none come from the prior
def test_estimates_of_p_sum_to_one_over_all_rows(n_samples):
    net, _, _, _ = make_net((8, 6, 4), "binary", scale=0.7)
    x = np.tile(cases.all_rows(8), (1 if n_samples > 4 else 40, 1))
    addresses = np.arange(len(x), dtype=np.uint64) * np.uint64(12345)
    result = importance_estimate(net, as_block(x), KEY, addresses, n_samples)
    p = np.exp(result.per_sample) * 256 / len(x)
    error = np.sqrt((p**2 * result.variance).sum())
    assert abs(p.sum() - 1) < 3 * error
    assert error < 0.02


def test_pools_of_particles_have_the_means_of_the_posterior():
    net, params, x, values = make_net((4, 3, 2), "binary", n_rows=4, scale=1.5)
    means, _, sizes = ImportancePosterior(net, cases.SEED, 8000).infer(
        as_block(x), content_keys(values_of(x)), 1
    )
    states = np.hstack(exact.hidden_states((4, 3, 2)))
    for row in range(4):
        expected = exact.posterior(params, values[row]) @ states
        actual = np.concatenate([layer[row] for layer in means])
        assert (abs(actual - expected) < 4.5 * 0.5 / np.sqrt(sizes[row])).all()


# Mean field as what is thought of the hidden layers


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_explanations_are_those_of_the_start_that_leads_highest(visible, gaps):
    net, _, x, _ = make_net((4, 3, 2), visible, gaps, n_rows=20, scale=3.0)
    field, keys = MeanField.of(net), np.zeros(20, np.uint64)
    starts = [field.start(keys, number) for number in range(2)]
    bounds = np.array([field.solve(as_block(x), start)[1] for start in starts])
    means, highest = field.infer(as_block(x))
    assert_array_equal(highest, bounds.max(axis=0))
    assert_array_equal(means, np.array(starts)[bounds.argmax(axis=0), np.arange(20)])
    assert len(np.unique(bounds.argmax(axis=0))) == 2
    assert_array_equal(MeanFieldPosterior(net).free_energy(as_block(x)), -highest)


@pytest.mark.parametrize(("visible", "gaps"), CASES)
def test_explanations_are_mean_field_and_draws_have_its_frequencies(visible, gaps):
    net, _, x, _ = make_net((4, 3, 2), visible, gaps)
    field = MeanField.of(net)
    means, _ = field.infer(as_block(x))
    posterior, n = MeanFieldPosterior(net, cases.SEED, 1), 4000
    addresses = np.arange(3, dtype=np.uint64) + np.uint64(11)
    layers, draws, sizes = posterior.infer(as_block(x), addresses, n)
    for actual, same, expected in zip(
        layers,
        posterior.hidden_means(as_block(x)),
        np.split(means[:, 4:], [3], axis=1),
        strict=True,
    ):
        assert_array_equal(actual, expected)
        assert_array_equal(same, expected)
    assert (sizes == np.inf).all()
    assert [states.shape for states in draws] == [(3 * n, 3), (3 * n, 2)]
    assert all(states.dtype == np.uint8 for states in draws)
    for row in range(3):
        p = means[row, 4:]
        product = np.prod(np.where(exact.all_states(5), p, 1 - p), axis=1)
        chosen = np.hstack(draws)[row * n : (row + 1) * n]
        cases.assert_frequencies(cases.state_numbers(chosen), product)
    for states, again in zip(draws, posterior.sample(as_block(x), addresses, n), strict=True):
        assert_array_equal(states, again)
    other = MeanFieldPosterior(net, (5, 6, 7, 8), 1).sample(as_block(x), addresses, n)
    assert (np.hstack(other) != np.hstack(draws)).any()


@pytest.mark.parametrize("visible", ["binary", "ordered binary", "gaussian"])
def test_completions_are_draws_given_the_hidden_layers(visible):
    net, params, x, values = make_net((3, 2), visible, gaps=True)
    posterior, n = MeanFieldPosterior(net, cases.SEED, 4000), 4000
    means = posterior.hidden_means(as_block(x))[0]
    if "ordered" in visible:
        expected = (
            posterior.complete(as_block(x), content_keys(values_of(x)), n)[1]
            .reshape(3, n, 3)
            .mean(axis=1)
        )
        known = ~np.isnan(values)
        assert_allclose(expected[known], values[known])
    else:
        states = exact.all_states(2)
        p = np.prod(np.where(states, means[:, None], 1 - means[:, None]), axis=2)
        eta = states @ params.generative_coefs[0] + params.generative_intercepts[0]
        expected = p @ (eta if visible == "gaussian" else expit(eta))
    assert_allclose(
        posterior.expected_data(as_block(x), content_keys(values_of(x))), expected, atol=0.06
    )
