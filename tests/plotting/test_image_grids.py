"""The displays draw what they say they draw."""

import sys

import matplotlib as mpl
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.decomposition import NMF, PCA, MiniBatchDictionaryLearning
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import (
    DeepBoltzmannMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
)
from sklearn_helmholtz.plotting import ReceptiveFieldsDisplay, SamplesDisplay
from tests import mixed_frames

X = np.random.default_rng(0).integers(0, 2, (40, 6)).astype(np.uint8)
RNG = np.random.default_rng(1)
NORMAL = RNG.normal(size=(200, 3)) @ RNG.normal(size=(3, 12)) + RNG.normal(size=(200, 12))


class Painter:
    """Something that returns rows as samples."""

    def __init__(self, rows):
        self.rows, self.asked = rows, []

    def sample(self, n_samples, random_state=None):
        self.asked.append(n_samples)
        return self.rows


@pytest.fixture(scope="module")
def machine():
    return HelmholtzMachine((5, 3), max_iter=2, random_state=0).fit(X)


@pytest.fixture(scope="module")
def factors():
    return FactorAnalysis(3).fit(NORMAL)


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


def test_limits_of_samples_of_both_signs_contain_all_but_a_few(factors):
    display = SamplesDisplay.from_estimator(factors, (3, 4), n_samples=500, random_state=0)
    low, high = display.image_.get_clim()
    inside = (display.images >= low) & (display.images <= high)
    assert 0.99 <= inside.mean() < 1
    assert low == -high < 0
    assert high == np.quantile(abs(display.images), 0.99, method="inverted_cdf")


@pytest.mark.parametrize(
    ("values", "limits"),
    [
        ([0, 1, 1, 0], (0, 1)),
        ([False, False, False, True], (0, 1)),
        ([0, 0, 0, 0], (0, 1)),
        ([3, 3, 3, 3], (0, 3)),
        ([-3, -3, -3, -3], (-3, 3)),
        ([2, 5, 9, 16], (0, 16)),
        ([-2, 5, 9, 16], (-16, 16)),
        ([0, np.nan, np.inf, 4], (0, 4)),
        ([np.nan] * 4, (0, 1)),
    ],
)
def test_limits_of_a_few_values(values, limits):
    display = SamplesDisplay(np.reshape(values, (1, 2, 2))).plot()
    display.figure_.canvas.draw()
    assert display.image_.get_clim() == limits


@pytest.mark.parametrize(("value", "limits"), [(7, (0, 7)), (-7, (-7, 7))])
def test_a_value_among_hundreds_of_zeros_is_seen(value, limits):
    images = np.zeros((10, 5, 5))
    images[3, 2, 2] = value
    assert SamplesDisplay(images).plot().image_.get_clim() == limits
    assert ReceptiveFieldsDisplay(images).plot().image_.get_clim() == limits


def test_given_limits_are_taken():
    images = np.arange(12.0).reshape(1, 2, 2, 3)
    assert SamplesDisplay(images[..., 0]).plot(vmin=-1, vmax=20).image_.get_clim() == (-1, 20)
    drawn = SamplesDisplay(images).plot(vmin=-4, vmax=12).image_.get_array()
    assert_allclose(drawn[..., :3], (images[0] + 4) / 16)
    norm = mpl.colors.LogNorm(1, 9)
    assert SamplesDisplay(images[..., 0]).plot(norm=norm).image_.norm is norm


def test_small_integers_do_not_wrap():
    images = np.full((1, 2, 2), -128, dtype=np.int8)
    assert ReceptiveFieldsDisplay(images).plot().image_.get_clim() == (-128, 128)
    painter = Painter(np.zeros((200, 256)))
    shape = (np.uint8(16), np.uint8(16))
    display = SamplesDisplay.from_estimator(
        painter, shape, n_samples=np.uint8(200), n_columns=np.uint8(20)
    )
    assert display.image_.get_array().shape == (10 * 17 - 1, 20 * 17 - 1)
    assert [(type(n), n) for n in painter.asked] == [(int, 200)]


@pytest.mark.parametrize("n_channels", [3, 4])
def test_colours_are_scaled_by_common_limits(n_channels):
    rows = np.random.default_rng(2).integers(0, 256, (5, 6 * n_channels)).astype(np.uint8)
    display = SamplesDisplay.from_estimator(Painter(rows), (2, 3, n_channels))
    grid, images = display.image_.get_array(), rows.reshape(5, 2, 3, n_channels)
    high = np.quantile(rows, 0.99, method="inverted_cdf")
    assert grid.shape[2] == 4
    assert_allclose(grid[0:2, 4:7, :n_channels], np.minimum(images[1] / high, 1))
    assert_array_equal(grid[0:2, 4:7, n_channels:], 1)
    assert_array_equal(grid[:, 3], 0)  # transparent


