"""Bars and histograms of imputations are those of plain counts."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from matplotlib import pyplot as plt
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.impute import SimpleImputer

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine, LatentImputer
from sklearn_helmholtz.plotting import ImputationDisplay
from tests import mixed_frames

RNG = np.random.default_rng(0)
NORMAL = RNG.normal(size=(80, 3))
GAPS = np.where(RNG.random(NORMAL.shape) < [0.3, 0.1, 0], np.nan, NORMAL)
DRAWS = np.where(np.isnan(GAPS), RNG.normal(1, 2, (4, 80, 3)), GAPS)


@pytest.fixture(scope="module")
def mixed():
    """A table with gaps in columns of all kinds, and a machine that was fitted to it."""
    frame = mixed_frames.frame(120, gaps=0.2)
    frame = frame.astype({"sex": "category", "job": "category", "n": "Int64"})
    return frame, HelmholtzMachine(2, max_iter=2, random_state=0).fit(frame)


def test_real_columns_are_densities(style):
    display = ImputationDisplay.from_predictions(GAPS, DRAWS)
    display.figure_.canvas.draw()
    assert [column.name for column in display.columns_] == ["x0", "x1"]
    missing = np.isnan(GAPS[:, 0])
    for artist, values in (
        (display.observed_[0], GAPS[~missing, 0]),
        (display.imputed_[0], DRAWS[:, missing, 0].ravel()),
    ):
        heights, edges, _ = artist.get_data()
        assert_allclose(heights, np.histogram(values, edges, density=True)[0])
        assert edges[0] <= values.min() <= values.max() <= edges[-1]
    assert display.axes_[0].get_title() == f"x0: {missing.sum()} missing"
    assert display.axes_[0].get_ylabel() == "density"


def test_bands_are_ranges_over_imputations():
    display = ImputationDisplay.from_predictions(GAPS, DRAWS, columns=[0])
    _, band, mean = display.ax_.patches
    edges = mean.get_data().edges
    draws = DRAWS[:, np.isnan(GAPS[:, 0]), 0]
    each = [np.histogram(values, edges, density=True)[0] for values in draws]
    assert_allclose(band.get_data().values, np.max(each, axis=0))
    assert_allclose(band.get_data().baseline, np.min(each, axis=0))
    single = ImputationDisplay.from_predictions(GAPS, DRAWS[0], columns=[0])
    assert len(single.ax_.patches) == 2


def test_columns_of_levels_are_bars_of_shares(mixed, style):
    frame, machine = mixed
    display = ImputationDisplay.from_estimator(machine, frame, n_imputations=3, random_state=0)
    display.figure_.canvas.draw()
    tables = machine.impute(frame, "sample", n_imputations=3, random_state=0)
    assert [column.name for column in display.columns_] == list(frame.columns)
    for place, name in ((0, "sex"), (1, "job"), (2, "grade")):
        labels = [label.get_text() for label in display.axes_[place].get_xticklabels()]
        observed = frame[name].value_counts(normalize=True)
        missing = frame[name].isna()
        each = [table.loc[missing, name].value_counts(normalize=True) for table in tables]
        for number, label in enumerate(labels):
            level = label if place < 2 else float(label)
            assert display.observed_[place][number].get_height() == pytest.approx(
                observed.get(level, 0)
            )
            shares = [counts.get(level, 0) for counts in each]
            assert display.imputed_[place][number].get_height() == pytest.approx(np.mean(shares))
            whisker = display.imputed_[place].errorbar[2][0].get_segments()[number]
            assert_allclose(whisker[:, 1], [min(shares), max(shares)], atol=1e-12)
    assert display.columns_[0].levels == ["f", "m"]
    assert display.columns_[4].levels is None  # real


def test_levels_keep_the_order_of_their_type():
    kind = pd.CategoricalDtype(["low", "middle", "high"], ordered=True)
    X = pd.DataFrame({"a": pd.Series(["low", None, "high", None], dtype=kind)})
    filled = X.fillna("middle")
    display = ImputationDisplay.from_predictions(X, filled)
    labels = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert labels == ["low", "middle", "high"]
    assert [bar.get_height() for bar in display.observed_[0]] == [0.5, 0, 0.5]
    assert [bar.get_height() for bar in display.imputed_[0]] == [0, 1, 0]
    assert display.imputed_[0].errorbar is None


def test_text_of_other_imputers_is_taken(style):
    X = np.array([["a", 1.0], [np.nan, 2.0], ["b", np.nan], ["b", 2.0]], dtype=object)
    filled = SimpleImputer(strategy="most_frequent").fit_transform(X)
    display = ImputationDisplay.from_predictions(X, [filled])
    assert [bar.get_height() for bar in display.imputed_[0]] == [0, 1]
    assert [bar.get_height() for bar in display.observed_[1]] == pytest.approx([1 / 3, 2 / 3])


def test_frames_of_polars_are_taken():
    polars = pytest.importorskip("polars")
    X = polars.DataFrame({"a": ["u", None, "v"], "b": [1.5, None, 2.0]})
    X = X.with_columns(polars.col("a").cast(polars.Enum(["v", "u"])))
    filled = X.with_columns(polars.col("a").fill_null("u"), polars.col("b").fill_null(1.0))
    display = ImputationDisplay.from_predictions(X, filled)
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == ["v", "u"]
    assert [bar.get_height() for bar in display.imputed_[0]] == [0, 1]
    assert_array_equal(display.columns_[1].imputed, [[1.0]])


def test_the_rarest_of_many_levels_are_one_bar():
    values = np.repeat(np.arange(20), np.arange(1, 21)).astype(str).astype(object)
    X = pd.DataFrame({"a": [None, *values]})
    display = ImputationDisplay.from_predictions(X, X.fillna("19"))
    names = [label.get_text() for label in display.ax_.get_xticklabels()]
    assert len(names) == 12
    assert names[-1] == "others"
    heights = [bar.get_height() for bar in display.observed_[0]]
    assert sum(heights) == pytest.approx(1)
    assert heights[-1] == pytest.approx(np.arange(1, 10).sum() / 210)


def test_whole_numbers_have_bins_of_whole_numbers():
    X = np.r_[np.arange(30.0), np.nan][:, None]
    edges = ImputationDisplay.from_predictions(X, np.nan_to_num(X)).imputed_[0].get_data().edges
    assert edges[0] == -0.5
    assert len(set(np.diff(edges))) == 1
    assert (edges[1] - edges[0]).is_integer()


def test_a_column_without_observed_values_has_imputed_ones_only(style):
    X = np.array([[np.nan, 1.0], [np.nan, 2.0]])
    display = ImputationDisplay.from_predictions(X, np.array([[0.5, 1], [0.25, 2]]))
    display.figure_.canvas.draw()
    assert not display.observed_[0].get_data().values.any()


def test_chosen_columns_are_drawn_in_given_axes(mixed):
    frame, machine = mixed
    _, axes = plt.subplots(1, 2)
    options = {"n_imputations": 2, "random_state": 0}
    display = ImputationDisplay.from_estimator(machine, frame, columns=["x", 0], ax=axes, **options)
    assert [column.name for column in display.columns_] == ["x", "sex"]
    assert list(display.axes_) == list(axes)
    _, ax = plt.subplots()
    assert ImputationDisplay.from_predictions(GAPS, DRAWS, columns=1, ax=ax).ax_ is ax
    assert len(plt.get_fignums()) == 2


def test_draws_of_factor_models_are_those_of_impute():
    model = FactorAnalysis(1).fit(GAPS)
    display = ImputationDisplay.from_estimator(model, GAPS, n_imputations=2, random_state=3)
    draws = model.impute(GAPS, "sample", n_imputations=2, random_state=3)
    missing = np.isnan(GAPS[:, 1])
    assert_array_equal(display.columns_[1].imputed, draws[:, missing, 1])


@pytest.mark.parametrize("add_indicator", [False, True])
def test_draws_of_an_imputer_are_its_multiple_imputations(add_indicator):
    imputer = LatentImputer(FactorAnalysis(1), add_indicator=add_indicator).fit(GAPS)
    display = ImputationDisplay.from_estimator(imputer, GAPS, n_imputations=2, random_state=3)
    draws = np.array(imputer.multiple_imputations(GAPS, 2, random_state=3))
    assert_array_equal(display.columns_[1].imputed, draws[:, np.isnan(GAPS[:, 1]), 1])


def test_an_imputer_of_a_frame_draws_its_levels(mixed):
    frame, machine = mixed
    imputer = LatentImputer(machine, add_indicator=True).fit(frame)
    display = ImputationDisplay.from_estimator(imputer, frame, n_imputations=2, random_state=0)
    drawn = {column.name: column.levels is not None for column in display.columns_}
    assert drawn["sex"]
    assert not drawn["x"]
    empty = frame.assign(x=np.nan)
    with pytest.warns(UserWarning, match="Skipping features"):
        imputer.fit(empty)
    with pytest.raises(ValueError, match=r"imputations\[0\] must have 120 rows and"):
        ImputationDisplay.from_estimator(imputer, empty, n_imputations=1)


def test_bad_input_is_named_before_anything_is_drawn_or_sampled():
    class Sampler:
        def impute(self, *args, **kwargs):
            raise AssertionError("sampled")

    from_estimator, from_predictions = (
        ImputationDisplay.from_estimator, ImputationDisplay.from_predictions
    )  # fmt: skip
    with pytest.raises(ValueError, match="X has no missing values: there are no imputed ones"):
        from_estimator(Sampler(), NORMAL)
    with pytest.raises(ValueError, match="n_imputations must be an integer of at least 1, got 0"):
        from_estimator(Sampler(), GAPS, n_imputations=0)
    for column in ("a", 3, -1, True, 1.5):
        with pytest.raises(ValueError, match="columns must hold names of X or numbers from 0 to 2"):
            from_estimator(Sampler(), GAPS, columns=[column])
    with pytest.raises(ValueError, match="columns must have missing values, but 2 has none"):
        from_estimator(Sampler(), GAPS, columns=[2])
    with pytest.raises(ValueError, match="columns must name at least one column, got none"):
        from_estimator(Sampler(), GAPS, columns=[])
    with pytest.raises(ValueError, match="ax must hold 2 Axes, one for each column drawn, got 1"):
        from_estimator(Sampler(), GAPS, ax=plt.figure().add_subplot())
    with pytest.raises(TypeError, match="ax must be a matplotlib Axes or None, got int"):
        from_estimator(Sampler(), GAPS, ax=[3, 4])
    plt.close("all")
    with pytest.raises(TypeError, match="fitted and have impute or multiple_imputations, got 3"):
        from_estimator(3, GAPS)
    with pytest.raises(TypeError, match="X is a sparse matrix"):
        from_predictions(scipy.sparse.csr_array(GAPS), DRAWS)
    with pytest.raises(ValueError, match=r"imputations\[0\] must have 80 rows and 3 columns as X"):
        from_predictions(GAPS, DRAWS[:, :9])
    with pytest.raises(ValueError, match=r"Column 0 of imputations\[0\] has missing values left"):
        from_predictions(GAPS, GAPS)
    with pytest.raises(ValueError, match="imputations must hold at least one table, got none"):
        from_predictions(GAPS, [])
    with pytest.raises(ValueError, match=r"imputations must be a table, .* got shape \(3,\)"):
        from_predictions(GAPS, [1, 2, 3])
    assert not plt.get_fignums()


def test_tables_in_another_order_are_refused():
    frame = pd.DataFrame([[1.0, np.nan], [np.nan, 4.0], [5.0, 6.0]], columns=["a", "b"])
    filled = frame.fillna(0.0)
    for other, what in ((filled[["b", "a"]], "columns"), (filled[::-1], "rows")):
        with pytest.raises(ValueError, match=f"has the {what} of X in another order"):
            ImputationDisplay(frame, other)
    names = [column.name for column in ImputationDisplay(frame, filled.to_numpy()).columns_]
    assert names == ["a", "b"]
