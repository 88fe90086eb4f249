"""How answers look, and what nobody can do to what is published."""

import copy
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import sklearn
from numpy.testing import assert_array_equal

from sklearn_helmholtz import HeldOutLikelihood, HelmholtzMachine
from tests.shells import BINARY, REAL, binary_rows, fitted_state, real_rows

pytestmark = pytest.mark.filterwarnings("ignore:This log-likelihood")
SHELLS = {**{f"real {k}": (v, real_rows) for k, v in REAL.items()}}
SHELLS |= {k: (v, binary_rows) for k, v in BINARY.items()}


def with_gaps(X):
    return np.where(np.random.default_rng(5).random(X.shape) < 0.2, np.nan, X)


# The state of NumPy, and of warnings, of who calls


@pytest.mark.parametrize("name", SHELLS)
def test_no_underflow_of_ours_escapes(name):
    make, rows = SHELLS[name]
    X = rows(80)
    gappy, far = with_gaps(X), X + (1e3 if rows is real_rows else 0)

    def answers():
        model = make().fit(gappy if "exact" not in name else X)
        out = [model.score_samples(X), model.score_samples(far), model.transform(gappy)]
        out += (
            [model.impute(gappy), model.sample(5, random_state=0), model.kl_gap(X)]
            if (name != "gibbs")
            else []
        )
        out += [model.log_likelihood(X).per_sample, model.posterior(X, random_state=0).mean[0]]
        out += (
            [model.inverse_transform(model.transform(X)), model.partial_fit(X).score_samples(X)]
            if ("factors" not in name)
            else [model.get_covariance(), model.get_precision()]
        )
        return out

    expected = answers()
    for setting in ("raise", "warn"):  # warnings are errors here
        with np.errstate(all=setting):
            for one, other in zip(answers(), expected, strict=True):
                assert_array_equal(one, other)


# What is published


def arrays_of(model):
    for name in model._published & vars(model).keys():
        value = getattr(model, name)
        for array in value if isinstance(value, list) else [value]:
            if isinstance(array, np.ndarray):
                yield name, array


@pytest.mark.parametrize("name", SHELLS)
def test_what_is_published_is_for_reading(name):
    make, rows = SHELLS[name]
    X = rows()
    model = make().fit(X)
    forms = [model, pickle.loads(pickle.dumps(model)), copy.deepcopy(model), copy.copy(model)]
    if "factors" not in name:
        forms += [make().partial_fit(X), make().fit(X).partial_fit(X)]
    for form in forms:
        before, score = fitted_state(form), form.score(X)
        for attribute, array in arrays_of(form):
            with pytest.raises(ValueError, match="read-only"):
                array[...] = 0
            with pytest.raises(AttributeError, match=f"{attribute} of .*from_parameters"):
                setattr(form, attribute, getattr(form, attribute))
        assert form.score(X) == score
        assert len(before) == len(fitted_state(form))
    for attribute in model._published & vars(model).keys():
        value = getattr(model, attribute)
        if not isinstance(value, list):
            continue
        first = value[0]
        for change in (
            lambda v=value, f=first: v.append(f),
            lambda v=value, f=first: v.__setitem__(0, f),
            lambda v=value: v.pop(),
            lambda v=value: v.extend(v),
            lambda v=value: v.reverse(),
            lambda v=value: v.__delitem__(0),
        ):
            with pytest.raises(TypeError, match="from_parameters"):
                change()
        assert isinstance(list(value), list)
        assert isinstance(value[:1], list)


@pytest.mark.parametrize("name", SHELLS)
def test_tables_of_estimators_have_no_broken_links_and_document_attributes(name):
    make, rows = SHELLS[name]
    model = make().fit(pd.DataFrame(rows(), columns=list("abcd")))
    assert "href=" not in model._repr_html_()  # there are no pages to point at
    attributes = [key for key in vars(model) if key.endswith("_") and not key.startswith("_")]
    assert len(attributes) > 5
    for attribute in attributes:
        assert f"\n    {attribute} : " in type(model).__doc__


