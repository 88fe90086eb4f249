"""What mixed machines refuse, at every door: one sentence that names column, value and remedy."""

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet
from tests.mixed_machines import table

FRAME = table(40, missing=0.1)
ARRAY = np.column_stack([np.arange(40) % 3, np.arange(40) / 4, np.arange(40) % 4]).astype(float)
ARRAY_KINDS = ["categorical", "real", "ordinal"]


def machine(**params):
    return HelmholtzMachine(2, **{"max_iter": 1, "random_state": 0, **params})


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "lateral"])
def of_frame(request):
    return machine(autoregressive=request.param).fit(FRAME)


@pytest.fixture(scope="module")
def of_array():
    return machine(visible=ARRAY_KINDS).fit(ARRAY)


# In fit

VISIBLE = [
    ({"age": "real"}, ValueError, r"names the column 'age', but those of X are 'job', 'length'"),
    (
        {"job": "poisson"},
        ValueError,
        "names the kind 'poisson' for column 'job', but the kinds are",
    ),
    (["real"] * 5, ValueError, "visible has 5 kinds, but X has 6 columns"),
    ({"length": "bernoulli"}, ValueError, "but 'bernoulli' columns have at most two values"),
    ({"length": "count"}, ValueError, "'count' columns hold whole numbers from 0"),
    ({"length": "categorical"}, ValueError, "numbers of 'categorical' columns must be whole"),
    ({"job": "real"}, ValueError, "holds categories, which cannot be 'real'"),
    ({"job": "bernoulli"}, ValueError, "has 3 levels, but 'bernoulli' columns have two"),
    ({"length": ("real", -1)}, ValueError, "must be a positive finite number"),
    ({"visits": ("count", 2)}, ValueError, "only 'real' columns have one"),
    ("mixes", ValueError, "visible"),
    (3, ValueError, "visible"),
]


@pytest.mark.parametrize(("visible", "error", "sentence"), VISIBLE)
def test_kinds_that_do_not_fit(visible, error, sentence):
    with pytest.raises(error, match=sentence):
        machine(visible=visible).fit(FRAME)


def test_names_of_columns_without_names():
    with pytest.raises(ValueError, match="X has no column names, use numbers"):
        machine(visible={"age": "real"}).fit(ARRAY)


many = pd.Categorical([f"id{k}" for k in range(300)])
BAD_COLUMNS = [
    (["x", "y"] * 20, ValueError, r'astype\(\{"bad": "category"\}\)'),
    (pd.Timestamp("2020-01-01"), TypeError, "dates"),
    (pd.Timedelta(3, "h"), TypeError, "dates"),
    (1j, (TypeError, ValueError), "bad|[Cc]omplex"),
    ([[1, 2]] * 40, TypeError, "bad"),
    (np.inf, ValueError, "holds infinity"),
    (np.nan, ValueError, "Every value of column 6 .'bad'. of X is missing"),
    ([2**60 + 1, 3] * 20, ValueError, "whole numbers must lie between"),
    ([1e308, -1e308, 0.5, 7] * 10, ValueError, "magnitude out of range"),
]


@pytest.mark.parametrize(("values", "error", "sentence"), BAD_COLUMNS)
def test_columns_that_hold_no_numbers(values, error, sentence):
    values = pd.Series(values, index=FRAME.index) if isinstance(values, list) else values
    with pytest.raises(error, match=sentence):
        machine().fit(FRAME.assign(bad=values))


@pytest.mark.parametrize("kind", ["categorical", "ordinal"])
def test_too_many_levels(kind):
    frame = pd.DataFrame({"id": many, "x": np.arange(300) / 7})
    with pytest.raises(ValueError, match=r"'id'.* has 300 levels, but at most 255"):
        machine(visible={"id": kind}).fit(frame)
    with pytest.raises(ValueError, match="more than 255 levels, but at most 255"):
        machine(visible=[kind]).fit(np.arange(300.0)[:, None])


@pytest.mark.parametrize("values", [[1e200, -1e200, 3.5], [1e-200, -1e-200, 3e-200]], ids=str)
def test_gaussian_columns_whose_squares_are_lost(values):
    with pytest.raises(ValueError, match="Column 0 of X has a magnitude out of range"):
        machine(visible={0: "gaussian"}).fit(np.array(values)[:, None])
    assert np.isfinite(machine(visible="mixed").fit(np.array(values)[:, None]).score([[3.5]]))


