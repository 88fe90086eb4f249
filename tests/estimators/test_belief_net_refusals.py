"""What sigmoid belief nets refuse, and what they bear."""

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sklearn_helmholtz import SigmoidBeliefNet
from tests import exact
from tests.belief_nets import INFERENCES, data, each_inference, first_rows, given, net, parameters

# What is refused


@pytest.mark.parametrize("sizes", [21, (15, 6), (20_000,)])
def test_too_many_states(sizes):
    n = np.sum(sizes)
    with pytest.raises(ValueError, match=rf"2\*\*{n} states of {n} hidden units; .* 20 units"):
        net(sizes, inference="exact").fit(data())


def test_too_many_states_after_a_fit():
    model = net(30, max_iter=1).fit(data()).set_params(inference="exact")
    for method in (model.transform, model.free_energy, model.kl_gap):
        with pytest.raises(ValueError, match=r"2\*\*30 states of 30 hidden units"):
            method(data())


def test_too_many_states_of_hidden_units_and_gaps():
    X = data(d=24)
    model = net(3, inference="exact", autoregressive=True, max_iter=1).fit(X)
    gappy = X.copy()
    gappy[2, :20] = np.nan
    message = r"2\*\*23 states of 3 hidden units and, .* 20 missing values of row 2; .* 20 units"
    for method in (model.fit, model.partial_fit, model.transform, model.free_energy):
        with pytest.raises(ValueError, match=message):
            method(gappy)
    with pytest.raises(ValueError, match="20 missing values of row 3"):
        clone(model).fit(np.vstack([np.full((1, 24), np.nan), gappy]))  # which is not learnt from
    assert np.isfinite(model.score_samples(gappy)).all()


@pytest.mark.parametrize("inference", ["nvil", "guess", None])
def test_inference_set_to_what_the_net_cannot_do(inference):
    model = net().fit(data()).set_params(inference=inference)
    message = "lacks an inference net" if inference == "nvil" else "inference must be one of"
    for method in (model.transform, model.free_energy, model.kl_gap):
        with pytest.raises(ValueError, match=message):
            method(data())
    with pytest.raises(ValueError, match=r"lacks an inference net|'inference' parameter"):
        model.partial_fit(data())


@each_inference
def test_not_fitted(params):
    model = net(**params)
    for name in ("transform", "score_samples", "free_energy", "kl_gap", "impute", "posterior"):
        with pytest.raises(NotFittedError):
            getattr(model, name)(data())
    with pytest.raises(NotFittedError):
        model.sample()


@pytest.mark.parametrize(
    "change",
    [
        {"inference": "wake-sleep"},
        {"n_inference_steps": 0},
        {"n_inference_steps": -1},
        {"n_inference_steps": 2.0},
        {"n_particles": 0},
        {"hidden_layer_sizes": ()},
        {"hidden_layer_sizes": (3, 0)},
        {"transform_layer": 3},
    ],
    ids=str,
)
def test_bad_parameters(change):
    (name,) = change
    with pytest.raises(ValueError, match=name):
        net(**change).fit(data())


@each_inference
@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.array([[0.0, np.inf]]), "infinity"),
        (np.array([["a", "b"]]), "convert string"),
        (np.empty((0, 3)), "0 sample"),
        (np.empty((3, 0)), "0 feature"),
        (np.full((3, 2), np.nan), "nothing to learn from"),
        (np.zeros(3), "Expected 2D"),
    ],
    ids=["infinite", "strings", "no rows", "no columns", "missing", "flat"],
)
def test_bad_data(params, X, message):
    with pytest.raises(ValueError, match=message):
        net(**params).fit(X)


# Awkward data


def _duplicates():
    """A CSR matrix with a zero that is stored and an entry in two parts."""
    entries = np.array([0.5, 0.5, 0.0, 1.0]), np.array([1, 1, 2, 0]), np.r_[0, 3, np.full(9, 4)]
    return scipy.sparse.csr_matrix(entries, shape=(10, 4))


AWKWARD = {
    "one row": data()[:1],
    "one real row": data("gaussian")[:1],
    "one feature": data()[:, :1],
    "one value": np.ones((1, 1)),
    "zeros": np.zeros((10, 4)),
    "ones": np.ones((10, 4), np.uint8),
    "constant": np.full((10, 3), 7.5),
    "constant column": np.where(np.arange(5) == 2, 7.0, data("gaussian")),
    "huge": 1e8 * data("gaussian"),
    "tiny": 1e-8 * data("gaussian"),
    "far": 1e8 + data("gaussian"),
    "outlier": np.vstack([data("gaussian"), np.full((1, 5), 1e12)]),
    "strided": np.repeat(data("gaussian"), 2, axis=1)[::-2, ::2],
    "duplicates": _duplicates(),
}


@pytest.mark.parametrize("kind", AWKWARD)
@each_inference
def test_awkward_data(params, kind):
    X = AWKWARD[kind]
    for sizes in (1, (2, 1, 1, 2, 1)):
        model = net(sizes, **params).fit(X)
        assert all(np.isfinite(array).all() for array in parameters(model))
        assert np.isfinite(model.score_samples(X)).all()
        assert np.isfinite(model.transform(X)).all()
        assert np.isfinite(model.sample(3, random_state=0)).all()
        if params["inference"] != "gibbs":
            assert np.isfinite(model.free_energy(X)).all()
    if kind == "duplicates":
        assert_array_equal(model.transform(X), model.transform(X.tocoo().tocsr()))
        assert_allclose(model.transform(X), model.transform(X.toarray()), atol=1e-5)


