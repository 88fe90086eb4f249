"""The displays draw what they say they draw."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay, SamplesDisplay

mpl.use("agg")
X = np.random.default_rng(0).integers(0, 2, (40, 6)).astype(np.uint8)


@pytest.fixture
def machine():
    return HelmholtzMachine((5, 3), max_iter=2, random_state=0).fit(X)


@pytest.fixture(autouse=True)
def closed_figures():
    yield
    mpl.pyplot.close("all")


def test_samples_are_those_of_the_estimator(machine):
    display = SamplesDisplay.from_estimator(machine, (2, 3), n_samples=7, random_state=1)
    assert_array_equal(display.images.reshape(7, 6), machine.sample(7, random_state=1))
    assert display.figure_ is display.ax_.figure


def test_pictures_are_tiled_row_by_row_with_a_margin(machine):
    images = np.arange(1, 31, dtype=float).reshape(5, 2, 3)
    grid = SamplesDisplay(images).plot(n_columns=2).image_.get_array()
    assert grid.shape == (3 * 3 - 1, 2 * 4 - 1)
    assert_array_equal(grid[0:2, 0:3], images[0])
    assert_array_equal(grid[0:2, 4:7], images[1])
    assert_array_equal(grid[6:8, 0:3], images[4])
    assert np.ma.getmaskarray(grid)[:, 3].all()
    assert np.ma.getmaskarray(grid)[6:, 4:].all()


def test_fields_are_the_largest_generative_weights(machine):
    display = ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), n_fields=2)
    weights = machine.generative_coefs_[0]
    largest = np.argsort(-(weights**2).sum(axis=1))[:2]
    assert_array_equal(display.images.reshape(2, 6), weights[largest])


def test_fields_of_upper_layers_are_passed_down(machine):
    display = ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), layer=2)
    fields = machine.generative_coefs_[1] @ machine.generative_coefs_[0]
    largest = np.argsort(-(fields**2).sum(axis=1))
    assert_allclose(display.images.reshape(3, 6), fields[largest])


def test_colours_are_symmetric_about_zero(machine):
    low, high = ReceptiveFieldsDisplay.from_estimator(machine, (2, 3)).image_.get_clim()
    assert low == -high < 0


def test_given_axes_are_used(machine):
    _, ax = mpl.pyplot.subplots()
    assert SamplesDisplay.from_estimator(machine, (2, 3), ax=ax).ax_ is ax


def test_bad_arguments_are_named(machine):
    with pytest.raises(ValueError, match=r"image_shape must have a product of 6.* got \(2, 2\)"):
        SamplesDisplay.from_estimator(machine, (2, 2))
    with pytest.raises(ValueError, match="layer must be between 1 and 2, got 3"):
        ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), layer=3)


def test_without_matplotlib_the_extra_is_named(machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-helmholtz\[plotting\]"):
        SamplesDisplay.from_estimator(machine, (2, 3))
