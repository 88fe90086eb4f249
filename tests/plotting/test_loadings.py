"""Heat maps of loadings hold the loadings, in colours and in numbers."""

from itertools import pairwise

import numpy as np
import pytest
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import PCA
from sklearn.decomposition import FactorAnalysis as OtherFactorAnalysis

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.plotting import LoadingsDisplay
from sklearn_helmholtz.plotting.colours import luminance

RNG = np.random.default_rng(0)
X = RNG.normal(size=(200, 2)) @ RNG.normal(size=(2, 6)) * 3 ** np.arange(6) + RNG.normal(size=6)
X = X + RNG.normal(size=X.shape) * 3 ** np.arange(6)
LOADINGS = np.array([[0.9, 0.01], [0.2, -0.7], [-0.95, 0.3], [-0.001, 0.8]])


@pytest.mark.parametrize("rotation", [None, "promax"])
def test_loadings_are_standardised_under_the_model(rotation):
    model = FactorAnalysis(2, rotation=rotation).fit(X)
    display = LoadingsDisplay.from_estimator(model)
    scale = np.sqrt(np.diag(model.get_covariance()))
    assert_allclose(display.loadings, model.loadings_ / scale[:, None])
    assert_allclose(display.image_.get_array(), display.loadings)
    assert display.colorbar_.ax.get_ylabel() == "standardised loading"
    assert display.image_.get_clim() == (-1, 1)
    rescaled = FactorAnalysis(2, rotation=rotation).fit(X * [1, 2, 3, 4, 5, 6])
    again = LoadingsDisplay.from_estimator(rescaled).loadings
    assert_allclose(np.abs(again), np.abs(display.loadings), atol=1e-5)


def test_so_are_those_of_scikit_learn():
    model = OtherFactorAnalysis(2, tol=1e-8, max_iter=5000).fit(X)
    display = LoadingsDisplay.from_estimator(model)
    scale = np.sqrt(np.diag(model.get_covariance()))
    assert_allclose(display.loadings, model.components_.T / scale[:, None])


def test_components_of_others_are_drawn_as_they_are():
    model = PCA(3).fit(X)
    display = LoadingsDisplay.from_estimator(model, feature_names=list("abcdef"))
    assert_array_equal(display.image_.get_array(), model.components_.T)
    assert display.image_.get_clim()[1] == np.abs(model.components_).max()
    assert display.colorbar_.ax.get_ylabel() == "weight"
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list("abcdef")


def test_numbers_are_printed_and_small_ones_are_faint(style):
    display = LoadingsDisplay(LOADINGS, factor_names=["size", "shape"]).plot()
    display.figure_.canvas.draw()
    texts = [[text.get_text() for text in row] for row in display.texts_]
    assert texts == [["0.90", "0.01"], ["0.20", "-0.70"], ["-0.95", "0.30"], ["0.00", "0.80"]]
    is_faint = [[text.get_alpha() < 1 for text in row] for row in display.texts_]
    assert_array_equal(is_faint, np.abs(LOADINGS) < 0.3 * 0.95)
    display.plot(faint_below=0.8)
    is_faint = [[text.get_alpha() < 1 for text in row] for row in display.texts_]
    assert_array_equal(is_faint, np.abs(LOADINGS) < 0.8)
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["size", "shape"]


def test_numbers_can_be_read_on_their_cells(style):
    display = LoadingsDisplay(np.linspace(-1, 1, 40).reshape(20, 2)).plot()
    cells = luminance(display.image_.to_rgba(display.image_.get_array())).ravel()
    numbers = luminance([text.get_color() for text in display.texts_.ravel()])
    contrast = (np.maximum(cells, numbers) + 0.05) / (np.minimum(cells, numbers) + 0.05)
    assert contrast.min() > 4.5  # WCAG 2, AA


def test_the_middle_of_the_colours_is_the_paper(style):
    display = LoadingsDisplay([[0.0, 1.0]]).plot()
    middle = luminance(display.image_.cmap(0.5))
    assert abs(middle - luminance(display.ax_.get_facecolor())) < 0.1


def test_features_are_sorted_by_factor_and_size():
    display = LoadingsDisplay(LOADINGS, feature_names=list("abcd")).plot(sort=True)
    assert_array_equal(display.order_, [2, 0, 3, 1])
    assert_array_equal(display.image_.get_array(), LOADINGS[[2, 0, 3, 1]])
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list("cadb")
    assert display.texts_[0, 0].get_text() == "-0.95"


def test_names_that_have_no_room_are_turned_and_shortened():
    names = [f"a factor with a long name, number {number}" for number in range(8)]
    display = LoadingsDisplay(np.ones((3, 8)), factor_names=names).plot()
    display.figure_.draw_without_rendering()
    boxes = [label.get_window_extent() for label in display.ax_.get_xticklabels()]
    assert all(left.x1 < right.x0 for left, right in pairwise(boxes))
    assert all(len(label.get_text()) <= 24 for label in display.ax_.get_xticklabels())


def test_cells_without_room_have_no_numbers():
    _, ax = plt.subplots(figsize=(2, 2))
    assert LoadingsDisplay(np.ones((60, 9))).plot(ax).texts_ is None


def test_bad_input_is_named():
    machine = HelmholtzMachine(2, max_iter=1).fit(np.eye(6))
    with pytest.raises(TypeError, match="must be fitted and have components_, got Helmholtz"):
        LoadingsDisplay.from_estimator(machine)
    for loadings in ([], [1.0], [["a"]], [[1.0], [1.0, 2.0]]):
        with pytest.raises(ValueError, match="loadings must be a table of numbers that is not"):
            LoadingsDisplay(loadings)
    with pytest.raises(ValueError, match="loadings must hold finite numbers, got nan"):
        LoadingsDisplay([[np.nan]])
    with pytest.raises(ValueError, match="feature_names must hold 4 names, got 2"):
        LoadingsDisplay(LOADINGS, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="factor_names must hold 2 names, got 1"):
        LoadingsDisplay(LOADINGS, factor_names="a")
    with pytest.raises(ValueError, match="faint_below must be a finite number of at least 0"):
        LoadingsDisplay(LOADINGS).plot(faint_below="0.3")
    with pytest.raises(ValueError, match="limit must be a finite number of at least 0 or None"):
        LoadingsDisplay(LOADINGS, limit=-1)
    assert not plt.get_fignums()
