"""What is saved comes back, to the bit, answers the same, and goes on learning."""

import copy
import json
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

import sklearn_helmholtz
from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    OrdinalFactorAnalysis,
    SigmoidBeliefNet,
    SparseCoding,
    load,
    save,
)
from sklearn_helmholtz.persistence import archive
from tests.persistence.fitted import CASES, difference, mixed_frame
from tests.shells import FEW, binary_rows, real_rows


@pytest.fixture(scope="module")
def fitted():
    """The fitted estimator of a case, and its rows; each is fitted once."""
    known = {}

    def find(name):
        make, X = CASES[name]
        if name not in known:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # two epochs, and Heywood cases
                known[name] = make().fit(X)
        return known[name], X

    return find


def again(estimator, tmp_path):
    save(estimator, tmp_path / "model.npz")
    return load(tmp_path / "model.npz")


def without_given(estimator):
    """All that an estimator holds but for parameters, which are compared as values."""
    given = estimator.get_params(deep=False)
    held = {name: value for name, value in vars(estimator).items() if name not in given}
    return {"_schema": None, "_weights": None, **held}


@pytest.mark.parametrize("name", CASES)
def test_everything_comes_back(fitted, tmp_path, name):
    model, X = fitted(name)
    loaded = again(model, tmp_path)
    assert type(loaded) is type(model)
    assert loaded.get_params() == model.get_params()
    assert difference(without_given(model), without_given(loaded)) is None
    assert_array_equal(loaded.score_samples(X), model.score_samples(X))
    assert_array_equal(loaded.transform(X), model.transform(X))
    one, other = (m.sample(3, random_state=0) for m in (model, loaded))
    assert type(one) is type(other)
    assert_array_equal(np.asarray(one), np.asarray(other))
    assert list(getattr(one, "dtypes", ())) == list(getattr(other, "dtypes", ()))


STAY = (
    "held out", "lbfgs", "factors with gaps", "items", "items by likelihood", "dictionary",
    "many atoms",
    "sources", "fewer sources", "sources of infomax", "sources of sparse codes",
)  # fmt: skip
GO_ON = [name for name in CASES if name not in STAY]


@pytest.mark.parametrize("name", GO_ON)
def test_learning_goes_on_to_the_bit(fitted, tmp_path, name):
    model, X = fitted(name)
    loaded, model = again(model, tmp_path), copy.deepcopy(model)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for one in (model, loaded):
            one.partial_fit(X)
    assert difference(without_given(model), without_given(loaded)) is None


def test_given_parameters_come_back(tmp_path):
    rng = np.random.default_rng(0)
    down = [rng.normal(size=(2, 3))], [rng.normal(size=3), rng.normal(size=2)]
    up = [rng.normal(size=(3, 2))], [rng.normal(size=2)]
    laterals = [np.triu(rng.normal(size=(n, n)), 1) for n in (3, 2)]
    models = [
        HelmholtzMachine.from_parameters(
            *down, *up, generative_lateral_coefs=laterals, noise_variance=[1.0, 2.0, 3.0]
        ),
        SigmoidBeliefNet.from_parameters(*down),
        FactorAnalysis.from_parameters(
            rng.normal(size=(2, 3)), [1.0, 2.0, 3.0], factor_correlation=[[1, 0.5], [0.5, 1]]
        ),
        SparseCoding.from_parameters(rng.normal(size=(4, 3)), 0.5, mean=[1.0, 2.0, 3.0]),
        OrdinalFactorAnalysis.from_parameters([[0.5, 0.8, 0.3]], [[0.1], [-1.0, 1.0], [0.0]]),
    ]
    for model in models:
        assert difference(without_given(model), without_given(again(model, tmp_path))) is None


def test_weights_of_rows_are_remembered(tmp_path):
    X, weights = binary_rows(), np.linspace(0.5, 2, 60)
    model = HelmholtzMachine(3, **FEW).fit(X, sample_weight=weights)
    loaded = again(model, tmp_path)
    with pytest.raises(ValueError, match="rows so far had weights"):
        loaded.partial_fit(X)
    assert difference(vars(model), vars(loaded)) is None
    factors = FactorAnalysis(1).partial_fit(real_rows(), sample_weight=weights)
    assert difference(vars(factors), vars(again(factors, tmp_path))) is None


@pytest.mark.parametrize("levels", [[True, False], [2, 1], [0.5, 1.5], ["yes", "no"], ["1", 1]])
def test_levels_of_any_plain_type(tmp_path, levels):
    dtype = pd.CategoricalDtype(pd.Index(levels, dtype=None if "1" not in levels else object))
    X = pd.DataFrame({"a": pd.Categorical.from_codes([0, 1, 1] * 10, dtype=dtype)})
    model = HelmholtzMachine(1, max_iter=1, random_state=0, visible=["categorical"]).fit(X)
    loaded = again(model, tmp_path)
    assert difference(vars(model), vars(loaded)) is None
    assert loaded.sample(3, random_state=0).dtypes["a"] == dtype


@pytest.mark.parametrize("dtype", ["Int64", "boolean", "Float32", "uint8"])
def test_types_of_columns(tmp_path, dtype):
    X = pd.DataFrame({"a": pd.Series([0, 1] * 10, dtype=dtype), "b": pd.Categorical([*"xyzx"] * 5)})
    model = HelmholtzMachine(1, max_iter=1, random_state=0).fit(X)
    drawn = again(model, tmp_path).sample(3, random_state=0)
    assert drawn.dtypes["a"] == model.sample(3, random_state=0).dtypes["a"] == dtype


