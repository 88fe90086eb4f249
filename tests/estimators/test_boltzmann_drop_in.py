"""scikit-learn's own tests of its machine, of what both share, run against ours."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import BernoulliRBM
from sklearn.neural_network.tests import test_rbm
from sklearn.pipeline import make_pipeline
from sklearn.utils.fixes import CSC_CONTAINERS, CSR_CONTAINERS

from sklearn_helmholtz import RestrictedBoltzmannMachine

DIGITS, LABELS = load_digits(return_X_y=True)
DIGITS = DIGITS / 16
FEW = {"n_components": 16, "batch_size": 5, "n_iter": 5, "random_state": 42}


@pytest.fixture(autouse=True)
def ours(monkeypatch):
    """The class of ours in the place of theirs."""
    monkeypatch.setattr(test_rbm, "BernoulliRBM", RestrictedBoltzmannMachine)


THEIRS = [
    *(("test_small_sparse", container) for container in CSR_CONTAINERS),
    *(("test_small_sparse_partial_fit", each) for each in CSC_CONTAINERS + CSR_CONTAINERS),
    ("test_gibbs_smoke",),
    ("test_rbm_verbose",),
    ("test_transformer_dtypes_casting", np.float32, np.float32),
    ("test_transformer_dtypes_casting", np.float64, np.float64),
    ("test_transformer_dtypes_casting", int, np.float64),
    ("test_convergence_dtype_consistency",),
]


@pytest.mark.parametrize("test", THEIRS, ids=str)
def test_their_tests_pass_with_ours(test, capsys):
    name, *args = test
    assert test_rbm.BernoulliRBM is RestrictedBoltzmannMachine
    getattr(test_rbm, name)(*args)


@pytest.mark.parametrize("method", ["fit", "partial_fit"])
def test_feature_names_out(method):
    machine = RestrictedBoltzmannMachine(10, n_iter=1)
    getattr(machine, method)(DIGITS)
    names = machine.get_feature_names_out()
    assert_array_equal(names, [f"restrictedboltzmannmachine{i}" for i in range(10)])


def test_the_attributes_have_the_shapes_of_theirs():
    theirs, machine = BernoulliRBM(**FEW).fit(DIGITS), RestrictedBoltzmannMachine(**FEW).fit(DIGITS)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        assert getattr(machine, name).shape == getattr(theirs, name).shape, name
    assert machine.n_features_in_ == theirs.n_features_in_
    assert machine.gibbs(DIGITS[:3]).shape == theirs.gibbs(DIGITS[:3]).shape


def test_their_parameters_are_taken_over():
    theirs = BernoulliRBM(**FEW).fit(DIGITS)
    machine = RestrictedBoltzmannMachine.from_sklearn(theirs)
    assert_allclose(machine.transform(DIGITS), theirs.transform(DIGITS), atol=1e-6)
    energy = -theirs._free_energy(DIGITS)
    assert_allclose(machine.unnormalized_log_prob(DIGITS), energy, rtol=1e-5, atol=1e-4)
    assert machine.learning_rate == theirs.learning_rate
    assert machine.batch_size == theirs.batch_size


def test_names_of_features_are_taken_over():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(DIGITS, columns=[f"p{i}" for i in range(64)])
    machine = RestrictedBoltzmannMachine.from_sklearn(BernoulliRBM(**FEW).fit(frame))
    assert list(machine.feature_names_in_) == list(frame.columns)


def test_from_sklearn_wants_a_fitted_one():
    with pytest.raises(TypeError, match="rbm must be a BernoulliRBM"):
        RestrictedBoltzmannMachine.from_sklearn(LogisticRegression())
    with pytest.raises(ValueError, match="not fitted"):
        RestrictedBoltzmannMachine.from_sklearn(BernoulliRBM())


def test_the_example_of_their_documentation():
    """The same call of both classes, and features that are worth as much to a classifier."""
    accuracy = []
    for kind in (BernoulliRBM, RestrictedBoltzmannMachine):
        features = kind(100, learning_rate=0.06, n_iter=10, batch_size=10, random_state=0)
        pipeline = make_pipeline(features, LogisticRegression(C=10, tol=1e-2, max_iter=1000))
        pipeline.fit(DIGITS[:1200], LABELS[:1200])
        accuracy.append(pipeline.score(DIGITS[1200:], LABELS[1200:]))
    assert accuracy[1] > accuracy[0] - 0.03


def test_a_search_needs_no_scoring():
    search = GridSearchCV(
        RestrictedBoltzmannMachine(n_iter=3, random_state=0), {"n_components": [2, 8]}, cv=2
    )
    search.fit(DIGITS[:200] > 0.5)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
