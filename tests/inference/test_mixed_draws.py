"""Imputations and conditional draws of mixed machines too large to enumerate."""

import numpy as np
import pytest
from scipy import stats

from sklearn_helmholtz.models import completion
from tests import cases
from tests.mixed_nets import log_visible, make_net, model_of, states_of, target

LEVELS = ("categorical", "ordinal", "bit")
SHAPE = (3, 4, 2)
N_IDLE = 12  # with which machines have more than 14 hidden units
N = 3000


@pytest.fixture
def methods(monkeypatch):
    """The methods of the posteriors that answers come from."""
    used, make = [], completion._posterior

    def note(machine, method, *arguments):
        used.append(method)
        return make(machine, method, *arguments)

    monkeypatch.setattr(completion, "_posterior", note)
    return used


def conditional(net, given):
    """P(all values | given) by enumeration, (3, 4, 2)."""
    found, weights = np.zeros(SHAPE), target(net, given)
    for place in np.ndindex(*SHAPE):
        values = np.where(np.isnan(given), place, np.nan)
        if (np.isnan(given) | (given == place)).all():
            found[place] = weights @ np.exp(log_visible(net, values, states_of(net)).sum(axis=1))
    return found


def assert_follows(data, probabilities):
    numbers = np.ravel_multi_index(np.asarray(data).astype(int).T, SHAPE)
    cases.assert_frequencies(numbers, probabilities.ravel())


@pytest.mark.parametrize("n_hidden", [(3,), (3, 1)])
@pytest.mark.parametrize("given", [[np.nan, 2, np.nan], [1, np.nan, np.nan], [np.nan] * 3])
def test_conditional_draws_of_plain_machines_are_moved_by_gibbs_sampling(given, n_hidden, methods):
    net = make_net(n_hidden, LEVELS, seed=12)
    model, given = model_of(net, N_IDLE), np.array(given, float)
    data, hidden = model.draw_given(given, N, 30, np.random.RandomState(0), 1)
    assert methods == ["gibbs"]
    assert_follows(data, conditional(net, given))
    states = np.hstack([hidden[0][:, :3], *hidden[1:]])
    cases.assert_frequencies(cases.state_numbers(states), target(net, given))


def test_drawn_imputations_of_plain_machines_are_moved_by_gibbs_sampling(methods):
    net = make_net((3,), LEVELS, seed=13)
    model, given = model_of(net, N_IDLE), np.array([np.nan, 1.0, np.nan])
    values = np.vstack([given, [1.0, 0.0, 1.0], given])
    found = model.impute(model.table(values), "sample", N, 30, np.random.RandomState(1), 1)
    assert methods == ["gibbs"]
    assert found.shape == (4, N)
    probabilities = conditional(net, given)
    for first, last in (found[:2], found[2:]):
        assert_follows(np.column_stack([first, np.ones(N), last]), probabilities)


def test_drawn_imputations_of_real_columns_follow_their_mixture(methods):
    net = make_net((3,), ("normal", "bit", "normal"), seed=14)
    model, given = model_of(net, N_IDLE), np.array([-2.0, np.nan, np.nan])
    data, _ = model.draw_given(given, N, 30, np.random.RandomState(0), 1)
    assert methods == ["gibbs"]
    weights, column = target(net, given), net.columns[2]
    eta = net.intercepts[0] + states_of(net) @ net.weights[0]
    place = net.units.layout.inputs_of(2)[0]
    means = column.centre + column.scale * eta[:, place]
    deviation = column.scale * np.sqrt(float(net.units.normal.variance[1]))

    def mixture(x):
        return stats.norm.cdf(x[:, None], means, deviation) @ weights

    assert stats.kstest(data[:, 2], mixture).pvalue > 1e-3


@pytest.mark.parametrize("strategy", ["mean", "median", "mode"])
def test_other_imputations_weigh_particles(strategy, methods):
    net = make_net((3,), LEVELS, seed=13)
    model, given = model_of(net, N_IDLE), np.array([[np.nan, 1.0, np.nan]])
    found = model.impute(model.table(given), strategy, 1, 4000, None, 1)[:, 0]
    assert methods == ["importance"]
    p = conditional(net, given[0])
    np.testing.assert_array_equal(found, [p.sum((1, 2)).argmax(), p.sum((0, 1)).argmax()])


def test_machines_whose_columns_depend_on_missing_ones_draw_particles(methods):
    net = make_net((9, 8), LEVELS, autoregressive=True, seed=15)
    given = np.array([np.nan, 1.0, np.nan])
    model_of(net).draw_given(given, 5, 10, np.random.RandomState(0), 1)
    assert methods == ["importance"]


@pytest.mark.parametrize("autoregressive", [False, True])
def test_posteriors_by_gibbs_of_models_are_the_enumerated_ones(autoregressive):
    net = make_net((3, 2), autoregressive=autoregressive, seed=16, scale=1.0)
    values = np.array([[1, 2, 0, 3.1, -2.0], [2, 0, 1, 1.5, 4.0]])
    model, n = model_of(net), 3000
    rng = np.random.RandomState(0)
    found = model.posterior(model.table(values), "gibbs", n, 20, 20, rng, 1)
    assert found["method"] == "gibbs"
    expected = np.stack([target(net, row) @ states_of(net) for row in values])
    np.testing.assert_allclose(np.hstack(found["mean"]), expected, atol=2.5 / np.sqrt(n))


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda model, rows: model.posterior(rows, "gibbs", 2, 2, 2, None, 1),
         r"^method='gibbs' has no draws where values of Mixed features .* as in row 1\."),
        (lambda model, rows: model.estimate(rows, "annealed", 2, 2, None, 1),
         r"^method='annealed' cannot estimate where values of Mixed features .* as in row 1\."),
        (lambda model, rows: model.posterior(rows, "mean-field", 2, 2, 2, None, 1),
         r"^method='mean-field' needs mean field, which the layer of the data does not allow"),
    ],
    ids=["gibbs", "annealed", "mean field"],
)  # fmt: skip
def test_what_depends_on_missing_mixed_values_is_refused(call, sentence):
    model = model_of(make_net((3,), LEVELS, autoregressive=True))
    rows = model.table(np.array([[1.0, 2.0, 0.0], [np.nan, 1.0, 1.0]]))
    with pytest.raises(ValueError, match=sentence):
        call(model, rows)