def test_what_is_given_stays_ones_own():
    X = binary_rows().astype(np.float32)
    model = BINARY["machine"]().fit(X)
    X[0, 0] = 1 - X[0, 0]  # the data are not read-only
    given = [np.ones((1, 2), np.float32)], [np.zeros(2, np.float32), np.zeros(1, np.float32)]
    up = [np.ones((2, 1), np.float32)], [np.zeros(1, np.float32)]
    machine = type(model).from_parameters(*given, *up)
    score = machine.score([[1, 1]])
    given[0][0][:] = 5
    given[1][0] += 3
    assert machine.score([[1, 1]]) == score


def test_arrays_that_are_masked_are_no_parameters():
    masked = np.ma.masked_array(np.ones((1, 2)), [[True, False]])
    with pytest.raises(ValueError, match="generative_coefs"):
        type(BINARY["machine"]()).from_parameters([masked], [[0, 0], [0]], [[[1], [1]]], [[0]])
    with pytest.raises(ValueError, match="components"):
        type(REAL["factors"]()).from_parameters(masked, [1, 1])
    rows = [np.ma.masked_array(np.ones(2), [True, False])]
    with pytest.raises(ValueError, match="components"):
        type(REAL["factors"]()).from_parameters(rows, [1, 1])
    with pytest.raises(ValueError, match="generative_coefs"):
        type(BINARY["machine"]()).from_parameters([rows], [[0, 0], [0]], [[[1], [1]]], [[0]])
    with pytest.raises(ValueError, match="mean"):
        type(REAL["factors"]()).from_parameters([[1, 1]], [1, 1], masked[0])


# Imputed tables


@pytest.mark.parametrize("name", SHELLS)
def test_imputed_frames_keep_index_and_columns(name):
    make, rows = SHELLS[name]
    X = pd.DataFrame(with_gaps(rows()), columns=list("abcd"), index=np.arange(60) * 10)
    model = make().fit(X.dropna() if "exact" in name else X)
    expected = model.impute(X)
    assert isinstance(expected, np.ndarray)
    framed = copy.deepcopy(model).set_output(transform="pandas")
    table = framed.impute(X)
    assert table.index.equals(X.index)
    assert list(table) == list("abcd")
    assert_array_equal(table, expected)
    seen = X.notna().to_numpy()
    assert_array_equal(table.to_numpy()[seen], X.to_numpy()[seen])
    several = framed.impute(X, "sample", n_imputations=3, random_state=0)
    assert_array_equal(
        np.stack([t.to_numpy() for t in several]),
        model.impute(X, "sample", n_imputations=3, random_state=0),
    )
    assert all(t.index.equals(X.index) for t in several)
    with sklearn.config_context(transform_output="polars"):
        table = model.impute(pl.DataFrame(X))
    assert table.columns == list("abcd")
    assert_array_equal(table.to_numpy(), expected)
    bare = make().fit(X.dropna().to_numpy()).set_output(transform="pandas")
    assert list(bare.impute(X.to_numpy())) == ["x0", "x1", "x2", "x3"]
    with pytest.raises(ValueError, match="sparse"):
        bare.impute(scipy.sparse.csr_matrix(X.to_numpy()))


@pytest.mark.parametrize("name", SHELLS)
def test_wrong_calls_are_answered_in_the_name_of_the_class(name):
    make, rows = SHELLS[name]
    X, public = rows(), type(make()).__name__
    model = make().fit(X)
    weights = np.ones(len(X))
    for method in ("transform", "score_samples", "free_energy", "kl_gap", "impute"):
        with pytest.raises(
            TypeError, match=f"^{public}.{method}\\(\\) got an unexpected.*sample_weight.*depend"
        ):
            getattr(model, method)(X, sample_weight=weights)
    with pytest.raises(TypeError, match=f"^{public}.sample"):
        model.sample(1, 2, 3, 4)
    for bad in (
        weights[:3],
        -weights,
        weights * np.nan,
        weights * np.inf,
        0 * weights,
        "a",
        [weights],
    ):
        for method in (model.fit, model.partial_fit, model.score, model.log_likelihood):
            with pytest.raises(ValueError, match="sample_weight"):
                method(X, sample_weight=bad)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, None, "all", np.nan, np.int64(0)])
