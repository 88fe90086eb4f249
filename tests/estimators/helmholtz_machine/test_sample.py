"""`sample`: shapes, types, random states, and whose draws they are."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from tests import exact
from tests.estimators.helmholtz_machine.builders import DATA, machine, real_data


@pytest.mark.parametrize("visible", DATA)
def test_sample_shapes_and_types(visible):
    model = machine((4, 3)).fit(DATA[visible])
    assert model.sample().shape == (1, model.n_features_in_)
    X, hidden = model.sample(9, random_state=0, return_latents=True)
    assert X.shape == (9, model.n_features_in_)
    assert X.dtype == (np.uint8 if visible == "bernoulli" else np.float32)
    assert [h.shape for h in hidden] == [(9, 4), (9, 3)]
    assert all(h.dtype == np.uint8 and h.max() <= 1 for h in hidden)
    assert_array_equal(model.sample(9, random_state=0), X)


def test_random_state_of_sample():
    model = machine().fit(DATA["bernoulli"])
    draw = lambda state: model.sample(20, random_state=state)  # noqa: E731
    assert_array_equal(draw(3), draw(3))
    assert_array_equal(draw(3), draw(np.random.RandomState(3)))
    assert (draw(3) != draw(4)).any()
    state = np.random.RandomState(3)
    assert (draw(state) != draw(state)).any()
    np.random.seed(5)
    first, second = draw(None), draw(None)
    assert (first != second).any()
    np.random.seed(5)
    assert_array_equal(draw(None), first)


def test_samples_come_from_the_model():
    model = machine((3, 2), max_iter=60, learning_rate_init=0.02).fit(DATA["bernoulli"][:, :3])
    states = exact.all_states(3)
    expected = np.exp(model.score_samples(states))
    assert_allclose(expected.sum(), 1, rtol=1e-6)
    n = 20000
    codes = model.sample(n, random_state=0) @ [4, 2, 1]
    counts = np.bincount(codes, minlength=8)
    assert (((counts - n * expected) ** 2 / (n * expected)).sum()) < 24.3  # chi2(7) at 0.001


def test_gaussian_samples_are_in_the_units_of_the_data():
    X = real_data(400)
    model = machine((4,), max_iter=40).fit(X)
    S = model.sample(4000, random_state=0)
    assert_allclose(S.mean(axis=0), X.mean(axis=0), atol=0.35 * X.std(axis=0).max())
    assert (np.abs(S.mean(axis=0) - X.mean(axis=0)) < 0.3 * X.std(axis=0)).all()
    assert_allclose(S.std(axis=0), X.std(axis=0), rtol=0.3)


@pytest.mark.parametrize("n_samples", [0, -1, 2.0, "many", None])
def test_bad_n_samples(fitted, n_samples):
    with pytest.raises(ValueError, match=rf"n_samples must be .* got {n_samples!r}"):
        fitted[0].sample(n_samples)
