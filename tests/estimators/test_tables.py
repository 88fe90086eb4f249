"""Tables in every form that people have: the same numbers, or a column is named."""

import datetime
import functools

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from numpy.testing import assert_allclose, assert_array_equal

from sklearn_helmholtz import FactorAnalysis, HelmholtzMachine
from sklearn_helmholtz.estimators.tables import as_numbers
from tests.shells import BINARY, REAL, binary_rows, real_rows

NAN = np.nan
NAMES = ["age", "height", "city", "income"]
METHODS = [
    "transform",
    "score_samples",
    "score",
    "log_likelihood",
    "free_energy",
    "kl_gap",
    "impute",
]
METHODS += ["posterior"]


def with_gaps(X, share=0.2):
    gaps = np.random.default_rng(2).random(X.shape) < share
    gaps[:2] = False
    return np.where(gaps, NAN, X)


def frame(X):
    return pd.DataFrame(X, columns=NAMES)


FORMS = {
    "objects": lambda X: X.astype(object),
    "NA in an array": lambda X: np.where(np.isnan(X), pd.NA, X.astype(object)),
    "None in lists": lambda X: [[None if np.isnan(v) else v for v in row] for row in X],
    "NA in lists": lambda X: [[pd.NA if np.isnan(v) else v for v in row] for row in X],
    "text": lambda X: X.astype(str),
    "masked": lambda X: np.ma.masked_array(np.where(np.isnan(X), -9999.0, X), np.isnan(X)),
    "rows that are masked": lambda X: [
        np.ma.masked_array(np.where(np.isnan(row), -9999.0, row), np.isnan(row)) for row in X
    ],
    "frame": frame,
    "frame of objects": lambda X: frame(X).astype(object).mask(np.isnan(X), pd.NA),
    "frame of nullables": lambda X: frame(X).convert_dtypes(),
    "frame of text": lambda X: frame(X).astype(str).mask(np.isnan(X), None),
    "frame of categories": lambda X: frame(X).astype("category"),
    "frame that is sparse": lambda X: frame(X).astype(pd.SparseDtype(float, np.nan)),
    "polars": lambda X: pl.DataFrame(dict(zip(NAMES, X.T, strict=True)), nan_to_null=True),
    "polars of text": lambda X: pl.DataFrame(
        {
            name: [None if np.isnan(v) else str(v) for v in x]
            for name, x in zip(NAMES, X.T, strict=True)
        }
    ),
    "polars of objects": lambda X: pl.DataFrame(
        {
            name: pl.Series(x.astype(object), dtype=pl.Object)
            for name, x in zip(NAMES, X.T, strict=True)
        }
    ),
}


@pytest.mark.parametrize("form", [form for form in FORMS if form != "frame of nullables"])
def test_forms_of_tables_are_the_same_numbers(form):
    X = with_gaps(real_rows())
    given = FORMS[form](X)
    assert_allclose(np.asarray(as_numbers(given), dtype=np.float64), X, rtol=1e-15)


def answers(model, method, X):
    """What a method answers, as a list of arrays."""
    draws = {"random_state": 0} if method == "posterior" else {}
    answer = getattr(model, method)(X, **draws)
    answer = answer["mean"] if hasattr(answer, "keys") else answer
    return [np.asarray(part) for part in (answer if isinstance(answer, list) else [answer])]


@functools.cache
def answers_of_arrays(name):
    """What a model of real data as an array answers, by method."""
    X = with_gaps(real_rows())
    model = REAL[name]().fit(X)
    return {method: answers(model, method, X) for method in METHODS}


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.filterwarnings("ignore:X has feature names")
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", REAL)
def test_every_estimator_takes_every_form_everywhere(name, form):
    X = with_gaps(real_rows())
    given = FORMS[form](X)
    model = REAL[name]().fit(given)
    for method, expected in answers_of_arrays(name).items():
        for one, other in zip(answers(model, method, given), expected, strict=True):
            assert_allclose(one, other, rtol=1e-7)
    if name != "factors":
        monitored = []
        model.set_params(early_stopping=True).fit(
            given, monitor=lambda m, e, V: monitored.append(V)
        )
        assert np.isfinite(model.score(monitored[0]))


