"""The choice of ``visible="auto"``: rounding is forgiven, and what may surprise is told once."""

import re
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.model_selection import cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler, normalize

from sklearn_helmholtz import HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz.models import choose_family
from sklearn_helmholtz.rows import TableSummary
from sklearn_helmholtz.units import Bernoulli
from tests.shells import FEW, binary_rows, real_rows

MAKE = [lambda: HelmholtzMachine(3, **FEW), lambda: SigmoidBeliefNet(3, **FEW)]
EPS = np.finfo(np.float64).eps
FORMS = [np.asarray, scipy.sparse.csr_matrix, lambda X: X.astype(np.float32)]


def told(call):
    """What a call warns of, and its result."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = call()
    return [str(w.message) for w in caught if "visible='auto'" in str(w.message)], result


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "X", [binary_rows(), 0.3 + 0.5 * binary_rows(), MinMaxScaler().fit_transform(real_rows())]
)
def test_rounding_is_forgiven(make, form, X):
    eps = np.finfo(form(X).dtype).eps
    rounded = X.copy()
    rounded[3, 1], rounded[5, 2] = 1 + 4 * eps, -4 * eps
    right = np.clip(rounded, 0, 1)
    (messages, model), expected = told(lambda: make().fit(form(rounded))), make().fit(form(right))
    assert not messages
    assert model.visible_ == expected.visible_ == "bernoulli"
    assert_array_equal(model.score_samples(form(rounded)), model.score_samples(form(right)))
    assert np.abs(model.score(form(right)) - expected.score(form(right))) < 1e-4
    given = [1 + 2 * EPS, -2 * EPS, np.nan, np.nan]
    drawn = model.sample(3, given=given, random_state=0)
    assert_array_equal(drawn, model.sample(3, given=[1, 0, np.nan, np.nan], random_state=0))


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("off", [2e-16, 1e-12, 5e-7])
def test_a_fitted_machine_forgives_rounding_in_all_it_answers(form, gap, off):
    clean = binary_rows()
    clean[7] = clean[9, 2] = np.nan if gap else 1
    rounded = clean.copy()
    rounded[clean == 1] += off
    models = [MAKE[0]().fit(form(X)) for X in (clean, rounded)]
    for model in models:
        assert model.visible_ == "bernoulli"
        for answer in (model.score, model.score_samples, model.transform, model.kl_gap):
            assert_array_equal(answer(form(rounded)), answer(form(clean)))
        for few in (slice(3, 4), slice(7, 10)):
            expected = model.score_samples(form(clean[few]))
            assert_array_equal(model.score_samples(form(rounded[few])), expected)
    going_on = MAKE[0]().partial_fit(form(clean)).partial_fit(form(rounded))
    expected = MAKE[0]().partial_fit(form(clean)).partial_fit(form(clean))
    assert_array_equal(going_on.score_samples(form(clean)), expected.score_samples(form(clean)))


def test_columns_far_from_zero_are_scaled_to_one():
    rng, worst = np.random.default_rng(0), 0
    for _ in range(60):
        width = 10 ** rng.uniform(-2, 3, 20)
        X = width * (rng.uniform(10, 100, 20) + rng.random((60, 20)))
        X = MinMaxScaler().fit_transform(X)
        worst = max(worst, X.max() - 1)
        assert choose_family("auto", TableSummary.of(X)) is Bernoulli
    assert worst > 8 * EPS


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("off", [1e-6, 0.01])
def test_more_than_rounding_is_not(form, off):
    X = MinMaxScaler().fit_transform(real_rows())
    X[3, 1] = 1 + off
    messages, model = told(lambda: MAKE[0]().fit(form(X)))
    assert model.visible_ == "gaussian"
    (message,) = messages
    assert f"column 1 holds {1 + off:.7g}, although all values but {1 + off:.7g}" in message
    fitted = MAKE[0]().fit(form(np.clip(X, 0, 1)))
    with pytest.raises(
        ValueError, match=r"Column 1 of X holds the value 1\.0.*MinMaxScaler\(clip=True\)"
    ):
        fitted.score(form(X))
    with pytest.raises(ValueError, match="given holds the value 1"):
        fitted.sample(given=X[3])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scale", [1e-7, 1e-9, 1e-15])
def test_real_numbers_in_small_units_are_no_rounding(form, scale):
    rng = np.random.default_rng(0)
    X = scale * rng.choice([-1, 1], (60, 4)) * rng.uniform(1, 1.7, (60, 4))
    messages, model = told(lambda: MAKE[0]().fit(form(X)))
    assert not messages
    assert model.visible_ == "gaussian"


def coded(value):
    X = binary_rows()
    X[7, 2] = value
    return X


RANDOM = np.random.default_rng(0).random((60, 60))
SCALED = MinMaxScaler().fit_transform(real_rows())


def words(normalised):
    rng = np.random.default_rng(3)
    counts = rng.poisson(0.15 * rng.gamma(1, 1, (80, 1)) * np.ones(30))
    counts[:, 0] += 2
    weights = counts * rng.uniform(1, 4, 30)
    return normalize(weights) if normalised else counts.astype(float)


SURPRISES = {
    "a code for missing": (coded(9), "column 2 holds 9, although all values but 9 lie in"),
    "another": (coded(-1), "column 2 holds -1, although all values but -1 lie in"),
    "a real column": (np.c_[binary_rows(), real_rows()[:, 0]], "column 4 holds .* although 4 of 5"),
    "codes 1 and 2": (binary_rows() + 1, "column 0 holds 2, and all values are whole numbers"),
    "codes -1 and 1": (2 * binary_rows() - 1, "holds -1, and all values are whole numbers"),
    "word counts": (words(False), "holds [2-9]\\. But all values are .* Say visible='poisson'"),
    "sparse counts": (2.0 * (RANDOM < 0.1) + (RANDOM > 0.8), "holds 2\\. But .* counts of words"),
    "weights of words": (5 * RANDOM * (RANDOM.T < 0.3), "But most values are 0 .* as of TF-IDF"),
    "few values": (np.where(np.arange(60)[:, None] == 4, 1.5, SCALED), "although 98"),
    "TF-IDF": (words(True), "TF-IDF"),
    "shares": (np.random.default_rng(0).dirichlet(np.ones(4), 50), "shares of a whole"),
}  # fmt: skip


@pytest.mark.parametrize("make", MAKE)
@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("kind", SURPRISES)
def test_what_may_surprise_is_told_once(make, kind, sparse):
    X, message = SURPRISES[kind]
    form = scipy.sparse.csr_matrix if sparse else np.asarray
    chosen = "bernoulli" if kind in ("TF-IDF", "shares") else "gaussian"
    for method in ("fit", "partial_fit"):
        with pytest.warns(UserWarning, match=message) as caught:
            model = getattr(make(), method)(form(X))
        assert len(caught) == 1
        assert caught[0].filename == __file__
        assert model.visible_ == chosen
        text = str(caught[0].message)
        assert "visible='gaussian'" in text or "visible='bernoulli'" in text  # the remedy
    said = make().set_params(visible=chosen)
    assert told(lambda: said.fit(form(X)))[0] == []
    assert told(lambda: model.score(form(X)))[0] == []


def test_names_are_named():
    X = pd.DataFrame(coded(9), columns=["a", "b", "missing?", "d"])
    (message,), _ = told(lambda: MAKE[0]().fit(X))
    assert "column 2 ('missing?') holds 9" in message


def placed(n_rows, n_columns, places, rest=0.5):
    """A table of ``rest`` but for some values, by place."""
    X = np.full((n_rows, n_columns), rest)
    for place, value in places.items():
        X[place] = value
    return X


def reals(n_rows, n_real, n_columns, n_far=0):
    """Some real columns beside others in [0, 1], of which ``n_far`` rows hold values outside."""
    rng = np.random.default_rng(4)
    X = rng.random((n_rows, n_columns))
    X[:, :n_real] = rng.normal(5, 1, (n_rows, n_real))
    X[:n_far, n_real:] += 2
    return X


ONE, TWO = {(1, 0): 9.0}, {(1, 0): 9.0, (2, 0): 8.0}
TWICE = {(1, 0): 9.0, (2, 0): 9.0}
BOUNDARIES = {
    # A single entry, or a single value, unless most values lie outside.
    "one of three": (placed(3, 1, ONE), "column 0 holds 9, although all values but 9 lie in"),
    "one of two": (placed(2, 1, ONE), None),
    "one, whole": (placed(3, 2, ONE, 0), "column 0 holds 9, although all values but 9 lie in"),
    "a code of five": (placed(5, 1, TWICE), "column 0 holds 9, although all values but 9 lie in"),
    "a code of four": (placed(4, 1, TWICE), None),
    "two values of five": (placed(5, 1, TWO), None),
    "a far code": (placed(4, 1, {(1, 0): -999}), "column 0 holds -999, although all values but -9"),
    # Fewer than one in 20 of all values.
    "two of 41": (placed(41, 1, TWO), "column 0 holds 9, although 95.122% of the values lie in"),
    "two of 40": (placed(40, 1, TWO), None),
    "with gaps": (np.r_[placed(40, 1, TWO), np.full((20, 1), np.nan)], None),
    # Most columns.
    "two real of five": (reals(9, 2, 5), "column 0 holds .*, although 3 of 5 columns lie in"),
    "two real of four": (reals(9, 2, 4), None),
    "few of most": (reals(41, 2, 5, 2), "holds .*, although in 3 of 5 columns more than 95% of"),
    "not so few": (reals(40, 2, 5, 2), None),
    "few of half": (reals(41, 2, 4, 2), None),
}  # fmt: skip


@pytest.mark.parametrize("form", [np.asarray, np.float32, scipy.sparse.csr_matrix, pd.DataFrame])
@pytest.mark.parametrize("kind", BOUNDARIES)
def test_few_entries_that_decide_are_told_of(form, kind):
    X, message = BOUNDARIES[kind]
    data = form(X)
    if form is pd.DataFrame:
        data.columns = [f"x{i}" for i in range(X.shape[1])]
    messages, model = told(lambda: MAKE[0]().fit(data))
    assert model.visible_ == "gaussian"
    assert len(messages) == (message is not None)
    if message is not None:
        taken = f"took all {X.shape[1]} features for real numbers (Gaussian units), because"
        assert taken in messages[0]
        assert re.search(message.replace("0 holds", r"0( \('x0'\))? holds"), messages[0])
        assert ("column 0 ('x0') holds" in messages[0]) == (form is pd.DataFrame)
        assert "say visible='mixed' where columns differ in kind" in messages[0]


ORDINARY = {
    "real": real_rows(),
    "iris": load_iris().data,
    "diabetes": load_diabetes().data,
    "normal": np.random.default_rng(0).standard_normal((100, 5)),
    "a normal column": np.random.default_rng(0).standard_normal((100, 1)),
    "few normal rows": np.random.default_rng(0).standard_normal((10, 3)),
    "in [-1, 1]": np.random.default_rng(0).uniform(-1, 1, (100, 5)),
    "scaled to [-1, 1]": MinMaxScaler((-1, 1)).fit_transform(load_iris().data),
    "classes, standardised": StandardScaler().fit_transform(binary_rows()),
    "almost one-hot": np.eye(4)[np.arange(60) % 4] * (1 - EPS),
    "standardised": StandardScaler().fit_transform(load_breast_cancer().data),
    "one column": real_rows()[:, :1],
    "few zeros": 5 * RANDOM * (RANDOM.T < 0.6),
    "zeros among reals": (2 * RANDOM - 1) * 3 * (RANDOM.T < 0.3),
    "counts beside reals": np.c_[real_rows(), np.arange(60)],
    "with gaps": np.where(RANDOM[:60, :4] < 0.2, np.nan, real_rows()),
    "binary": binary_rows(),
    "binary with gaps": np.where(RANDOM[:60, :4] < 0.2, np.nan, binary_rows()),
    "grey images": RANDOM * (RANDOM.T < 0.4),
    "ratings": np.random.default_rng(0).choice([0, 0, 0, 0.25, 0.5, 0.75, 1], (60, 20)),
    "one fraction": np.full((30, 4), 0.3),
    "huge": 1e30 * real_rows(),
}  # fmt: skip


@pytest.mark.parametrize("kind", ORDINARY)
def test_ordinary_tables_cause_no_warning(kind):
    X = ORDINARY[kind]
    model = MAKE[0]()
    if kind == "huge":
        with pytest.raises(ValueError, match="magnitude"):
            model.fit(X)
    else:
        assert told(lambda: model.fit(X))[0] == []


def test_folds_that_disagree_are_told_of():
    X = MinMaxScaler().fit_transform(load_breast_cancer().data)
    X[100, 4] = 1.2  # in the training rows of some folds only
    messages, folds = told(
        lambda: cross_validate(
            make_pipeline(HelmholtzMachine(3, **FEW)), X, cv=5, return_estimator=True, error_score=0
        )
    )
    units = [fold[-1].visible_ for fold in folds["estimator"]]
    assert sorted(units) == ["bernoulli"] + 4 * ["gaussian"]
    assert len(messages) == 4
    assert all("column 4 holds 1.2" in message for message in messages)