def test_missing_values_of_colours_are_white():
    images = np.array([[[[np.nan, 0.5, 1.0], [0.0, 0.25, 1.0]]]])
    display = SamplesDisplay(images).plot()
    display.figure_.canvas.draw()
    assert_allclose(display.image_.get_array(), [[[1, 0.5, 1, 1], [0, 0.25, 1, 1]]])


@pytest.mark.parametrize("n_channels", [3, 4])
def test_fields_of_colours_are_symmetric_about_grey(n_channels):
    images = np.array([0, -2, 2, 1], dtype=float)[:n_channels].reshape(1, 1, 1, n_channels)
    drawn = ReceptiveFieldsDisplay(images).plot().image_.get_array()
    assert_allclose(drawn, [[[0.5, 0, 1, 1]]])


def test_fields_of_factors_are_their_loadings(factors):
    display = ReceptiveFieldsDisplay.from_estimator(factors, (2, 2, 3), n_fields=np.uint8(2))
    largest = np.argsort(-(factors.components_**2).sum(axis=1))[:2]
    assert_array_equal(display.images.reshape(2, 12), factors.components_[largest])


def test_an_int_is_the_shape_of_a_square():
    painter = Painter(np.arange(18.0).reshape(2, 9))
    display = SamplesDisplay.from_estimator(painter, np.int64(3))
    assert_array_equal(display.images, np.arange(18.0).reshape(2, 3, 3))


def test_a_line_goes_around_every_picture():
    display = SamplesDisplay(np.zeros((3, 2, 4))).plot(n_columns=2)
    paths = np.array(display.edges_.get_segments())
    corners = [[-0.5, -0.5], [3.5, -0.5], [3.5, 1.5], [-0.5, 1.5], [-0.5, -0.5]]
    assert_array_equal(paths, [np.add(corners, shift) for shift in ([0, 0], [5, 0], [0, 3])])


@pytest.mark.parametrize(
    "estimator",
    [PCA(3), NMF(3), BernoulliRBM(3, n_iter=1), MiniBatchDictionaryLearning(3, max_iter=1)],
    ids=lambda estimator: type(estimator).__name__,
)
def test_fields_of_other_estimators_are_their_components(estimator):
    fields = ReceptiveFieldsDisplay.from_estimator(estimator.fit(X.astype(float)), (2, 3)).images
    components = estimator.components_
    largest = np.argsort(-(components**2).sum(axis=1))
    assert_array_equal(fields.reshape(3, 6), components[largest])


def test_colour_maps_go_with_signs_and_with_the_paper():
    images = np.arange(4.0).reshape(1, 2, 2)
    for style, diverging in (("default", "RdBu_r"), ("dark_background", "berlin")):
        with mpl.pyplot.style.context(style):
            assert SamplesDisplay(images).plot().image_.get_cmap().name == "gray_r"
            assert SamplesDisplay(images - 1).plot().image_.get_cmap().name == diverging
            assert (
                ReceptiveFieldsDisplay(images - 1).plot(cmap="bwr").image_.get_cmap().name == "bwr"
            )


def test_samples_of_mixtures_come_without_their_labels():
    mixture = GaussianMixture(2, random_state=0).fit(NORMAL)
    display = SamplesDisplay.from_estimator(mixture, (3, 4), n_samples=5)
    assert display.images.shape == (5, 3, 4)
    with pytest.raises(ValueError, match="random_state must be None for GaussianMixture, whose"):
        SamplesDisplay.from_estimator(mixture, (3, 4), random_state=0)


def test_mixed_tables_are_no_images():
    frame = mixed_frames.frame(50).astype({"sex": "category", "job": "category"})
    machine = HelmholtzMachine(2, max_iter=1, random_state=0).fit(frame)
    with pytest.raises(TypeError, match="column 0 of this mixed table has categories"):
        SamplesDisplay.from_estimator(machine, (1, 5))
    with pytest.raises(TypeError, match=r"The 5 columns .* inputs, .* LatentGraphDisplay draws"):
        ReceptiveFieldsDisplay.from_estimator(machine, (1, 5))


def test_fields_of_latents_go_through_the_decoder():
    machine = GaussianHelmholtzMachine(2, hidden_layer_sizes=3, max_iter=1, random_state=0)
    below, above = machine.fit(np.eye(6)).decoder_coefs_
    fields = ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), layer=2).images
    expected = above @ below
    order = np.argsort(-np.square(expected).sum(axis=1), kind="stable")
    assert_allclose(fields.reshape(2, 6), expected[order], rtol=1e-6)