def test_output_is_set_again(tmp_path):
    model = HelmholtzMachine(2, **FEW).set_output(transform="pandas").fit(binary_rows())
    assert list(again(model, tmp_path).transform(binary_rows()).columns) == [
        "helmholtzmachine0", "helmholtzmachine1",
    ]  # fmt: skip


def test_the_file_is_one_of_plain_arrays(tmp_path, fitted):
    model, _ = fitted("autoregressive mixed")
    save(model, tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as arrays:
        header = json.loads(arrays["header"].tobytes())
        weights = arrays["model.machine.generation.0.weights"]
    assert header["class"] == "HelmholtzMachine"
    assert header["format"] == 1
    assert_array_equal(weights, model.generative_coefs_[0])


# What is refused, or said


def test_parameters_that_are_not_plain_are_refused(tmp_path):
    rng = np.random.RandomState(0)
    model = HelmholtzMachine(2, max_iter=1, random_state=rng).fit(binary_rows())
    with pytest.raises(ValueError, match=r"random_state is or holds a RandomState.*set_params"):
        save(model, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())
    assert again(model.set_params(random_state=None), tmp_path).n_iter_ == 1


def test_what_is_not_written_is_said(tmp_path):
    model = HelmholtzMachine(2, **FEW).fit(binary_rows())
    model.note = "mine"
    with pytest.warns(UserWarning, match="does not write note of this HelmholtzMachine"):
        save(model, tmp_path / "model.npz")


def test_callbacks_are_not_written(tmp_path):
    pytest.importorskip("sklearn.callback")

    class Callback:
        def setup(self, estimator, context): ...

        def teardown(self, estimator, context): ...

        def on_fit_task_begin(self, estimator, context): ...

        def on_fit_task_end(self, estimator, context): ...

    model = HelmholtzMachine(2, **FEW).set_callbacks(Callback()).fit(binary_rows())
    with pytest.warns(UserWarning, match="callbacks"):
        save(model, tmp_path / "model.npz")
    model.set_callbacks()
    save(model, tmp_path / "model.npz")  # a second warning would be an error


def test_levels_that_are_not_plain_are_refused(tmp_path):
    X = pd.DataFrame({"age": pd.cut(np.linspace(0, 1, 30), 3)})
    model = HelmholtzMachine(1, max_iter=1).fit(X)
    with pytest.raises(ValueError, match=r"column 0 \('age'\)|Column 0 \('age'\)"):
        save(model, tmp_path / "model.npz")


def test_what_could_not_be_loaded_is_not_written(tmp_path):
    X = pd.DataFrame({("a", 1): pd.Categorical(["x", "y"] * 10), ("a", 2): range(20)})
    labelled = HelmholtzMachine(1, max_iter=1, random_state=0).fit(X)
    wrong = HelmholtzMachine(1, max_iter=1).fit(binary_rows()).set_params(max_iter=-3)
    for model, match in ((labelled, "names are no list of words"), (wrong, "'max_iter'")):
        with pytest.raises(ValueError, match=f"This HelmholtzMachine cannot be saved: .*{match}"):
            save(model, tmp_path / "model.npz")
    assert not list(tmp_path.iterdir())


def test_others_are_refused(tmp_path):
    class Own(HelmholtzMachine):
        pass

    for model in (Own(2, **FEW).fit(binary_rows()), object()):
        with pytest.raises(TypeError, match=r"save writes Deep.*, Det.*Machine, FactorAnalysis"):
            save(model, tmp_path / "model.npz")
    with pytest.raises(ValueError, match="not fitted"):
        save(HelmholtzMachine(), tmp_path / "model.npz")


def test_a_failure_leaves_the_file_that_was_there(tmp_path, monkeypatch, fitted):
    path = tmp_path / "model.npz"
    save(fitted("counts")[0], path)
    before = path.read_bytes()

    def full(*arguments, **options):
        raise OSError("no space left")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="no space"):
        save(fitted("names")[0], path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_another_version_is_said(tmp_path, monkeypatch, fitted):
    model, X = fitted("counts")
    with monkeypatch.context() as patch:
        patch.setattr(archive, "__version__", "0.0.7")
        save(model, tmp_path / "model.npz")
    with pytest.warns(UserWarning, match=r"saved by sklearn_helmholtz 0\.0\.7 and is loaded by"):
        loaded = load(tmp_path / "model.npz")
    assert_array_equal(loaded.score_samples(X), model.score_samples(X))


def test_a_newer_format_is_refused(tmp_path, monkeypatch, fitted):
    with monkeypatch.context() as patch:
        patch.setattr(archive, "_FORMAT", 2)
        save(fitted("counts")[0], tmp_path / "model.npz")
    with pytest.raises(ValueError, match=r"in the format 2 by sklearn_helmholtz .* up to 1\. Load"):
        load(tmp_path / "model.npz")


def test_a_missing_file_is_an_error_of_its_own(tmp_path):
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "nothing.npz")


def test_mixed_rows_of_a_loaded_machine_take_the_same_tables(tmp_path, fitted):
    loaded = again(fitted("mixed")[0], tmp_path)
    X = mixed_frame(seed=1)
    assert isinstance(loaded.impute(X), pd.DataFrame)
    X["job"] = X["job"].cat.add_categories("new").where(X["job"] != "a", "new")
    with pytest.raises(ValueError, match=r"'job'.*holds 'new', but its levels are"):
        loaded.score_samples(X)


def test_names_are_public():
    assert sklearn_helmholtz.save is save
    assert sklearn_helmholtz.load is load
