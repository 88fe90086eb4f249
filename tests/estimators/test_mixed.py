"""HelmholtzMachine of mixed tables: what users get, in whatever form the table comes."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone

from sklearn_helmholtz import HelmholtzMachine
from tests.mixed_machines import table

ORDERS = pytest.mark.parametrize("autoregressive", [False, True], ids=["plain", "lateral"])
LEVELS = {"job": ["a", "b", "c"], "grade": ["low", "mid", "high"]}


def machine(hidden=3, **params):
    return HelmholtzMachine(hidden, **{"max_iter": 3, "random_state": 0, **params})


def as_codes(frame):
    """The same table as an array of numbers."""
    codes = frame.copy()
    for name, levels in LEVELS.items():
        codes[name] = pd.Categorical(frame[name], levels).codes
        codes[name] = codes[name].astype(float).where(codes[name] >= 0)
    return codes.to_numpy(np.float64)


def as_polars(frame):
    columns = {}
    for name in frame:
        values = [None if pd.isna(v) else v for v in frame[name].tolist()]
        kind = pl.Enum(LEVELS[name]) if name in LEVELS else None
        columns[name] = pl.Series(name, values, dtype=kind)
    return pl.DataFrame(columns)


KINDS = {"grade": "ordinal"}
ARRAY_KINDS = ["categorical", "real", "ordinal", "bernoulli", "count", "real"]


@ORDERS
@pytest.mark.parametrize("missing", [0.0, 0.15])
def test_all_forms_of_a_table_give_the_same_bits(autoregressive, missing):
    frame = table(60, missing=missing)
    forms = [(frame, KINDS), (as_polars(frame), KINDS), (as_codes(frame), ARRAY_KINDS)]
    found = []
    for X, visible in forms:
        model = machine(visible=visible, autoregressive=autoregressive).fit(X)
        assert model.kinds_.tolist() == ARRAY_KINDS
        drawn, filled = model.sample(20, random_state=0), model.impute(X, "sample", random_state=0)
        assert type(drawn) is type(filled) is type(X)
        if isinstance(X, pl.DataFrame):
            assert drawn.schema["job"] == filled.schema["job"] == X.schema["job"]
            drawn, filled = (
                pd.DataFrame(answer.to_dict(as_series=False)) for answer in (drawn, filled)
            )
        if isinstance(X, np.ndarray):
            answers = drawn, filled
        else:
            answers = as_codes(drawn), as_codes(filled)
        found.append([model.score_samples(X), model.transform(X), *answers])
    for other in found[1:]:
        for one, two in zip(found[0], other, strict=True):
            assert_array_equal(one, two)


@ORDERS
def test_units_of_measurement_move_scores_by_their_logarithm(autoregressive):
    frame = table(80, missing=0.1)
    X = as_codes(frame)
    for scale, tolerance in ((4.0, 1e-9), (2.54, 1e-9)):
        Z = X.copy()
        Z[:, [1, 5]] *= scale
        models = [
            machine(visible=ARRAY_KINDS, autoregressive=autoregressive).fit(data) for data in (X, Z)
        ]
        assert_allclose(models[1].resolution_, models[0].resolution_ * [1, scale, 1, 1, 1, scale])
        complete = ~np.isnan(X).any(axis=1)  # nothing is drawn for these
        seen = (~np.isnan(X[complete][:, [1, 5]])).sum(axis=1)
        scores, moved = (
            m.score_samples(data[complete]) for m, data in zip(models, (X, Z), strict=True)
        )
        assert_allclose(moved, scores - seen * np.log(scale), rtol=tolerance)
        recorded = [
            m.log_likelihood(data[complete]).log_probability
            for m, data in zip(models, (X, Z), strict=True)
        ]
        assert_allclose(*recorded, rtol=tolerance)


# Where few levels are drawn, the shapes of the tails of their weights mean little.
@pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
@ORDERS
def test_probabilities_as_recorded_are_at_most_one(autoregressive):
    frame = table(60, missing=0.1).drop(columns="noise")
    model = machine(autoregressive=autoregressive).fit(frame)
    result = model.log_likelihood(frame)
    assert (result.log_probability <= 0).all()
    resolution = np.where(np.isin(model.kinds_, ["real"]), model.resolution_, 1)
    volumes = np.where(frame.isna(), 0, np.log(resolution)).sum(axis=1)
    assert_allclose(result.log_probability, result.per_sample + volumes, rtol=1e-12)
    assert_array_equal(model.resolution_, [0, 0.1, 0, 0, 1])
    gaussian = machine(visible={"length": "gaussian"}).fit(frame)
    recorded = gaussian.log_likelihood(frame).log_probability
    assert_array_equal(np.isnan(recorded), frame["length"].notna())


@ORDERS
def test_pickles_answer_the_same(autoregressive):
    frame = table(50, missing=0.1)
    model = machine(autoregressive=autoregressive).fit(frame)
    other = pickle.loads(pickle.dumps(model))
    assert_array_equal(other.score_samples(frame), model.score_samples(frame))
    pd.testing.assert_frame_equal(other.sample(9, random_state=1), model.sample(9, random_state=1))
    assert clone(model).fit(frame).score(frame) == model.score(frame)


@ORDERS
@pytest.mark.parametrize("strategy", ["mean", "median", "mode", "sample"])
def test_imputations_keep_types_and_what_is_observed(autoregressive, strategy):
    frame = table(60, missing=0.2)
    frame["visits"] = frame["visits"].astype("Int64")
    frame.index = np.arange(60)[::-1]
    model = machine(autoregressive=autoregressive).fit(frame)
    filled = model.impute(frame, strategy, random_state=0)
    assert not filled.isna().any().any()
    assert filled.index.equals(frame.index)
    assert (filled.dtypes == frame.dtypes).all() or strategy == "mean"
    for name in frame:
        seen = frame[name].notna()
        assert (filled.loc[seen, name] == frame.loc[seen, name]).all()
    assert filled["job"].cat.categories.tolist() == ["a", "b", "c"]
    if strategy != "mean":
        steps = filled["length"] / 0.1
        assert_allclose(steps, np.round(steps), atol=1e-6)
        assert filled["length"].map(lambda v: len(f"{v!r}")).max() <= 6


def test_several_imputations_differ_where_they_are_drawn():
    frame = table(60, missing=0.2)
    model = machine().fit(frame)
    drawn = model.impute(frame, "sample", n_imputations=3, random_state=0)
    assert len(drawn) == 3
    assert not drawn[0].equals(drawn[1])
    same = model.impute(frame, "mode", n_imputations=2)
    pd.testing.assert_frame_equal(*same)
    model = machine(visible=ARRAY_KINDS).fit(as_codes(frame))
    drawn = model.impute(as_codes(frame), "sample", n_imputations=3, random_state=0)
    assert drawn.shape == (3, 60, 6)
    assert drawn.dtype == np.float64


@ORDERS
def test_samples_are_tables_like_those_of_training(autoregressive):
    frame = table(60)
    model = machine(autoregressive=autoregressive).fit(frame)
    drawn, hidden = model.sample(30, random_state=0, return_latents=True)
    assert (drawn.dtypes == frame.dtypes).all()
    assert hidden[0].shape == (30, 3)
    assert drawn["visits"].min() >= 0
    given = model.sample(5, given={"job": "b", "visits": 4}, random_state=0)
    assert (given["job"] == "b").all()
    assert (given["visits"] == 4).all()
    series = frame.iloc[0].copy()
    series[["grade", "noise"]] = np.nan
    given = model.sample(5, given=series, random_state=0)
    assert (given["length"] == series["length"]).all()
    assert given["noise"].nunique() == 5


@ORDERS
def test_rows_without_values_score_zero(autoregressive):
    frame = table(40)
    model = machine(autoregressive=autoregressive).fit(frame)
    nothing = frame.iloc[:2].astype(object).mask(np.ones((2, 6), bool))
    assert_allclose(model.score_samples(nothing), 0, atol=1e-9)
    assert not model.impute(nothing, "sample", random_state=0).isna().any().any()


@ORDERS
def test_free_energies_are_above_minus_the_score(autoregressive):
    frame = table(60)
    model = machine(15, autoregressive=autoregressive, max_iter=10).fit(frame)
    assert model.free_energy(frame).mean() > -model.score(frame) - 1e-3
    small = machine(3, autoregressive=autoregressive).fit(frame)
    assert (small.free_energy(frame) >= -small.score_samples(frame) - 1e-5).all()


def test_attributes_say_what_columns_are():
    model = machine(autoregressive=True).fit(table(80))
    assert model.visible_ == "mixed"
    assert model.kinds_.tolist() == [
        "categorical", "real", "ordinal", "bernoulli", "count", "real"
    ]  # fmt: skip
    assert [None if c is None else c.tolist() for c in model.categories_] == [
        ["a", "b", "c"], None, ["low", "mid", "high"], [False, True], None, None
    ]  # fmt: skip
    assert {"job=a", "grade>low", "grade>mid", "grade", "flag", "visits"} <= set(model.code_names_)
    assert {"length:location", "length:log-scale", "job=b", "flag"} <= set(model.input_names_)
    assert model.generative_coefs_[0].shape == (3, len(model.input_names_))
    assert model.recognition_coefs_[0].shape == (len(model.code_names_), 3)
    lateral = model.generative_lateral_coefs_[0]
    assert lateral.shape == (len(model.code_names_), len(model.input_names_))
    assert model.code_means_.shape == model.code_names_.shape
    assert model.n_features_in_ == 6
    assert model.get_feature_names_out().tolist() == [f"helmholtzmachine{j}" for j in range(3)]


@ORDERS
def test_the_order_of_columns_matters_to_lateral_machines_alone(autoregressive):
    """A plain machine of other columns first, with the same weights, says the same."""
    from tests.mixed_machines import with_random_weights

    frame = table(50, missing=0.1)
    names = ["noise", "flag", "job", "visits", "grade", "length"]
    one = with_random_weights(machine(autoregressive=autoregressive).fit(frame), scale=0.5)
    two = machine(autoregressive=autoregressive).fit(frame[names])
    model = with_weights_by_name(two, one)
    if not autoregressive:
        assert_allclose(model.score_samples(frame[names]), one.score_samples(frame), rtol=1e-5)
    complete = frame.notna().all(axis=1)
    differ = model.score_samples(frame[names][complete]) - one.score_samples(frame[complete])
    assert (abs(differ).max() > 0.1) == autoregressive


def with_weights_by_name(model, other):
    """The first model with the weights of another, which has its columns in another order."""
    import dataclasses

    from sklearn_helmholtz import _tree
    from sklearn_helmholtz.estimators.attributes import fitted_attributes

    inputs = [other.input_names_.tolist().index(name) for name in model.input_names_]
    codes = [other.code_names_.tolist().index(name) for name in model.code_names_]
    net, source = _tree.copy(model._model.machine), other._model.machine
    net.visible.map.weights[...] = source.visible.map.weights[:, inputs]
    net.visible.map.intercept[...] = source.visible.map.intercept[inputs]
    up, up_source = net.recognition.conditionals[0], source.recognition.conditionals[0]
    up.map.weights[...] = up_source.map.weights[codes]
    up.map.intercept[...] = up_source.map.intercept
    prior, prior_source = net.generation.conditionals[0], source.generation.conditionals[0]
    prior.map.intercept[...] = prior_source.map.intercept
    changed = dataclasses.replace(model._model, machine=net)
    model._become({**vars(model), **fitted_attributes(changed)})
    return model
