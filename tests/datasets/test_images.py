"""Bars and shifted rows: their images, and exact scores."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz.datasets import Bars, Shifter, make_bars, make_shifter

MAKERS = {"bars": make_bars, "shifter": make_shifter}
each_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
DISTRIBUTIONS = [Bars(), Bars(2, 0.4, 0.9), Bars(3), Shifter(4), Shifter(3, 0.8)]


@each_maker
def test_draws_repeat_and_agree_with_the_distribution(make):
    X, causes, truth = make(20, return_distribution=True, random_state=3)
    assert X.dtype == np.uint8
    assert len(X) == len(causes) == 20
    again, _ = make(20, random_state=np.random.RandomState(3))
    assert_array_equal(X, again)
    assert_array_equal(truth.sample(20, 3)[0], X)
    assert isinstance(truth.score(X), float)
    assert truth.score(X) == truth.score_samples(X).mean()
    assert (make(20, random_state=4)[0] != X).any()


@pytest.mark.parametrize("truth", DISTRIBUTIONS, ids=repr)
def test_tables_hold_all_images_with_their_frequencies(truth):
    images, p = truth.table()
    assert_allclose(p.sum(), 1, rtol=1e-12)
    assert len(np.unique(images, axis=0)) == len(images)
    n = 40_000
    drawn, counts = np.unique(truth.sample(n, 0)[0], axis=0, return_counts=True)
    places = {tuple(image): k for k, image in enumerate(images)}
    found = np.zeros(len(images))
    found[[places[tuple(image)] for image in drawn]] = counts
    assert (np.abs(found - n * p) < 4.5 * np.sqrt(n * p) + 1).all()
    assert truth.entropy() == pytest.approx(-(p * np.log(p)).sum())


def test_bars_are_whole():
    X, bars = make_bars(300, size=5, random_state=0)
    for image, own in zip(X.reshape(-1, 5, 5), bars, strict=True):
        vertical, horizontal = own[:5], own[5:]
        assert not (vertical.any() and horizontal.any())
        expected = np.zeros((5, 5), int)
        expected[:, vertical == 1] = 1
        expected[horizontal == 1] = 1
        assert_array_equal(image, expected)


def test_scores_of_bars_by_hand():
    truth = Bars(2, 0.2, 0.75)
    column, empty, corner = [1, 0, 1, 0], [0, 0, 0, 0], [1, 0, 0, 0]
    expected = [0.75 * 0.2 * 0.8, 0.8**2, 0, 0]
    rows = [column, empty, corner, [0.5, 0.5, 0.5, 0.5]]
    assert_allclose(np.exp(truth.score_samples(rows)), expected, rtol=1e-12)


def test_certain_bits_have_no_entropy():
    assert Bars(p_bar=0.0).entropy() == 0
    assert_allclose(Bars(p_bar=1.0).score_samples(np.ones((1, 16))), 0, atol=1e-12)
    assert Shifter(4, 1.0).entropy() == 0


def test_the_top_is_the_bottom_shifted():
    X, to_the_right = make_shifter(200, n_bits=5, random_state=0)
    for image, way in zip(X.reshape(-1, 4, 5), to_the_right, strict=True):
        bottom = list(image[3])
        top = [bottom[-1], *bottom[:-1]] if way else [*bottom[1:], bottom[0]]
        assert_array_equal(image, [top, top, bottom, bottom])
    assert 70 < to_the_right.sum() < 130


def test_scores_of_shifted_rows_by_hand():
    truth = Shifter(3, 0.3)
    right, same, other = [1, 0, 0] * 2 + [0, 0, 1] * 2, [0] * 12, [1, 0, 0] * 4
    expected = [0.5 * 0.3 * 0.7**2, 0.7**3, 0]
    assert_allclose(np.exp(truth.score_samples([right, same, other])), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("make", "bad", "message"),
    [
        (make_bars, {"size": 1}, "'size' parameter of make_bars must be"),
        (make_bars, {"p_bar": 1.0}, "'p_bar' parameter of make_bars"),
        (make_bars, {"n_samples": 0}, "'n_samples' parameter of make_bars"),
        (make_shifter, {"n_bits": 2.5}, "'n_bits' parameter of make_shifter"),
        (make_shifter, {"p_on": -0.1}, "'p_on' parameter of make_shifter"),
    ],
)
def test_makers_refuse(make, bad, message):
    with pytest.raises(ValueError, match=message):
        make(**bad)


@pytest.mark.parametrize("truth", [Bars(), Shifter()], ids=repr)
def test_distributions_refuse(truth):
    with pytest.raises(ValueError, match=f"X has 3 features, but rows of {type(truth).__name__}"):
        truth.score_samples([[1, 0, 1]])
    with pytest.raises(ValueError, match="scores whole rows"):
        truth.score_samples(np.full((1, truth.n_features), np.nan))