@pytest.mark.parametrize("visible", ["mixed", ARRAY_KINDS, {0: "categorical"}])
def test_sparse_matrices(visible, of_array):
    sparse = scipy.sparse.csr_matrix(ARRAY)
    for call in (machine(visible=visible).fit, of_array.score, of_array.impute, of_array.transform):
        with pytest.raises(TypeError, match="dense tables only"):
            call(sparse)


def test_what_is_odd_is_accepted():
    frame = FRAME.assign(constant=3.5, single=pd.Categorical(["only"] * 40), none=0)
    model = machine(autoregressive=True).fit(frame)
    assert np.isfinite(model.score(frame))
    assert (model.sample(9, random_state=0)["single"] == "only").all()
    assert model.predict_proba_missing(frame, "single").tolist() == [[1.0]] * 40
    lost = pd.DataFrame({"x": (1e9 + np.arange(40) / 100).astype(np.float32), "y": FRAME["job"]})
    assert np.isfinite(machine().fit(lost).score(lost))
    assert np.isfinite(machine().fit(FRAME.iloc[[0]].dropna(axis=1)).score(
        FRAME.iloc[[0]].dropna(axis=1)))  # fmt: skip


def test_missing_values_of_all_spellings():
    frame = pd.DataFrame({
        "a": pd.array([1, None, 3] * 9, "Int64"), "b": pd.array([True, None, False] * 9, "boolean"),
        "c": pd.Categorical(["x", None, "y"] * 9), "d": [0.5, np.nan, 0.25] * 9,
    })  # fmt: skip
    model = machine().fit(frame)
    assert model.score_samples(frame)[1] == pytest.approx(0, abs=1e-9)
    filled = model.impute(frame, "sample", random_state=0)
    assert (filled.dtypes == frame.dtypes).all()
    assert not filled.isna().any().any()


# Afterwards


def calls(model, frame):
    """Every method that takes a table."""
    return {
        "score": lambda: model.score(frame),
        "score_samples": lambda: model.score_samples(frame),
        "log_likelihood": lambda: model.log_likelihood(frame),
        "free_energy": lambda: model.free_energy(frame),
        "transform": lambda: model.transform(frame),
        "posterior": lambda: model.posterior(frame),
        "impute": lambda: model.impute(frame),
        "predict_proba_missing": lambda: model.predict_proba_missing(frame, "grade"),
    }


WRONG = [
    ({"job": pd.Categorical(["q"] * 40)}, "'job'.* holds 'q', but its levels are 'a', 'b', 'c'"),
    ({"grade": "huge"}, "'grade'.* holds 'huge', but its levels are 'low', 'mid', 'high'"),
    ({"job": 1.0}, "'job'.* holds numbers, but the model was fitted to categories"),
    ({"visits": pd.Categorical(["1"] * 40)}, "'visits'.* holds categories, .* fitted to numbers"),
    ({"visits": -1}, "'visits'.* holds -1.0, but 'count' columns"),
    ({"visits": 2.5}, "'visits'.* holds 2.5, but 'count' columns"),
    ({"length": np.inf}, "'length'.* holds infinity"),
    ({"length": "tall"}, "'length'.* holds 'tall'"),
    ({"flag": 2}, "'flag'.* holds 2.0, but its levels are False, True"),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_values_that_training_did_not_know(of_frame, change, sentence):
    for call in calls(of_frame, FRAME.assign(**change)).values():
        with pytest.raises(ValueError, match=sentence):
            call()


def test_other_columns(of_frame):
    for frame in (FRAME.drop(columns="job"), FRAME[FRAME.columns[::-1]], FRAME.assign(more=1)):
        for call in calls(of_frame, frame).values():
            with pytest.raises(ValueError, match="feature names should match"):
                call()


def test_unknown_levels_count_as_missing_where_they_are_set_to_nan(of_frame):
    odd = FRAME.assign(job=np.nan)
    assert np.isfinite(of_frame.score_samples(odd)).all()
    far = FRAME.assign(length=1e20, visits=10**9)
    assert np.isfinite(of_frame.score_samples(far)).all()
    assert (of_frame.score_samples(far) < -1000).all()


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"job": "q"}, "'job'.* of given holds 'q', but its levels are"),
        ({"visits": -1}, "'visits'.* of given holds -1.0, but 'count'"),
        ({"length": np.inf}, "'length'.* of given holds infinity"),
        ({"length": "tall"}, "'length'.* of given holds 'tall'"),
        ({"size": 3}, "given is labelled size"),
        ([1, 2], r"given must have the shape \(6,\)"),
    ],
)
def test_evidence_that_means_nothing(of_frame, given, sentence):
    with pytest.raises(ValueError, match=sentence):
        of_frame.sample(2, given=given)