def test_samples_may_be_a_data_frame():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(NORMAL)
    display = SamplesDisplay.from_estimator(Painter(frame), (3, 4))
    assert_array_equal(display.images.reshape(200, 12), NORMAL)


@pytest.mark.parametrize("display", [SamplesDisplay, ReceptiveFieldsDisplay])
@pytest.mark.parametrize(
    "shape",
    [6, 6.0, None, "23", (6,), (2.0, 3.0), (-2, -3), (True, 6), (2, 3, 1), (1, 2, 3, 1), (2, 2)],
)
def test_image_shape_is_named(display, machine, shape):
    with pytest.raises(ValueError, match="image_shape must"):
        display.from_estimator(machine, shape)
    assert not mpl.pyplot.get_fignums()


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
def test_counts_are_named(machine, value):
    painter, image = Painter(X), np.zeros((1, 2, 3))
    for name in ("n_samples", "n_columns"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got"):
            SamplesDisplay.from_estimator(painter, (2, 3), **{name: value})
    for name in ("n_fields", "n_columns", "layer"):
        with pytest.raises(ValueError, match=f"{name} must be an integer of at least 1, got"):
            ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), **{name: value})
    for display in (SamplesDisplay(image), ReceptiveFieldsDisplay(image)):
        with pytest.raises(ValueError, match="n_columns must be an integer of at least 1, got"):
            display.plot(n_columns=value)
    assert not painter.asked
    assert not mpl.pyplot.get_fignums()


def test_axes_are_named(machine):
    painter, (_, axes) = Painter(X), mpl.pyplot.subplots(1, 2)
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None, got ndarray"):
        SamplesDisplay.from_estimator(painter, (2, 3), ax=axes)
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None, got ndarray"):
        ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), ax=axes)
    assert not painter.asked


def test_layer_is_one_that_there_is(machine, factors):
    ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), layer=np.uint8(2))
    with pytest.raises(ValueError, match="layer must be between 1 and 2, got 3"):
        ReceptiveFieldsDisplay.from_estimator(machine, (2, 3), layer=3)
    with pytest.raises(ValueError, match="layer must be 1, the only one, got 2"):
        ReceptiveFieldsDisplay.from_estimator(factors, (3, 4), layer=2)


@pytest.mark.parametrize("display", [SamplesDisplay, ReceptiveFieldsDisplay])
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((2, 3)),
        np.zeros((1, 2, 3, 2)),
        np.zeros((0, 2, 3)),
        np.zeros((1, 0, 3)),
        [[[1.0], [1.0, 2.0]]],
        np.full((1, 2, 3), "1"),
        np.zeros((1, 2, 3), dtype=complex),
    ],
)
def test_images_are_named(display, images):
    with pytest.raises(ValueError, match="images must be"):
        display(images)


def test_estimators_are_named():
    logistic = LogisticRegression().fit(X, X[:, 0])
    with pytest.raises(TypeError, match="estimator must be fitted and have sample, got Logistic"):
        SamplesDisplay.from_estimator(logistic, (2, 3))
    with pytest.raises(TypeError, match=r"estimator must .* decoder_coefs_ or components_, got"):
        ReceptiveFieldsDisplay.from_estimator(logistic, (2, 3))
    for display in (SamplesDisplay, ReceptiveFieldsDisplay):
        with pytest.raises(NotFittedError, match="not fitted"):
            display.from_estimator(FactorAnalysis(), (2, 3))
        with pytest.raises(TypeError, match="estimator must be fitted"):
            display.from_estimator(FactorAnalysis, (2, 3))


def test_without_matplotlib_the_extra_is_named(machine, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(ImportError, match=r"sklearn-helmholtz\[plotting\]"):
        SamplesDisplay.from_estimator(machine, (2, 3))


@pytest.mark.parametrize("layer", [1, 2])
def test_fields_of_deep_boltzmann_machines_are_their_weights_down(layer):
    rng = np.random.default_rng(0)
    coefs = [rng.normal(size=(6, 3)), rng.normal(size=(3, 2))]
    deep = DeepBoltzmannMachine.from_parameters(coefs, [np.zeros(n) for n in (6, 3, 2)])
    display = ReceptiveFieldsDisplay.from_estimator(deep, (2, 3), layer=layer)
    fields = coefs[0].T if layer == 1 else (coefs[0] @ coefs[1]).T
    largest = np.argsort(-(fields**2).sum(axis=1))
    assert_allclose(display.images.reshape(-1, 6), fields[largest], rtol=1e-5)
