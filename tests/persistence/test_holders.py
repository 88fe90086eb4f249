"""What holds fitted estimators comes back with them, to the bit, or is refused in a sentence."""

import warnings

import numpy as np
import pytest
import sklearn
from numpy.testing import assert_array_equal
from scipy.sparse import issparse
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KernelDensity
from sklearn.preprocessing import StandardScaler

from sklearn_helmholtz import (
    DensityMixture,
    FactorAnalysis,
    GenerativeClassifier,
    HelmholtzMachine,
    LatentAnomalyDetector,
    LatentClassifier,
    LatentImputer,
    TransformedDensity,
    load,
    save,
)
from tests.persistence.fitted import HOLDERS, difference
from tests.shells import binary_rows, real_rows

X = real_rows()
PART = np.arange(60) % 2


@pytest.fixture(scope="module")
def fitted():
    """The fitted estimator of a case, and its rows; each is fitted once."""
    known = {}

    def find(name):
        make, *data = HOLDERS[name]
        if name not in known:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # few epochs, and columns without values
                known[name] = make().fit(*data)
        return known[name], data[0]

    return find


def again(estimator, tmp_path):
    save(estimator, tmp_path / "model.npz")
    return load(tmp_path / "model.npz")


def held_by(estimator):
    """All that an estimator holds but for parameters, which are compared as values."""
    given = estimator.get_params(deep=False)
    return {name: value for name, value in vars(estimator).items() if name not in given}


def answers(model, X):
    """Whatever a model says of rows, as arrays."""
    if isinstance(model, LatentImputer):
        tables = [model.transform(X), *model.multiple_imputations(X, 2, random_state=0)]
        return [table.toarray() if issparse(table) else np.asarray(table) for table in tables]
    if isinstance(model, LatentAnomalyDetector):
        return [model.score_samples(X), model.decision_function(X), model.predict(X)]
    if isinstance(model, DensityMixture):
        drawn = model.sample(5, random_state=0)
        filled = model.impute(X, "sample", random_state=0)
        return [
            model.score_samples(X),
            model.predict_proba(X),
            np.asarray(drawn),
            np.asarray(filled),
        ]
    drawn, labels = model.sample(5, random_state=0)
    one, _ = model.sample(3, y=model.classes_[0], random_state=0)
    found = [model.score_samples(X), model.predict_proba(X), model.predict(X), labels]
    return [*found, np.asarray(drawn), np.asarray(one)]


@pytest.mark.parametrize("name", HOLDERS)
def test_everything_comes_back(fitted, tmp_path, name):
    model, X = fitted(name)
    loaded = again(model, tmp_path)
    assert type(loaded) is type(model)
    assert str(loaded.get_params()) == str(model.get_params())
    assert difference(held_by(model), held_by(loaded)) is None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # columns without values, again
        for one, other in zip(answers(model, X), answers(loaded, X), strict=True):
            assert one.dtype == other.dtype
            assert_array_equal(one, other)


def test_names_of_columns_come_back(fitted, tmp_path):
    model, _ = fitted("imputer")
    loaded = again(model, tmp_path)
    assert_array_equal(loaded.get_feature_names_out(), model.get_feature_names_out())
    assert loaded.transform(X=_wide()).shape == (60, 7)


def _wide():
    return HOLDERS["imputer"][1]


@pytest.mark.parametrize("labels", [
    np.array([False, True]), np.array([-3, 200], np.int16), np.array([-1, 2], np.float16),
    np.array([0, 2**64 - 1], np.uint64), np.array(["a", "long"], "U9"), np.array(["", "ä"], object),
], ids=lambda labels: labels.dtype.name)  # fmt: skip
def test_labels_of_any_plain_type(tmp_path, labels):
    model = GenerativeClassifier(FactorAnalysis(1)).fit(X, labels[PART])
    loaded = again(model, tmp_path)
    assert difference(model.classes_, loaded.classes_) is None
    assert difference(model.predict(X), loaded.predict(X)) is None


