"""Chains of gaps and draws are as many and as long as the estimator says."""

import sys

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from sklearn_helmholtz import RestrictedBoltzmannMachine
from sklearn_helmholtz.models import Ways, boltzmann, side_draws
from tests.boltzmann_machines import make_boltzmann


def test_rows_have_a_fifth_of_the_chains():
    assert Ways().of_a_row == {"n_chains": 20}
    assert Ways(50, 30).of_a_row == {"n_chains": 10, "n_temperatures": 30}
    assert Ways(3).of_a_row == {"n_chains": 2}


@pytest.fixture
def machine(monkeypatch):
    own = make_boltzmann(8, 6)
    for module in (boltzmann, sys.modules["sklearn_helmholtz.likelihood.undirected"]):
        monkeypatch.setattr(module, "MAX_GAP_SIDE", 0)
    monkeypatch.setattr(side_draws, "MAX_AUTOMATIC_SIDE", 0)
    return RestrictedBoltzmannMachine.from_parameters(
        own.weights.T, own.hidden_intercept, own.visible_intercept, n_temperatures=7,
        n_annealing_chains=15,
    )  # fmt: skip


def spied(monkeypatch):
    """A list that receives the numbers of chains and temperatures of all that anneals for rows."""
    seen = []
    places = (
        (boltzmann, "AnnealedSides"), (boltzmann, "score_undirected"),
        (side_draws, "AnnealedSides"),
    )  # fmt: skip
    for place, name in places:
        real = getattr(place, name)

        def spy(*args, real=real, **settings):
            seen.append((settings.get("n_chains"), settings.get("n_temperatures")))
            return real(*args, **settings)

        monkeypatch.setattr(place, name, spy)
    return seen


ROW = np.array([[1, 0, 1, *[np.nan] * 5]])


@pytest.mark.parametrize(
    "ask",
    [
        lambda machine: machine.sample(4, random_state=0),
        lambda machine: machine.sample(4, given=ROW[0], random_state=0),
        lambda machine: machine.impute(ROW),
        lambda machine: machine.transform(ROW),
        lambda machine: machine.posterior(ROW, random_state=0)["mean"][0],
        lambda machine: machine.predict_proba_missing(ROW, 4),
    ],
)
def test_answers_follow_the_settings(ask, machine, monkeypatch):
    seen = spied(monkeypatch)
    ask(machine)
    assert set(seen) == {(3, 7)}
    seen.clear()
    before = machine._model
    ask(machine.set_params(n_temperatures="auto", n_annealing_chains=100))
    assert set(seen) == {(20, None)}
    assert machine._model is before


@pytest.mark.parametrize(
    "ask",
    [
        lambda machine: machine.impute(ROW, n_importance_samples=50),
        lambda machine: machine.posterior(ROW, n_importance_samples=50, random_state=0),
        lambda machine: machine.predict_proba_missing(ROW, 4, n_importance_samples=50),
    ],
)
def test_answers_follow_what_is_asked_for(ask, machine, monkeypatch):
    seen = spied(monkeypatch)
    ask(machine)
    assert set(seen) == {(10, 7)}


def test_scores_of_rows_with_gaps_follow_the_settings(machine):
    found = [machine.score_samples(ROW)]
    found.append(machine.set_params(n_annealing_chains=100).score_samples(ROW))
    log_z = [machine.set_params(n_annealing_chains=n).log_partition_.value for n in (15, 100)]
    assert (np.subtract(found[0] + log_z[0], found[1] + log_z[1]) != 0).all()
    assert_array_equal(machine.score_samples(ROW), found[1])
