"""`from_parameters`: machines of given arrays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine
from tests import exact
from tests.estimators.helmholtz_machine.builders import NETS, parameters, real_data, same_bits


def rebuilt(model, **params):
    noise = getattr(model, "noise_variance_", None)
    arrays = (getattr(model, name) for name in NETS)
    return HelmholtzMachine.from_parameters(*arrays, noise_variance=noise, **params)


def test_from_parameters_round_trip(fitted):
    model, X = fitted
    other = rebuilt(model)
    assert other.visible_ == other.visible == model.visible_
    assert other.hidden_layer_sizes == (4, 3)
    assert other.n_iter_ == 0
    assert other.n_features_in_ == X.shape[1]
    if model.visible_ == "bernoulli":
        assert same_bits(other, model)
        assert_array_equal(other.score_samples(X), model.score_samples(X))
    else:
        for a, b in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(a, b, rtol=1e-5, atol=1e-6)
        assert_allclose(other.score_samples(X), model.score_samples(X), rtol=1e-4, atol=1e-3)
        assert_allclose(other.transform(X), model.transform(X), rtol=1e-3, atol=1e-5)


def test_from_parameters_leaves_the_arrays_alone():
    arrays = [[np.ones((2, 3))], [np.zeros(3), np.zeros(2)], [np.ones((3, 2))], [np.zeros(2)]]
    noise = np.full(3, 4.0)
    model = HelmholtzMachine.from_parameters(*arrays, noise_variance=noise, random_state=0)
    model.partial_fit(real_data(20, 3))
    assert (arrays[0][0] == 1).all()
    assert (arrays[2][0] == 1).all()
    assert (noise == 4).all()


def test_from_parameters_can_be_trained_further(fitted):
    model, X = fitted
    for going_on in ("partial_fit", "fit"):
        other = rebuilt(model, warm_start=True, max_iter=1, random_state=0, learning_rate_init=1e-5)
        getattr(other, going_on)(X)
        assert other.n_iter_ == 1
        assert not same_bits(other, model)
        for a, b in zip(parameters(other), parameters(model), strict=True):
            assert_allclose(a, b, rtol=1e-2, atol=1e-2)


GIVEN = {
    "generative_coefs": [np.ones((2, 3))],
    "generative_intercepts": [np.zeros(3), np.zeros(2)],
    "recognition_coefs": [np.ones((3, 2))],
    "recognition_intercepts": [np.zeros(2)],
}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"generative_coefs": None}, "generative_coefs must hold arrays"),
        ({"generative_coefs": []}, "generative_coefs.*at least one"),
        ({"generative_coefs": [np.ones((3, 2))]}, r"generative_coefs must have.*\(2, 3\)"),
        ({"generative_coefs": [[["a"] * 3] * 2]}, "generative_coefs must hold arrays of real"),
        ({"generative_coefs": [np.full((2, 3), np.nan)]}, r"generative_coefs\[0\] must be finite"),
        ({"generative_intercepts": [np.zeros(3)]}, "one array more"),
        ({"generative_intercepts": [np.zeros((3, 1)), np.zeros(2)]}, "one dimension"),
        ({"recognition_coefs": [np.ones((2, 3))]}, r"recognition_coefs must have.*\(3, 2\)"),
        ({"recognition_intercepts": [np.zeros(3)]}, "recognition_intercepts must have"),
        ({"recognition_intercepts": [np.full(2, np.inf)]}, "must be finite"),
        ({"hidden_layer_sizes": (3,)}, r"hidden_layer_sizes=\(2,\).*got \(3,\)"),
        ({"hidden_layer_sizes": (2, 2)}, "hidden_layer_sizes"),
        ({"visible": "gaussian"}, "visible='bernoulli'.*'gaussian'"),
        ({"noise_variance": np.ones(3), "visible": "bernoulli"}, "visible='gaussian'"),
        ({"noise_variance": np.ones(2)}, "noise_variance must.*3 features"),
        ({"noise_variance": [1, 0, 1]}, "noise_variance must hold a number between"),
        ({"noise_variance": [1, np.nan, 1]}, r"noise_variance\[0\] must be finite"),
        ({"alpha": -1}, "'alpha' parameter"),
    ],
)
def test_from_parameters_refuses(change, message):
    with pytest.raises(ValueError, match=message):
        HelmholtzMachine.from_parameters(**{**GIVEN, **change})


@pytest.mark.parametrize(
    "change",
    [
        {"noise_variance": [1, np.inf, 1]},
        {"generative_coefs": [np.full((2, 3), 1e300)]},
        {"generative_coefs": [np.full((2, 3), 1j)]},
        {"transform_layer": 5},
    ],
    ids=str,
)
def test_from_parameters_refuses_odd_values(change):
    with pytest.raises(ValueError, match=next(iter(change))):
        HelmholtzMachine.from_parameters(**{**GIVEN, **change})


def test_from_parameters_takes_matching_sizes():
    for sizes in (2, (2,), [2]):
        HelmholtzMachine.from_parameters(**GIVEN, hidden_layer_sizes=sizes)
    model = HelmholtzMachine.from_parameters(**GIVEN, visible="auto", alpha=0.5)
    assert (model.visible, model.visible_, model.alpha) == ("auto", "bernoulli", 0.5)


def test_from_parameters_scores_in_the_units_given():
    params = exact.random_parameters((3, 2, 2), 1.0, 0, gaussian=True)
    params.noise_variance *= [1e-4, 1, 1e4]
    fields = [getattr(params, name[:-1]) for name in NETS]
    model = HelmholtzMachine.from_parameters(*fields, noise_variance=params.noise_variance)
    X = np.random.default_rng(0).normal(size=(9, 3))
    assert_allclose(model.score_samples(X), exact.log_likelihood(params, X), rtol=1e-4)