def test_masks_of_small_integers_and_empty_masks():
    mask = np.zeros((3, 2), bool)
    whole = np.ma.masked_array(np.arange(6, dtype=np.uint8).reshape(3, 2), mask)
    assert as_numbers(whole).dtype == np.uint8
    mask[1, 0] = True
    gappy = as_numbers(np.ma.masked_array(whole.data, mask))
    assert gappy.dtype == np.float32
    assert_array_equal(gappy, [[0, 1], [NAN, 3], [4, 5]])
    wide = as_numbers(np.ma.masked_array(np.full((3, 2), 2**40), mask))
    assert wide.dtype == np.float64
    assert wide[0, 0] == 2**40


@pytest.mark.parametrize("name", REAL)
def test_masks_wherever_values_are_taken(name):
    X = real_rows()
    model = REAL[name]().fit(X)
    given = np.ma.masked_array([5.0, -9999, -9999, -9999], [False, True, True, True])
    drawn = model.sample(3, given=given, random_state=0)
    assert_array_equal(drawn, model.sample(3, given=given.filled(NAN), random_state=0))
    H = model.transform(X)
    with pytest.raises(ValueError, match="NaN"):
        model.inverse_transform(np.ma.masked_array(H, np.arange(H.size).reshape(H.shape) == 0))
    if name == "factors":
        weights = np.ma.masked_array(np.ones(len(X)), np.arange(len(X)) == 3)
        with pytest.raises(ValueError, match="sample_weight"):
            model.fit(X, sample_weight=weights)
    else:
        gappy = np.ma.masked_array(X, X > 6)
        scores = [
            REAL[name]().fit(X, X_val=val).validation_scores_ for val in (gappy, gappy.filled(NAN))
        ]
        assert scores[0] == scores[1]


