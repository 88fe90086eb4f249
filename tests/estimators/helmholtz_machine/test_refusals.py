"""Parameters and data that are refused, and the sentences that say so."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import scipy.stats
from sklearn.exceptions import NotFittedError

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet
from tests.estimators.helmholtz_machine.builders import DATA, SCORING, machine


@pytest.mark.parametrize("sparse", [False, True])
def test_values_out_of_range(sparse):
    X = DATA["bernoulli"].copy()
    X[3, 2] = 1.5
    frame = pd.DataFrame(X, columns=["a", "b", "größe", "d", "e", "f"])
    wrap = scipy.sparse.csr_array if sparse else np.asarray
    bernoulli = machine(visible="bernoulli")
    remedy = r"Binarise or rescale the data, or fit with visible='gaussian'"
    with pytest.raises(ValueError, match=rf"Column 2 of X holds the value 1\.5.*{remedy}"):
        bernoulli.fit(wrap(X))
    with pytest.raises(ValueError, match=rf"Column 2 \('größe'\) of X holds.* 1\.5.*{remedy}"):
        bernoulli.fit(frame)
    model = machine().fit(frame.clip(0, 1))
    with pytest.raises(ValueError, match=rf"Column 2 \('größe'\) of X holds.* 1\.5.*{remedy}"):
        model.score(frame)
    model = machine().fit(wrap(np.clip(X, 0, 1)))
    X[3, 2] = -7
    for method in (*SCORING, "score", "log_likelihood", "partial_fit"):
        with pytest.raises(ValueError, match=rf"Column 2 of X holds the value -7.0,.*{remedy}"):
            getattr(model, method)(wrap(X))
    with pytest.raises(ValueError, match=r"Column 2 of X holds the value -7.0,"):
        machine(visible="bernoulli").fit(np.clip(X, 0, 1), X_val=wrap(X))


def test_message_shows_a_value_just_out_of_range():
    with pytest.raises(ValueError, match=r"holds the value 1\.000001"):
        machine(visible="bernoulli").fit([[0, 1 + 1e-6], [1, 0]])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"hidden_layer_sizes": 0}, "hidden_layer_sizes.*Got 0"),
        ({"hidden_layer_sizes": (3, -1)}, "at least 1, got -1 for hidden layer 2"),
        ({"hidden_layer_sizes": (0,)}, "at least 1, got 0 for hidden layer 1"),
        ({"hidden_layer_sizes": (3.0,)}, r"integers of at least 1, got 3\.0"),
        ({"hidden_layer_sizes": 3.0}, r"hidden_layer_sizes.*Got 3\.0"),
        ({"hidden_layer_sizes": ()}, r"hidden_layer_sizes must name between 1 and 255.*\(\)"),
        ({"hidden_layer_sizes": "100"}, "hidden_layer_sizes.*Got '100'"),
        ({"hidden_layer_sizes": ("a",)}, "integers of at least 1, got 'a'"),
        ({"hidden_layer_sizes": True}, "integers of at least 1, got True"),
        ({"hidden_layer_sizes": (2, True)}, "got True for hidden layer 2"),
        ({"hidden_layer_sizes": None}, "hidden_layer_sizes.*Got None"),
        ({"hidden_layer_sizes": (1,) * 256}, "between 1 and 255 layers"),
        ({"algorithm": "backprop"}, "algorithm.*wake-sleep.*Got 'backprop'"),
        ({"visible": "binomial"}, "visible.*Got 'binomial'"),
        ({"solver": "lbfgs"}, "solver.*Got 'lbfgs'"),
        ({"n_particles": 0}, "n_particles.*Got 0"),
        ({"batch_size": 0}, "batch_size.*Got 0"),
        ({"max_iter": 0}, "max_iter.*Got 0"),
        ({"alpha": -1}, "alpha.*Got -1"),
        ({"l1_ratio": 1.5}, "l1_ratio.*Got 1.5"),
        ({"momentum": 1}, "momentum.*Got 1"),
        ({"learning_rate_init": 0}, "learning_rate_init.*Got 0"),
        ({"validation_fraction": 1.0}, "validation_fraction.*Got 1.0"),
        ({"n_jobs": 0}, "n_jobs.*Got 0"),
        ({"transform_layer": 3}, "transform_layer must be at most.* 2, got 3"),
        ({"transform_layer": 0}, "transform_layer.*Got 0"),
        ({"transform_layer": "top"}, "transform_layer.*Got 'top'"),
        ({"n_importance_samples": 0}, "n_importance_samples.*Got 0"),
        ({"early_stopping": True, "validation_fraction": 0.999}, "leaves no training rows out of"),
    ],
    ids=str,
)
def test_bad_parameters(params, message):
    model = machine().set_params(**params)
    with pytest.raises(ValueError, match=message):
        model.fit(DATA["bernoulli"])


def test_zero_dimensional_size():
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        machine(np.array(5)).fit(DATA["bernoulli"])


@pytest.mark.parametrize("method", ["fit", "partial_fit", *SCORING, "score", "log_likelihood"])
@pytest.mark.parametrize("visible", DATA)
def test_bad_data(method, visible):
    X = DATA[visible]
    model = machine(max_iter=1).fit(X)
    function = getattr(model, method)
    bad = X.copy()
    bad[2, 1] = np.inf
    with pytest.raises(ValueError, match="infinity"):
        function(bad)
    with pytest.raises(ValueError, match="infinity"):
        function(scipy.sparse.csr_array(bad))
    with pytest.raises(ValueError, match=r"0 sample\(s\)"):
        function(X[:0])
    with pytest.raises(ValueError, match="2D array"):
        function(X[0])
    with pytest.raises(ValueError, match="could not convert"):
        function(np.full((3, X.shape[1]), "a", dtype=object))
    with pytest.raises(ValueError, match="omplex"):
        function(X * 1j)
    if method != "fit":
        with pytest.raises(ValueError, match=rf"X has 2 features.*expecting {X.shape[1]}"):
            function(X[:, :2])
    else:
        with pytest.raises(ValueError, match=r"0 feature\(s\)"):
            function(X[:, :0])


@pytest.mark.parametrize("method", [*SCORING, "score", "log_likelihood", "inverse_transform"])
def test_not_fitted(method):
    with pytest.raises(NotFittedError):
        getattr(machine(), method)(DATA["bernoulli"])
    with pytest.raises(NotFittedError):
        machine().sample()


@pytest.mark.parametrize("estimator", [HelmholtzMachine, SigmoidBeliefNet])
@pytest.mark.parametrize("fitted", [False, True])
def test_a_refusal_changes_nothing(estimator, fitted):
    rng = np.random.default_rng(0)
    X = (rng.random((60, 5)) < 0.5).astype(float)
    wrong = pd.DataFrame(rng.random((60, 7)) + 1, columns=list("abcdefg"))
    model = estimator(3, visible="bernoulli", max_iter=2, random_state=0)
    if fitted:
        model.fit(X)
    before = vars(model).copy()
    for refused in (model.fit, *([] if fitted else [model.partial_fit])):
        with pytest.raises(ValueError, match=r"Column 0 \('a'\) of X holds the value"):
            refused(wrong)
        assert vars(model) == before
    if fitted:
        assert np.isfinite(model.score(X))