def test_far_outliers_have_finite_answers():
    for params in INFERENCES.values():
        model = net(**params).fit(data("gaussian"))
        X = np.array([[1e30, 0, -1e38, 1e3, 5]])
        assert np.isfinite(model.score_samples(X)).all()
        assert np.isfinite(model.transform(X)).all()


# Nets from given parameters


@each_inference
@pytest.mark.parametrize("visible", ["binary", "gaussian", "ordered binary", "ordered gaussian"])
def test_given_parameters_come_back(params, visible):
    model, _ = given((4, 3, 2), visible, hidden_layer_sizes=(3, 2), **params)
    assert model.n_iter_ == 0
    assert model.hidden_layer_sizes == (3, 2)
    drawn = exact.random_parameters(
        (4, 3, 2), 1.5, 1, gaussian="gaussian" in visible, autoregressive="ordered" in visible
    )
    names = ["generative_coefs", "generative_intercepts"]
    names += ["recognition_coefs", "recognition_intercepts"] if "nvil" in params.values() else []
    for name in names:
        for a, b in zip(getattr(model, name + "_"), getattr(drawn, name), strict=True):
            assert_allclose(a, b, rtol=1e-4, atol=1e-5)
    X = first_rows(visible, 4, 20)
    before = model.score(X)
    model.set_params(warm_start=True, max_iter=30, random_state=0).fit(X)
    assert model.score(X) > before


GIVEN = {"generative_coefs": [np.ones((2, 3))], "generative_intercepts": [np.zeros(3), np.zeros(2)]}
GUESS = {"recognition_coefs": [np.ones((3, 2))], "recognition_intercepts": [np.zeros(2)]}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"inference": "nvil"}, "given with inference='nvil' .* and none of them"),
        ({**GUESS}, "got inference='mean-field' and both of them"),
        ({**GUESS, "inference": "exact"}, "got inference='exact' and both of them"),
        (
            {"recognition_coefs": GUESS["recognition_coefs"], "inference": "nvil"},
            "and one of them",
        ),
        (
            {**GUESS, "recognition_coefs": [np.ones((2, 3))], "inference": "nvil"},
            "recognition_coefs must have the shapes",
        ),
        ({"hidden_layer_sizes": 3}, r"hidden_layer_sizes=\(2,\)"),
        ({"visible": "gaussian"}, "visible='bernoulli'"),
        ({"autoregressive": True}, "autoregressive=False"),
        ({"inference": "guess"}, "'inference' parameter"),
        ({"generative_coefs": [np.ones((3, 2))]}, "generative_coefs must have the shapes"),
        ({"generative_coefs": [np.full((2, 3), np.nan)]}, "must be finite"),
        ({"noise_variance": np.zeros(3)}, "noise_variance must hold"),
    ],
    ids=str,
)
def test_given_parameters_that_contradict_each_other(params, message):
    with pytest.raises(ValueError, match=message):
        SigmoidBeliefNet.from_parameters(**{**GIVEN, **params})


@pytest.mark.parametrize("weight", [151.0, 1e6])
def test_weights_beyond_mean_field(weight):
    arrays = {**GIVEN, "generative_coefs": [np.full((2, 3), -weight)]}
    model, X = SigmoidBeliefNet.from_parameters(**arrays), np.eye(3)
    message = "weights of at most 150 in magnitude, and one of this net is (151|1e[+]06)"
    calls = dict.fromkeys(
        [model.transform, model.free_energy, model.kl_gap, model.partial_fit], "inference"
    )
    calls[lambda X: model.posterior(X, method="mean-field")] = "method"
    for call, name in calls.items():
        with pytest.raises(ValueError, match=f"{name}='mean-field' needs {message}"):
            call(X)
    assert np.isfinite(model.score_samples(X)).all()
    assert np.isfinite(model.log_likelihood(X, method="importance").per_sample).all()
    assert np.isfinite(model.set_params(inference="gibbs").transform(X)).all()


def test_weights_that_mean_field_can_bear_are_borne():
    arrays = {**GIVEN, "generative_coefs": [np.full((2, 3), 150.0)]}
    model = SigmoidBeliefNet.from_parameters(**arrays)
    assert np.isfinite(model.free_energy(np.eye(3))).all()
    assert np.isfinite(model.transform(np.eye(3))).all()


@pytest.mark.parametrize("intercept", [200.0, 1e6])
def test_intercepts_may_be_as_large_as_they_like(intercept):
    for inference in ("exact", "mean-field", "gibbs"):
        model = SigmoidBeliefNet.from_parameters(
            GIVEN["generative_coefs"], [np.full(3, intercept), np.full(2, -intercept)],
            inference=inference, random_state=0,
        )  # fmt: skip
        model.partial_fit(np.ones((4, 3)))
        assert np.isfinite(model.transform(np.eye(3))).all()
        assert np.isfinite(model.score_samples(np.eye(3))).all()
