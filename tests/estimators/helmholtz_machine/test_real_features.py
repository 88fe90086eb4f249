"""Real features that invite trouble: scales, offsets, constants, outliers."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from tests.estimators.helmholtz_machine.builders import SCORING, is_finite, machine, real_data


def awkward(kind):
    X = real_data(200)
    rng = np.random.default_rng(3)
    if kind == "constant":
        X[:, 1] = 7.3
    elif kind == "duplicated":
        X[:, 1] = X[:, 0]
    elif kind == "near-constant":
        X[:, 1] = 5 + 1e-9 * rng.normal(size=200)
    elif kind == "offset":
        X += 1e6
    elif kind == "large":
        X *= 1e12
    elif kind == "small":
        X *= 1e-12
    elif kind == "all constant":
        X[:] = [1, -2, 0, 1e5]
    elif kind == "outlier":
        X[0, 2] = 1e7
    return X


KINDS = ["constant", "duplicated", "near-constant", "offset", "large", "small", "all constant"]


@pytest.mark.parametrize("kind", [*KINDS, "outlier"])
@pytest.mark.parametrize("sizes", [(4, 3), (12, 6)])
def test_awkward_real_features(kind, sizes):
    X = awkward(kind)
    model = machine(sizes, max_iter=20, visible="gaussian").fit(X)
    assert is_finite(model)
    assert (model.noise_variance_ > 0).all()
    for method in SCORING:
        assert np.isfinite(getattr(model, method)(X)).all()
    spread = np.where(X.std(axis=0) > 1e-8 * np.abs(X.mean(axis=0)), X.std(axis=0), 1)
    if kind == "near-constant":
        spread[1] = X[:, 1].std()
    if kind != "outlier":
        # No better than 3.5 nats per feature over a normal of the data's own spread (the floor of
        # the variance), and no worse than it by much.
        normal = -0.5 * np.log(2 * np.pi * np.e * spread**2).sum()
        assert normal - 3 < model.score(X) < normal + 3.5 * X.shape[1] + 2
    S = model.sample(500, random_state=0).astype(np.float64)
    assert (np.abs(S.mean(axis=0) - X.mean(axis=0)) < 1.0 * spread + 1e-6 * np.abs(X).max(0)).all()


def test_shift_and_scale_of_real_features_change_nothing_but_the_volume():
    X = real_data()
    model, other = machine().fit(X), machine().fit(X * 8 - 64)
    shift = X.shape[1] * np.log(8)
    assert_allclose(other.score_samples(X * 8 - 64), model.score_samples(X) - shift, rtol=1e-5)
    assert_allclose(other.noise_variance_, 64 * model.noise_variance_, rtol=1e-5)


def test_noise_has_a_floor():
    X = real_data(200)
    X[:, 1] = 7.3
    model = machine((8,), max_iter=200, learning_rate_init=0.05).fit(X)
    variance = np.where(np.arange(4) == 1, 1, X.var(axis=0))
    assert (model.noise_variance_ >= 0.00099 * variance).all()
    assert model.noise_variance_[1] < 0.1


def test_outliers_score_low():
    X = real_data()
    for sizes in ((4, 3), (16,)):
        scores = machine(sizes).fit(X).score_samples([[10.0**e, 0, 0, 0] for e in range(0, 25, 3)])
        assert np.isfinite(scores).all()
        assert (np.diff(scores[:5]) < 0).all()  # beyond 1e15 standard deviations all are equal


@pytest.mark.parametrize(
    ("sizes", "value"), [((4, 3), 1e50), ((16,), 1e25), ((16,), 1e50), ((16,), 1e300)]
)
def test_far_outliers_never_score_nan(sizes, value):
    model = machine(sizes).fit(real_data())
    assert not np.isnan(model.score_samples([[value, 0, 0, 0]])).any()


@pytest.mark.parametrize("scale", [1e25, 1e150, 1e200])
def test_huge_scales_are_refused_or_served(scale):
    X = real_data() * scale
    try:
        model = machine().fit(X)
    except ValueError as error:
        assert "rescale" in str(error).lower()  # noqa: PT017
    else:
        assert is_finite(model)
        assert np.isfinite(model.score(X))