@pytest.mark.parametrize("column", ["size", 6, -7, 2.0, True, None])
def test_columns_that_are_not_there(of_frame, column):
    with pytest.raises(ValueError, match="column must be one of"):
        of_frame.predict_proba_missing(FRAME, column)


def test_numbers_have_no_probabilities_of_levels(of_frame):
    for column in ("visits", "length", 5):
        with pytest.raises(ValueError, match=r"has no levels.*use impute or sample"):
            of_frame.predict_proba_missing(FRAME, column)


def test_numbers_that_are_no_level(of_array):
    for value, column in ((7, 0), (0.5, 0), (9, 2), (1.5, 2)):
        X = ARRAY.copy()
        X[3, column] = value
        with pytest.raises(ValueError, match=f"Column {column} of X holds {value:.1f}, but its"):
            of_array.score(X)


@pytest.mark.parametrize("strategy", ["best", "expected", None])
def test_strategies_that_are_not_there(of_frame, strategy):
    with pytest.raises(ValueError, match=r"strategy must be one of .*'median'"):
        of_frame.impute(FRAME, strategy)


def test_expected_data(of_frame):
    assert not hasattr(of_frame, "inverse_transform")
    assert not hasattr(HelmholtzMachine(visible="mixed"), "inverse_transform")
    assert hasattr(HelmholtzMachine(), "inverse_transform")
    with pytest.raises(AttributeError, match="no attribute 'inverse_transform'") as error:
        of_frame.inverse_transform(of_frame.transform(FRAME))
    assert "a mean of categories is nothing" in str(error.value.__cause__)


@pytest.mark.parametrize("visible", ["mixed", {0: "real"}, ["real"] * 2])
def test_machines_of_mixed_columns_from_parameters(visible):
    with pytest.raises(ValueError, match="cannot be made from parameters alone"):
        HelmholtzMachine.from_parameters(
            [[[4.0, 4.0]]], [[-2.0, -2.0], [0.0]], [[[4.0], [4.0]]], [[-4.0]], visible=visible
        )


@pytest.mark.parametrize("autoregressive", [False, True])
@pytest.mark.parametrize("inference", ["exact", "mean-field"])
def test_ways_of_inference_that_know_no_mixed_units(inference, autoregressive):
    net = SigmoidBeliefNet(2, inference=inference, autoregressive=autoregressive, max_iter=1)
    with pytest.raises(ValueError, match=f"inference='{inference}' (needs|cannot)"):
        net.fit(FRAME)


def test_mean_field(of_frame):
    with pytest.raises(ValueError, match="method='mean-field' needs"):
        of_frame.posterior(FRAME, method="mean-field")


def test_gaps_that_chains_cannot_fill(of_frame):
    if of_frame.autoregressive:
        with pytest.raises(ValueError, match="depend on each other are missing"):
            of_frame.posterior(FRAME, method="gibbs")
        with pytest.raises(ValueError, match="depend on each other are missing"):
            of_frame.log_likelihood(FRAME, method="annealed")


def test_other_kinds_when_training_goes_on(of_frame):
    model = machine(warm_start=True).fit(FRAME)
    with pytest.raises(ValueError, match="levels are"):
        model.fit(FRAME.assign(job=pd.Categorical(["new"] * 40)))
    assert np.isfinite(model.score(FRAME))
    with pytest.raises(ValueError, match="visible"):
        model.set_params(visible="gaussian").fit(FRAME)


@pytest.mark.parametrize("shape", [(3,), (), (2, 3, 1), (0, 3), (2, 2)])
def test_tables_of_other_forms(of_array, shape):
    for call in (of_array.score, of_array.impute, of_array.transform):
        with pytest.raises(ValueError, match=r"2D|sample|features"):
            call(np.zeros(shape))
