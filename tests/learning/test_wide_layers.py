"""Rows of many columns, as lists: the same fit panel by panel as with all inputs at once."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet, _tree
from sklearn_helmholtz.layers import conditional
from sklearn_helmholtz.rows import Block, Lists

FEW = {"max_iter": 2, "random_state": 0, "batch_size": 20}
MODELS = {
    "wake-sleep": HelmholtzMachine((4, 3), algorithm="wake-sleep", **FEW),
    "wake-sleep, particles": HelmholtzMachine(
        4, algorithm="wake-sleep", n_particles=3, early_stopping=True, **FEW
    ),
    "reweighted": HelmholtzMachine((4, 3), **FEW),
    "gibbs": SigmoidBeliefNet(4, inference="gibbs", **FEW),
    "score function": SigmoidBeliefNet(4, inference="nvil", **FEW),
}


def rows(missing):
    rng = np.random.default_rng(0)
    dense = (rng.random((60, 290)) < 0.05).astype(np.float32)
    dense[rng.random(dense.shape) < missing] = np.nan
    return scipy.sparse.csr_array(dense)


def counted(monkeypatch):
    """Of each visit whether it draws and whether it learns, to be filled."""
    visits, visit = [], conditional.Conditional.visit

    def noted(self, parents, children, log_prob, draws=None, *given, **named):
        learns = named.get("weights", given[2] if len(given) > 2 else None) is not None
        visits.append((draws is not None, learns))
        return visit(self, parents, children, log_prob, draws, *given, **named)

    monkeypatch.setattr(conditional.Conditional, "visit", noted)
    return visits


@pytest.mark.parametrize("missing", [0.0, 0.02])
@pytest.mark.parametrize("name", MODELS)
def test_fits_of_wide_rows_do_not_depend_on_the_way_through_a_layer(name, missing, monkeypatch):
    X, weights, visits, found = rows(missing), np.linspace(0.5, 2, 60), counted(monkeypatch), []
    for fewest in (conditional._WIDE, 0):
        monkeypatch.setattr(conditional, "_WIDE", fewest)
        model = MODELS[name].fit(X, sample_weight=weights)
        found.append((_tree.leaves(model._machine), model.loss_curve_))
        assert bool(visits) == (fewest == 0)
    for one, other in zip(*(leaves for leaves, _ in found), strict=True):
        assert_array_equal(one, other)
    assert found[0][1] == found[1][1]


@pytest.mark.parametrize("missing", [0.0, 0.02])
@pytest.mark.parametrize("name", ["reweighted", "gibbs"])
def test_answers_do_not_depend_on_it_either(name, missing, monkeypatch):
    X, found = rows(missing), []
    model = clone(MODELS[name]).fit(X)
    visits = counted(monkeypatch)
    for fewest in (conditional._WIDE, 0):
        monkeypatch.setattr(conditional, "_WIDE", fewest)
        scored = model.log_likelihood(X[:7], method="importance", n_importance_samples=40)
        answers = scored.per_sample, model.transform(X), model.impute(X).toarray()
        found.append(answers)
        assert bool(visits) == (fewest == 0)
    for one, other in zip(*found, strict=True):
        assert_array_equal(
            *((part.toarray() if scipy.sparse.issparse(part) else part) for part in (one, other))
        )


def test_what_is_known_of_weights_saves_a_second_walk(monkeypatch):
    visits = counted(monkeypatch)
    monkeypatch.setattr(conditional, "_WIDE", 0)
    clone(MODELS["wake-sleep"]).set_params(max_iter=1).fit(rows(0))
    assert [draws for draws, learns in visits if learns] == [True] * 3  # once in each step


@pytest.mark.parametrize("density", [0.02, 0.6])
def test_dreams_are_lists_where_they_are_short(density):
    rng = np.random.default_rng(0)
    X = scipy.sparse.csr_array((rng.random((60, 200)) < density).astype(np.uint8))
    dense, listed = (clone(MODELS["wake-sleep"]).fit(form) for form in (X.toarray(), X))
    assert_allclose(dense.loss_curve_, listed.loss_curve_, rtol=1e-4)
    dreamt = (rng.random((5, 200)) < density).astype(np.uint8)
    for form, is_listed in ((X.toarray(), False), (Lists.from_dense(X.toarray()), density < 0.1)):
        seen = listed._machine.seen_dreams(Block(form[np.arange(5)]), dreamt)
        assert isinstance(seen, Lists) == is_listed