def test_settings_of_later_are_refused_where_they_are_used(value):
    X = binary_rows()
    model = BINARY["large"]().fit(X)
    calls = {
        "n_importance_samples": [
            lambda: model.score(X),
            lambda: model.impute(with_gaps(X)),
            lambda: model.log_likelihood_bounds(3),
            lambda: model.posterior(X),
        ],
        "n_jobs": [
            lambda: model.score(X),
            lambda: model.transform(X),
            lambda: model.sample(2),
            lambda: model.impute(with_gaps(X)),
            lambda: model.log_likelihood_bounds(3),
        ],
        "transform_layer": [
            lambda: model.transform(X),
            lambda: model.get_feature_names_out(),
            lambda: model.inverse_transform(np.zeros((2, 20))),
        ],
    }
    for name, uses in calls.items():
        if (name, value) in (
            ("n_jobs", -1),
            ("n_jobs", None),
            ("transform_layer", None),
            ("transform_layer", "all"),
        ):
            continue
        model = BINARY["large"]().fit(X).set_params(**{name: value})
        for use in uses:
            with pytest.raises((ValueError, TypeError), match=name):
                use()


@pytest.mark.parametrize(
    "kind", [np.int8, np.uint8, np.int16, np.uint16, np.uint32, np.uint64, np.int64]
)
def test_small_and_unsigned_numbers_never_wrap(kind):
    X = binary_rows(300)
    params = {"n_particles": 5, "max_iter": 2, "batch_size": 100, "n_importance_samples": 100}
    params |= {"n_iter_no_change": 3, "transform_layer": 1, "n_jobs": 1, "random_state": 0}
    sizes = (20, 3)
    expected = HelmholtzMachine(sizes, **params).fit(X)
    model = HelmholtzMachine(
        tuple(kind(n) for n in sizes), **{name: kind(value) for name, value in params.items()}
    ).fit(X)
    assert_array_equal(model.score_samples(X), expected.score_samples(X))
    H = expected.transform(X)
    assert_array_equal(model.transform(X), H)
    assert_array_equal(model.inverse_transform(H), expected.inverse_transform(H))
    pairs = [answers_by_count(m, X, n) for m, n in ((model, kind), (expected, int))]
    for one, other in zip(*pairs, strict=True):
        assert_array_equal(one, other)


def answers_by_count(model, X, number):
    """Answers of all methods that take a count, given as a type of number."""
    n, key = number(100), {"random_state": 0}
    return [
        model.sample(n, **key),
        model.posterior(X[:3], n_samples=n, n_sweeps=n, n_importance_samples=n, **key).samples[0],
        model.log_likelihood_bounds(n, n_importance_samples=n, **key).gap,
        model.impute(with_gaps(X[:9]), "sample", n_imputations=n, n_importance_samples=n, **key),
        model.log_likelihood(
            X[:5], method="annealed", n_temperatures=n, n_importance_samples=number(2)
        ).mean,
    ]


def test_monitors_are_refused_where_they_are_made():
    for name, values in {
        "every": [0, -1, 1.5, True, None],
        "n_importance_samples": [0, -1, 1.5, True, "a"],
        "n_temperatures": [0, -1, 1.5, True, "a"],
        "method": ["gibbs", None, 1],
    }.items():
        for value in values:
            with pytest.raises(ValueError, match=name):
                HeldOutLikelihood(**{name: value})