REFUSED = {
    "text": (
        lambda X: frame(X).assign(city="Paris"),
        "column 2 \\('city'\\) of X holds 'Paris' \\(text",
    ),
    "an array": (
        lambda X: np.where(np.arange(4) == 2, "Paris", X.astype(object)),
        "column 2 of X holds 'Paris' \\(text",
    ),
    "lists": (lambda X: [[*row[:3], "no"] for row in X.tolist()], "column 3 of X holds 'no'"),
    "dates": (
        lambda X: frame(X).assign(city=pd.date_range("2020", periods=len(X))),
        "column 2 \\('city'\\) of X holds .*2020.*dates",
    ),
    "days": (
        lambda X: frame(X).assign(city=datetime.date(2020, 1, 1)),
        "column 2 \\('city'\\) of X holds .*2020.*dates",
    ),
    "spans": (
        lambda X: frame(X).assign(city=pd.to_timedelta(np.arange(len(X)), unit="s")),
        "column 2 \\('city'\\) of X holds .*dates",
    ),
    "only dates": (
        lambda X: np.full(X.shape, np.datetime64("2020-01-01", "ns")),
        "column 0 of X holds .*2020.*dates",
    ),
    "categories": (
        lambda X: frame(X).assign(city=pd.Categorical(["a", "b"] * (len(X) // 2))),
        "column 2 \\('city'\\) of X holds 'a'",
    ),
    "periods": (
        lambda X: frame(X).assign(city=pd.period_range("2020", periods=len(X), freq="D")),
        "column 2 \\('city'\\) of X holds",
    ),
    "polars": (
        lambda X: pl.DataFrame(frame(X).assign(city="Paris").to_dict("list")),
        "column 2 \\('city'\\) of X holds 'Paris'",
    ),
    "polars dates": (
        lambda X: pl.DataFrame(frame(X).to_dict("list")).with_columns(
            city=pl.lit(datetime.date(2020, 1, 1))
        ),
        "column 2 \\('city'\\) of X holds .*2020.*dates",
    ),
    "things": (
        lambda X: frame(X).assign(city=[{}] * len(X)),
        "column 2 \\('city'\\) of X holds {}",
    ),
    "complex": (lambda X: frame(X).assign(city=1j), "column 2 \\('city'\\) of X holds 1j"),
    "ragged lists": (lambda X: [*X.tolist(), [1.0]], "row 60 has 1"),
}


@pytest.mark.parametrize("name", REAL)
@pytest.mark.parametrize("kind", REFUSED)
def test_what_is_no_number_is_named(name, kind):
    make, message = REFUSED[kind]
    X = make(real_rows())
    errors = (TypeError, ValueError)
    with pytest.raises(errors, match=f"(?i){message}"):
        REAL[name]().fit(X)
    model = REAL[name]().fit(frame(real_rows()) if hasattr(X, "columns") else real_rows())
    for method in ("score_samples", "transform", "impute"):
        with pytest.raises(errors, match=f"(?i){message}"):
            getattr(model, method)(X)


# Labels


@pytest.mark.parametrize("name", REAL)
def test_given_goes_by_label(name):
    model = REAL[name]().fit(frame(real_rows()))
    given = pd.Series([4.0, NAN, 6.0, NAN], index=NAMES)
    expected = model.sample(2, given=given, random_state=0)
    for order in ([2, 0, 3, 1], [3, 2, 1, 0]):
        drawn = model.sample(2, given=given.iloc[order], random_state=0)
        assert_array_equal(drawn, expected)
    assert_array_equal(model.sample(2, given={"city": 6, "age": 4}, random_state=0), expected)
    assert_array_equal(model.sample(2, given=given.to_numpy(), random_state=0), expected)
    numbered = given.reset_index(drop=True)
    assert_array_equal(model.sample(2, given=numbered, random_state=0), expected)
    for strange, named in (
        (given.rename({"city": "town"}), "'town'"),
        ({"Citty": 1.0}, r"'Citty', but .* Did you mean 'city'\?$"),
        (pd.concat([given, given[:1]]), "'age' twice, but .*: each may be named once"),
        ({"town": 1.0}, r"'town', but [^?]*\.$"),
    ):
        with pytest.raises(ValueError, match=f"given is labelled .* with {named}"):
            model.sample(given=strange)


@pytest.mark.parametrize("name", REAL)
def test_given_goes_by_number_where_features_have_no_names(name):
    model = REAL[name]().fit(real_rows())
    expected = model.sample(2, given=[4, NAN, 6, NAN], random_state=0)
    assert_array_equal(model.sample(2, given={2: 6, 0: 4}, random_state=0), expected)
    turned = pd.Series({3: NAN, 2: 6.0, 1: NAN, 0: 4.0})
    assert_array_equal(model.sample(2, given=turned, random_state=0), expected)
    with pytest.raises(ValueError, match="'age'"):
        model.sample(given=pd.Series([4.0, NAN, 6.0, NAN], index=NAMES))


def test_weights_go_by_label():
    X = frame(real_rows())
    weights = pd.Series(np.arange(1.0, 61), index=X.index)
    expected = REAL["factors"]().fit(X, sample_weight=weights.to_numpy()).score(X)
    for given in (weights, weights.sample(frac=1, random_state=0)):
        assert REAL["factors"]().fit(X, sample_weight=given).score(X) == expected
    assert REAL["factors"]().fit(X.to_numpy(), sample_weight=weights[::1]).score(X.to_numpy())
    with pytest.raises(ValueError, match="sample_weight has another index than X"):
        REAL["factors"]().fit(X, sample_weight=weights.set_axis(weights.index + 1))
    part = X.iloc[10:40]
    kept = REAL["factors"]().fit(part, sample_weight=weights[10:40]).score(X)
    assert kept == REAL["factors"]().fit(part, sample_weight=weights[10:40].to_numpy()).score(X)


def test_parameters_whose_labels_contradict_each_other():
    names, other = list("abc"), list("cba")
    loadings = pd.DataFrame([[1.0, 2, 3]], columns=names)
    noise = pd.Series([1.0, 2, 3], index=names)
    model = FactorAnalysis.from_parameters(loadings, noise, noise)
    assert_array_equal(model.noise_variance_, [1, 2, 3])
    numbered = FactorAnalysis.from_parameters(loadings, noise.reset_index(drop=True))
    assert_array_equal(numbered.noise_variance_, [1, 2, 3])
    turned = noise[other]
    for given in (
        (loadings, turned),
        (loadings, noise, turned),
        (loadings.to_numpy(), noise, turned),
    ):
        with pytest.raises(ValueError, match="labelled c, b, a, but"):
            FactorAnalysis.from_parameters(*given)
    net = [loadings], [noise, [0.0]], [np.ones((3, 1))], [[0.0]]
    assert HelmholtzMachine.from_parameters(*net, noise_variance=noise).n_features_in_ == 3
    with pytest.raises(ValueError, match="noise_variance is labelled c, b, a, but"):
        HelmholtzMachine.from_parameters(*net, noise_variance=turned)


@pytest.mark.parametrize("name", [*BINARY, "factors"])
def test_columns_of_hidden_values_are_not_taken_out_of_order(name):
    make = BINARY.get(name, REAL["factors"])
    X = frame(binary_rows() if name in BINARY else real_rows())
    model = make().set_params(**({"n_components": 2} if name == "factors" else {}))
    H = model.fit(X).set_output(transform="pandas").transform(X)
    assert_allclose(model.inverse_transform(H), model.inverse_transform(H.to_numpy()))
    with pytest.raises(ValueError, match="in the order of transform"):
        model.inverse_transform(H.iloc[:, ::-1])


# Columns nobody has seen


@pytest.mark.parametrize("name", [*REAL, *BINARY])
def test_columns_without_a_value_are_refused_by_name(name):
    make = {**REAL, **BINARY}[name]
    X = frame(binary_rows() if make in BINARY.values() else real_rows()).assign(city=NAN)
    forms = [X, X.to_numpy(), scipy.sparse.csr_matrix(X.to_numpy())]
    for given, label in zip(forms, ["2 ('city')", "2", "2"], strict=True):
        for method in ("fit", "partial_fit") if name != "factors" else ("fit",):
            model = make()
            with pytest.raises(ValueError) as caught:  # noqa: PT011
                getattr(model, method)(given)
            assert f"Every value of column {label} of X is missing" in str(caught.value)
            assert not hasattr(model, "n_features_in_")
    if name != "factors":  # a later piece may lack what an earlier one had
        whole = X.assign(city=X["age"])
        assert np.isfinite(make().partial_fit(whole).partial_fit(X).score(whole))


# Sparse matrices


SPARSE = ["csr", "csc", "coo", "dia", "bsr", "lil", "dok"]


def rows_of_counts(name):
    return binary_rows() * (1.0 if name in BINARY else 3.0)


def answers_of_sparse(name, X):
    """The scores that a monitor sees while a model learns, and what the model answers."""
    seen = []
    if name == "factors":
        model = REAL[name]().fit(X)
    else:
        model = BINARY[name]().set_params(early_stopping=True)
        model.fit(X, monitor=lambda m, e, V: seen.append(m.score(V)))
    methods = ["transform", "score_samples"] + ["free_energy"] * (name != "gibbs")
    return seen, [getattr(model, method)(X) for method in methods]


@functools.cache
def answers_of_csr(name):
    return answers_of_sparse(name, scipy.sparse.csr_matrix(rows_of_counts(name)))


@pytest.mark.parametrize("kind", ["matrix", "array"])
@pytest.mark.parametrize("form", SPARSE)
@pytest.mark.parametrize("name", [*BINARY, "factors"])
def test_all_sparse_forms_wherever_rows_are_taken(name, form, kind):
    sparse = getattr(scipy.sparse, f"{form}_{kind}")(rows_of_counts(name))
    (seen, found), (expected_seen, expected) = answers_of_sparse(name, sparse), answers_of_csr(name)
    assert seen == expected_seen
    for one, other in zip(found, expected, strict=True):
        assert_array_equal(one, other)


def broken(form):
    """Sparse matrices that point out of their shape, or contradict themselves."""
    X = scipy.sparse.csr_matrix(np.eye(8)[:, :5])

    def changed(matrix, **arrays):
        matrix = matrix.copy()
        for name, change in arrays.items():
            setattr(matrix, name, change(getattr(matrix, name).copy()))
        return matrix

    def put(value, place=0):
        def change(array):
            array[place] = value
            return array

        return change

    coo, csc, dia = X.tocoo(), X.tocsc(), X.todia()
    return {
        "column": lambda: changed(X, indices=put(2**30)),
        "negative column": lambda: changed(X, indices=put(-(2**30))),
        "just outside": lambda: changed(X, indices=put(5)),
        "falling": lambda: changed(X, indptr=put(2**30, 3)),
        "negative pointer": lambda: changed(X, indptr=put(-7, 3)),
        "not from 0": lambda: changed(X, indptr=put(1, 0)),
        "too far": lambda: changed(X, indptr=put(2**30, 8)),
        "short data": lambda: changed(X, data=lambda data: data[:2]),
        "short pointers": lambda: changed(X, indptr=lambda pointers: pointers[:4]),
        "csc row": lambda: changed(csc, indices=put(2**30)),
        "coo row": lambda: changed(coo, row=put(2**30)),
        "coo column": lambda: changed(coo, col=put(-5)),
        "masked": lambda: changed(X, data=lambda data: np.ma.masked_array(data, data > 0)),
        "flat blocks": lambda: changed(X.tobsr((2, 1)), data=np.ravel),
        "bsr column": lambda: changed(X.tobsr((2, 1)), indices=put(2**30)),
        "lil column": lambda: changed(X.tolil(), rows=put([2**30])),
        "lil lengths": lambda: changed(X.tolil(), rows=put([0, 1, 2, 3])),
        "dia offsets": lambda: changed(dia, offsets=lambda offsets: np.r_[offsets, 1, 2]),
    }[form]()


BROKEN = ["column", "negative column", "just outside", "falling", "negative pointer", "not from 0"]
BROKEN += ["too far", "short data", "short pointers", "csc row", "coo row", "coo column"]
BROKEN += ["masked", "flat blocks", "bsr column", "lil column", "lil lengths", "dia offsets"]


@pytest.mark.parametrize("form", BROKEN)
@pytest.mark.parametrize("name", ["machine", "mean-field", "factors"])
def test_malformed_sparse_matrices_are_refused(name, form):
    make = BINARY.get(name, REAL["factors"])
    rows = binary_rows if name in BINARY else real_rows
    model = make().fit(rows(n_features=5))
    for call in (make().fit, model.transform, model.score_samples, model.impute):
        with pytest.raises(ValueError, match=r"malformed|masked"):
            call(broken(form))


def test_what_scipy_remembers_of_a_matrix_is_not_believed():
    X = scipy.sparse.csr_matrix(binary_rows())
    model = BINARY["machine"]().fit(X)
    twice = X.copy()
    assert twice.has_canonical_format  # remembered from now on
    twice.indices[: twice.indptr[1]] = 0  # the first row holds its entries in one column
    summed = twice.toarray()
    summed[0] = np.clip(summed[0], 0, None)
    if summed.max() > 1:
        with pytest.raises(ValueError, match="Bernoulli"):
            model.score_samples(twice)
