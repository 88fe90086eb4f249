"""Machines that are factor models learn as much as the maximum of the likelihood has."""

import numpy as np
import pytest
from scipy import stats

from sklearn_helmholtz import FactorAnalysis
from sklearn_helmholtz._monitor import Monitor
from sklearn_helmholtz._plan import Plan
from sklearn_helmholtz._training import Past, Training, train
from sklearn_helmholtz.learning import (
    Adam,
    Cosine,
    ImportanceWeighted,
    ReweightedWakeSleep,
    WakeSleep,
)
from sklearn_helmholtz.machines import initialise_gaussian
from sklearn_helmholtz.rows import Table
from sklearn_helmholtz.units import Gaussian
from tests import cases
from tests.gaussian_machines import model_of

RULES = [ImportanceWeighted(1), ImportanceWeighted(3), WakeSleep(2), ReweightedWakeSleep(3)]


def planted(n=400):
    rng = np.random.default_rng(0)
    weights = np.array([[1.0, 1, 1, 0, 0.5, -0.5], [0, 0.5, -0.5, 1, 1, 1]])
    rows = rng.normal(size=(n, 2)) @ weights + 0.8 * rng.normal(size=(n, 6))
    return ((rows - rows.mean(axis=0)) / rows.std(axis=0)).astype(np.float32)


def mean_log_p(machine, rows):
    model = model_of(machine)
    (weights, mean), noise = model.decoder.maps[0], np.diag(model.variance)
    return stats.multivariate_normal(mean, weights.T @ weights + noise).logpdf(rows).mean()


@pytest.mark.parametrize("covariance", ["diag", "full"])
@pytest.mark.parametrize("rule", RULES, ids=str)
def test_affine_machines_reach_the_maximum_of_factor_analysis(rule, covariance):
    rows = planted()
    best = FactorAnalysis(2).fit(rows).score(rows)
    rng, kind = np.random.default_rng(1), {"activation": "tanh", "sees_gaps": False}
    units = Gaussian.from_variance(np.ones(6))
    machine = initialise_gaussian(6, 2, (), units, np.zeros(6), rng, covariance=covariance, **kind)
    before = mean_log_p(machine, rows)
    training = Training(machine, rule, Adam(), 1, Past(cases.SEED))
    plan = Plan(np.arange(len(rows)), 100, 150, Cosine(0.03))
    train(training, Table(rows, False), plan, Monitor())
    reached = mean_log_p(training.machine, rows)
    assert before < best - 0.3
    assert best - 0.02 < reached < best + 1e-4
