"""Odd values for every parameter and every method: they work, or an error names what is wrong."""

import datetime
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sklearn_helmholtz import FactorAnalysis, HeldOutLikelihood, HelmholtzMachine, SigmoidBeliefNet
from tests.shells import BINARY, REAL, binary_rows, fitted_state, real_rows

B, R = binary_rows(24), real_rows(24)
PARAMS = {
    HelmholtzMachine: {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0},
    SigmoidBeliefNet: {"hidden_layer_sizes": 2, "max_iter": 1, "random_state": 0},
    FactorAnalysis: {"n_components": 1, "max_iter": 20},
}
# Whose size is somebody's time or memory: what is meant is done, however long it takes.
COSTLY = {"hidden_layer_sizes", "n_inference_steps", "n_particles", "n_importance_samples"}
COSTLY |= {"n_samples", "n_sweeps", "n_temperatures", "n_imputations"}
EVERY = settings(
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


def numpy_numbers():
    small = st.integers(-3, 100)
    whole = [np.int8, np.uint8, np.int16, np.uint32, np.int64, np.uint64]
    parts = [np.float16, np.float32, np.float64, np.longdouble, np.bool_]
    return st.builds(
        lambda kind, value: kind(abs(value) if kind in (np.uint8, np.uint32, np.uint64) else value),
        st.sampled_from(whole + parts),
        small,
    )


def odd_values():
    return st.one_of(
        st.sampled_from([None, True, False, np.nan, np.inf, -np.inf, 1e300, 1j, (), [], {}]),
        st.sampled_from(["auto", "all", "exact", "", b"x", (3,), (2, 0), [2.5], ["a"], range(4)]),
        st.sampled_from([np.array(3), np.array([3, 2]), pd.Series([2]), object(), len]),
        st.sampled_from([np.random.RandomState(0), np.random.default_rng(0)]),
        st.integers(-5, 150),
        st.sampled_from([2**31, 2**32, 2**63, 10**30, -(2**63)]),
        st.floats(-2, 2),
        numpy_numbers(),
        st.text(max_size=3),
        st.lists(st.integers(-1, 3), max_size=3),
    )  # fmt: skip


def is_huge(value):
    try:
        return abs(complex(value)) > 200
    except (TypeError, ValueError, OverflowError):
        return False


def works_or_names(call, *names):
    """Whether a call works; asserts that it else refuses in a sentence that names one of some."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            call()
        except (ValueError, TypeError) as error:
            refusal = f"{type(error).__name__}: {error}"
        else:
            return True
    assert any(name in refusal for name in names), refusal
    return False


def use(model, X):
    """Call what a model has."""
    model.score(X)
    model.inverse_transform(model.transform(X))
    model.sample(2, random_state=0)
    model.impute(np.where(X[0] == X, np.nan, X)[1:])
    model.posterior(X[:2], n_samples=2, random_state=0)
    model.get_feature_names_out()


@pytest.mark.parametrize(
    ("kind", "name"), [(kind, name) for kind in PARAMS for name in kind().get_params()]
)
def test_every_parameter_with_odd_values(kind, name):
    X = R if kind is FactorAnalysis else B
    stop = {} if kind is FactorAnalysis else {"monitor": lambda *_: True}
    fitted = kind(**PARAMS[kind]).fit(X)

    @settings(EVERY, max_examples=7)
    @given(odd_values())
    def check(value):
        if name in COSTLY and is_huge(value):
            return
        model = kind(**{**PARAMS[kind], name: value})
        if works_or_names(lambda: model.fit(X, **stop), name):
            works_or_names(lambda: use(model, X), name)
        else:
            assert not fitted_state(model)
        later = kind(**PARAMS[kind])
        later.__setstate__(fitted.__getstate__())
        works_or_names(lambda: use(later.set_params(**{name: value}), X), name)
        works_or_names(lambda: later.partial_fit(X), name)

    check()


MODELS = {"machine": BINARY["large"], "net": BINARY["mean-field"], "factors": REAL["factors"]}
COUNTS = {
    "sample": ["n_samples"],
    "posterior": ["n_samples", "n_importance_samples", "n_sweeps", "method"],
    "impute": ["n_imputations", "n_importance_samples", "strategy"],
    "log_likelihood": ["n_importance_samples", "n_temperatures", "method"],
    "log_likelihood_bounds": ["n_samples", "n_importance_samples", "n_temperatures", "method"],
}
ONLY_MACHINES = {"n_importance_samples", "n_temperatures", "n_sweeps"}


@pytest.mark.parametrize("shell", MODELS)
@pytest.mark.parametrize(("method", "name"), [(m, name) for m in COUNTS for name in COUNTS[m]])
def test_every_argument_with_odd_values(shell, method, name):
    if shell == "factors" and name in ONLY_MACHINES:
        return
    X = R if shell == "factors" else B
    model, gappy = MODELS[shell]().fit(X), np.where(X[0] == X, np.nan, X)[1:]
    arguments = () if method.startswith(("sample", "log_likelihood_b")) else (gappy,)
    scores = model.score_samples(X)

    @settings(EVERY, max_examples=8)
    @given(odd_values())
    def check(value):
        if not (name in COSTLY and is_huge(value)):
            call = getattr(model, method)
            works_or_names(lambda: call(*arguments, **{name: value}), name)

    check()
    assert np.array_equal(model.score_samples(X), scores)


@settings(EVERY, max_examples=60)
@given(st.sampled_from(["every", "method", "n_importance_samples", "n_temperatures"]), odd_values())
def test_every_argument_of_a_monitor(name, value):
    made = []
    if works_or_names(lambda: made.append(HeldOutLikelihood(**{name: value})), name):
        assert getattr(made[0], name) == value


# Odd tables


def odd_entries():
    return st.one_of(
        st.sampled_from([0, 1, 0.5, -1, 2, np.nan, None, pd.NA, np.inf, 1e300, 1e-300, 1e16]),
        st.sampled_from(["1", "a", "", b"1", True, 1j, {}, datetime.date(2020, 1, 1)]),
        st.sampled_from([pd.Timestamp("2020"), np.datetime64("2020"), np.ma.masked, (1,), 10**400]),
    )


def odd_lists():
    row = st.lists(odd_entries(), min_size=3, max_size=5)
    return st.one_of(st.lists(row, max_size=4), row)


def forms_of(X):
    """Tables in every form, and what is none."""
    csr, frame = scipy.sparse.csr_matrix(X), pd.DataFrame(X, columns=list("abcd"))
    arrays = [
        X[None], X[:0], X[:, :0], X[0], X[:, :3], np.c_[X, X], X.astype(object), X.astype(str),
        X > 0, X.astype(np.int8), X.astype(np.float16), X.astype(np.longdouble), X * np.nan,
        np.asfortranarray(X), np.repeat(X, 2, axis=1)[::-1, ::2], X * 1e300, X + 1j,
        np.where(np.arange(4) == 1, np.inf, X), np.full(X.shape, np.datetime64("2020")),
        np.full(X.shape, np.timedelta64(1)), np.ma.masked_array(X, X > 0.5),
        np.ma.masked_array(X, True), np.asmatrix(X), np.zeros(3, [("a", float), ("b", float)]),
    ]  # fmt: skip
    frames = [
        frame, frame[list("dcba")], frame.set_axis(list("aabc"), axis=1), frame.iloc[:, :3],
        frame.astype("Float64").mask(frame > 0), frame.assign(b="x"), frame.astype("category"),
        frame.iloc[0], pd.DataFrame(), pd.DataFrame.sparse.from_spmatrix(csr), pl.DataFrame(X),
        pl.DataFrame({"a": [[1]] * 3}), pl.DataFrame(X).lazy(), pl.DataFrame({"a": [None] * 3}),
    ]  # fmt: skip
    sparse = [
        csr.astype(int), csr > 0, csr * 1j, csr[:0], csr.tocoo(), csr.todok(), csr.tolil(),
        csr.todia(), scipy.sparse.coo_array(X[0]),
    ]  # fmt: skip
    others = [None, 3, "text", {"a": 1}, {1}, iter(X), object, [np.ma.masked_array(X[0], True)]]
    return [*arrays, *frames, *sparse, *others]


WORDS = ["X", "array", "Column", "column", "features", "feature names", "samples", "parse"]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize("shell", [*BINARY, *REAL])
def test_every_method_with_odd_tables(shell):
    make, X = (BINARY[shell], B) if shell in BINARY else (REAL[shell], R)
    fitted = make().fit(X)
    methods = ["transform", "score_samples", "log_likelihood", "impute", "posterior", "kl_gap"]
    if shell == "gibbs":
        methods.remove("kl_gap")

    def check(table):
        for method in methods:
            works_or_names(lambda method=method: getattr(fitted, method)(table), *WORDS)
        works_or_names(lambda: fitted.inverse_transform(table), *WORDS)
        works_or_names(lambda: fitted.sample(2, given=table), "given")
        works_or_names(lambda: make().fit(table), *WORDS)
        if shell == "factors":
            works_or_names(lambda: make().fit(X, sample_weight=table), "sample_weight")
        else:
            works_or_names(lambda: make().fit(X, X_val=table), *WORDS)

    for form in forms_of(X)[:: 1 if shell in ("machine", "factors") else 5]:
        check(form)

    @settings(EVERY, max_examples=8)
    @given(odd_lists())
    def check_lists(table):
        check(table)

    check_lists()