def test_a_default_model_comes_back(tmp_path):
    model = LatentAnomalyDetector(n_draws=20, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.fit(binary_rows(8))
    loaded = again(model, tmp_path)
    assert loaded.estimator is None
    assert_array_equal(loaded.score_samples(binary_rows()), model.score_samples(binary_rows()))


def test_a_search_over_inner_parameters_goes_on(tmp_path, fitted):
    loaded = again(fitted("generative classifier")[0], tmp_path)
    assert loaded.set_params(estimator__n_components=2).estimator.n_components == 2
    assert difference(loaded.fit(X, PART), GenerativeClassifier(
        FactorAnalysis(2), priors=[0.25, 0.75]).fit(X, PART)) is None  # fmt: skip


def test_outputs_are_those_of_before(tmp_path, fitted):
    """Whatever the global configuration says when the file is read."""
    rows = HOLDERS["imputer"][1]
    model = fitted("imputer")[0]
    loaded = again(model, tmp_path)
    with sklearn.config_context(transform_output="pandas"):
        assert loaded.estimator_.transform(rows[:, :4]).__class__ is np.ndarray
    model = GenerativeClassifier(FactorAnalysis(1).set_output(transform="pandas")).fit(X, PART)
    loaded = again(model, tmp_path)
    assert difference(vars(model), vars(loaded)) is None
    assert list(loaded.estimators_[1].transform(X)) == ["factoranalysis0"]


# What is refused, or said


@pytest.mark.parametrize(("make", "match"), [
    (lambda: TransformedDensity(StandardScaler()).fit(X), r"got a TransformedDensity\. Use pickle"),
    (lambda: GenerativeClassifier(KernelDensity()).fit(X, PART), "this Gen.* holds a KernelDens"),
    (lambda: GenerativeClassifier(TransformedDensity()).fit(X, PART), "holds a TransformedDensity"),
    (lambda: LatentImputer(FactorAnalysis(1)).fit(X).set_params(estimator=Own()), "holds a Own"),
    (
        lambda: GridSearchCV(FactorAnalysis(), {"n_components": [1]}, cv=2).fit(X),
        "of a search, save best_estimator_",
    ),
])  # fmt: skip
def test_others_are_refused(tmp_path, make, match):
    with pytest.raises(TypeError, match=match):
        save(make(), tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


class Own(FactorAnalysis):
    pass


def test_what_is_not_fitted_is_refused(tmp_path):
    for model in (LatentImputer(), GenerativeClassifier(), LatentClassifier()):
        with pytest.raises(ValueError, match="not fitted"):
            save(model, tmp_path / "model.npz")


def test_a_parameter_that_is_not_plain_is_found_inside(tmp_path):
    machine = HelmholtzMachine(2, max_iter=1, random_state=np.random.RandomState(0))
    model = LatentImputer(machine).fit(binary_rows())
    with pytest.raises(ValueError, match=r"`estimator\.estimator\.set_params\(random_state"):
        save(model, tmp_path / "model.npz")
    model.set_params(estimator__random_state=None)
    with pytest.raises(ValueError, match=r"`estimator\.estimator_\.set_params\(random_state"):
        save(model, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())
    model.estimator_.set_params(random_state=None)
    assert again(model, tmp_path).estimator_.n_iter_ == 1


def test_labels_that_are_not_plain_are_refused(tmp_path):
    model = GenerativeClassifier(FactorAnalysis(1)).fit(X, PART)
    save(model, tmp_path / "model.npz")
    before = (tmp_path / "model.npz").read_bytes()
    for labels, match in (
        (np.array(["2020-01-01", "2021-01-01"], "M8[D]"), r"datetime64\[D\], and an archive holds"),
        (np.array([b"a", b"b"]), "archive holds words"),
        (np.array([(1,), (2, 3)], object), "no list of 2 labels of the type object"),
    ):
        model.classes_ = labels
        with pytest.raises(ValueError, match=match):
            save(model, tmp_path / "model.npz")
    assert (tmp_path / "model.npz").read_bytes() == before


def test_what_is_not_written_of_the_inside_is_said(tmp_path):
    model = GenerativeClassifier(FactorAnalysis(1)).fit(X, PART)
    model.note = model.estimators_[0].note = model.estimators_[1].note = "mine"
    with pytest.warns(UserWarning, match="does not write note") as caught:
        save(model, tmp_path / "model.npz")
    assert [str(one.message).partition(":")[0] for one in caught] == [
        "save does not write note of this FactorAnalysis",
        "save does not write note of this GenerativeClassifier",
    ]
