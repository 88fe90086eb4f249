"""Answers about collections of Dask are those in memory, to the bit, in chunks of any size."""

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from sklearn_helmholtz import (
    FactorAnalysis,
    HelmholtzMachine,
    RestrictedBoltzmannMachine,
    SparseCoding,
)
from tests.persistence.fitted import CASES
from tests.shells import FEW, binary_rows

ROWS = ("score_samples", "free_energy", "kl_gap", "transform", "impute")
ESTIMATORS = (
    "factors of reals", "machine of reals", "latents of bits", "autoregressive of bits",
    "large of bits", "exact of bits", "deep belief of bits", "deep boltzmann of bits",
    "Boltzmann machine of reals with chains for log Z", "counts", "autoregressive reals",
    "deterministic reals", "mixed", "few mixed", "correlated latents", "array of kinds",
    "Boltzmann machine of mixed columns",
)  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    """Tests ask what answers are, and not who finds them."""
    with dask.config.set(scheduler="synchronous"):
        yield


def cut(X, size=23):
    """A table as a collection, some of whose chunks have no rows."""
    if isinstance(X, pd.DataFrame):
        n = len(X) // 2
        parts = [X.iloc[:n], X.iloc[n:n], X.iloc[n : n + 3], X.iloc[n + 3 :]]
        return dd.concat([dd.from_pandas(part, npartitions=1, sort=False) for part in parts])
    n = X.shape[0]
    return da.from_array(X, chunks=((0, size, 0, n - size), -1))


def assert_same(lazy, known):
    """What is computed has the values in memory, and the types that were promised."""
    found = lazy.compute()
    if isinstance(known, pd.DataFrame):
        pd.testing.assert_frame_equal(found, known, check_exact=True)
    else:
        values = found.toarray() if scipy.sparse.issparse(found) else np.asarray(found)
        np.testing.assert_array_equal(values, known)
    is_frame = isinstance(found, pd.DataFrame)
    assert np.all(lazy.dtypes == found.dtypes if is_frame else lazy.dtype == found.dtype)


def answer(estimator, method, X):
    """An answer, or None where the estimator refuses to give one about rows in memory."""
    try:
        return getattr(estimator, method)(X)
    except (ValueError, AttributeError):
        return None


@pytest.fixture(scope="module", params=ESTIMATORS)
def fitted(request):
    make, X = CASES[request.param]
    return make().fit(X), X


def test_answers_are_those_in_memory(fitted):
    estimator, X = fitted
    collection = cut(X)
    for method in ROWS:
        known = answer(estimator, method, X)
        if known is not None:
            lazy = getattr(estimator, method)(collection)
            assert type(lazy).__module__.startswith("dask"), method
            assert_same(lazy, known)


def test_inverse_transforms_are_those_in_memory(fitted):
    estimator, X = fitted
    features = estimator.transform(X)
    known = answer(estimator, "inverse_transform", features)
    if known is not None:
        assert_same(estimator.inverse_transform(estimator.transform(cut(X))), known)


def test_scores_are_those_in_memory(fitted):
    estimator, X = fitted
    weights = np.arange(X.shape[0]) % 4.0
    by_chunk = da.from_array(weights, chunks=((0, 23, 0, len(weights) - 23),))
    if isinstance(X, pd.DataFrame):
        by_chunk = cut(X.assign(weights=weights))["weights"]
    for own, given in ((None, None), (weights, by_chunk)):
        found = estimator.score(cut(X), sample_weight=given)
        assert type(found) is float
        assert found == pytest.approx(estimator.score(X, sample_weight=own), rel=1e-13)


@pytest.mark.filterwarnings("ignore:This log-likelihood")
def test_log_likelihoods_have_the_same_bits(fitted):
    estimator, X = fitted
    weights = np.where(np.arange(X.shape[0]) < 30, 0, np.arange(X.shape[0]) % 4.0)
    for options in ({}, {"random_state": 3}):
        known = estimator.log_likelihood(X, sample_weight=weights, **options)
        given = weights if not isinstance(X, pd.DataFrame) else None
        if given is None:
            given = cut(X.assign(weights=weights))["weights"]
        found = estimator.log_likelihood(cut(X), sample_weight=given, **options)
        assert found.keys() == known.keys()
        for name, value in known.items():
            np.testing.assert_array_equal(found[name], value, err_msg=name)
        assert repr(found) == repr(known)
        if isinstance(X, pd.DataFrame):
            pd.testing.assert_frame_equal(found.to_frame(), known.to_frame())


def test_collections_keep_what_they_are():
    frame = pd.DataFrame(binary_rows(), columns=list("abcd"), index=np.arange(60) * 2)
    machine = HelmholtzMachine((3, 2), transform_layer="all", **FEW).fit(frame)
    X = dd.from_pandas(frame.astype(np.float32), npartitions=3)
    for method in ROWS:
        lazy = getattr(machine, method)(X)
        assert lazy.divisions == X.divisions
        assert lazy.compute().index.equals(frame.index)
    assert list(machine.transform(X).columns) == list(machine.get_feature_names_out())
    assert machine.transform(X).dtypes.unique().tolist() == [np.float32]
    assert list(machine.impute(X).columns) == list("abcd")
    assert machine.score_samples(X).name == "score_samples"
    back = machine.inverse_transform(machine.transform(X))
    assert list(back.columns) == list("abcd")
    array = machine.transform(X.to_dask_array(lengths=True))
    assert (array.shape, array.chunks) == ((60, 5), ((20, 20, 20), (5,)))


@pytest.mark.parametrize("dtype", [np.uint8, bool, np.float32, np.float64, np.int64])
def test_dtypes_are_those_in_memory(dtype):
    X = binary_rows().astype(dtype)
    machine = HelmholtzMachine(3, **FEW).fit(X)
    assert_same(machine.transform(cut(X)), machine.transform(X))
    assert_same(machine.impute(cut(X)), machine.impute(X))


def test_sparse_chunks_stay_sparse():
    X = binary_rows()
    machine = HelmholtzMachine(3, **FEW).fit(X)
    sparse = cut(X).map_blocks(scipy.sparse.csr_matrix)
    assert scipy.sparse.issparse(machine.impute(sparse).compute())
    assert_same(machine.impute(sparse), X)
    assert_same(machine.transform(sparse), machine.transform(scipy.sparse.csr_matrix(X)))


def test_draws_belong_to_their_chunks():
    frame = pd.DataFrame(binary_rows(), columns=list("abcd"))
    gaps = frame.mask(np.random.default_rng(0).random(frame.shape) < 0.5)
    machine = HelmholtzMachine(3, **FEW).fit(frame)
    for X, part in ((cut(gaps), "partitions"), (cut(gaps.to_numpy()), "blocks")):
        own = machine if part == "partitions" else HelmholtzMachine(3, **FEW).fit(binary_rows())
        lazy = own.impute(X, "sample", random_state=0)
        drawn = np.asarray(lazy.compute())
        np.testing.assert_array_equal(drawn, np.asarray(lazy.compute()))
        one = np.asarray(getattr(lazy, part)[3].compute())
        assert len(one)
        np.testing.assert_array_equal(one, drawn[-len(one) :])
        known = ~np.isnan(gaps.to_numpy())
        np.testing.assert_array_equal(drawn[known], gaps.to_numpy()[known])
        assert (drawn != np.asarray(own.impute(X, "sample", random_state=1).compute())).any()


def test_equal_chunks_have_draws_of_their_own():
    X = np.full((40, 4), np.nan)
    machine = HelmholtzMachine(3, **FEW).fit(binary_rows())
    drawn = machine.impute(da.from_array(X, chunks=(20, -1)), "sample", random_state=0).compute()
    assert (drawn[:20] != drawn[20:]).any()


def test_a_model_is_one_key_of_the_graph():
    machine = HelmholtzMachine(3, **FEW).fit(binary_rows())
    graph = machine.transform(cut(binary_rows())).dask
    assert sum(str(key).startswith("sklearn-helmholtz-") for key in graph) == 1


def test_lazy_answers_are_those_of_the_model_as_it_was():
    X = binary_rows()
    machine = HelmholtzMachine(3, **FEW).fit(X)
    known, lazy = machine.score_samples(X), machine.score_samples(cut(X))
    machine.fit(1 - X)
    np.testing.assert_array_equal(lazy.compute(), known)


def test_log_z_is_found_once(monkeypatch):
    machine = RestrictedBoltzmannMachine(3, n_iter=2, random_state=0).fit(binary_rows())
    lazy = machine.score_samples(cut(binary_rows()))

    def refuse(*args, **options):
        raise AssertionError("log Z is known")

    monkeypatch.setattr("sklearn_helmholtz.models.partition.partition_of", refuse)
    assert np.isfinite(lazy.compute()).all()


def refusals():
    X, frame = cut(binary_rows()), cut(pd.DataFrame(binary_rows(), columns=list("abcd")))
    machine = HelmholtzMachine(3, **FEW).fit(binary_rows())
    named = HelmholtzMachine(3, **FEW).fit(frame.compute())
    as_is = {"meta": frame._meta, "enforce_metadata": False}
    odd = frame.map_partitions(lambda part: part[list("dcba")], **as_is)
    other = frame.map_partitions(lambda part: part.astype({"c": "int8"}), **as_is)
    weights, latents = np.ones(60), CASES["latents of bits"][0]().fit(binary_rows())
    yield lambda: machine.transform(X.rechunk((60, 2))), "cut along its columns"
    yield lambda: machine.transform(X[:, 0]), "Expected 2D array, got 1D"
    yield lambda: machine.transform(X[:, :3]), "X has 3 features"
    yield lambda: named.transform(frame[["a", "b"]]), "feature names"
    yield lambda: named.transform(odd).compute(), "has the columns d, c, b, a, but X declares a"
    yield lambda: named.transform(other).compute(), "Column 'c' of a partition of X has the type"
    yield lambda: machine.inverse_transform(X), "transform returns 3"
    yield lambda: HelmholtzMachine().transform(X), "not fitted"
    yield lambda: machine.posterior(X), r"posterior takes rows that are in memory.*compute\(\)"
    yield lambda: SparseCoding().fit(X), "fit takes rows that are in memory"
    yield lambda: machine.impute(X, n_imputations=2), "n_imputations must be 1"
    yield lambda: machine.impute(X, "mean", 3), "positional"
    yield lambda: machine.impute(X, n_draws=3), "n_draws"
    yield lambda: latents.transform(X, return_std=True), "return_std with rows that are in memory"
    yield lambda: machine.impute(X, "guess").compute(), "strategy must be one of"
    yield lambda: machine.score(frame.to_dask_array(), sample_weight=weights), "not known"
    yield lambda: machine.score(X, sample_weight=weights[1:]), "a number for each row"
    yield lambda: machine.score(X, sample_weight=da.ones(60, chunks=60)[None]), "chunks"
    yield lambda: machine.score(X, sample_weight=-weights), "Negative"
    yield lambda: machine.score(X, sample_weight=0 * weights), "at least one non-zero"
    yield lambda: machine.log_likelihood(X, sample_weight=0 * weights), "at least one non-zero"
    yield lambda: machine.score(X[:0]), "no rows"
    yield lambda: machine.log_likelihood(X[:0]), "no rows"
    yield lambda: _as_frames(machine).transform(X), "set_output"


def _as_frames(machine):
    return HelmholtzMachine(3, **FEW).fit(binary_rows()).set_output(transform="pandas")


@pytest.mark.parametrize("number", range(len([*refusals()])))
def test_bad_collections_are_refused(number):
    call, message = [*refusals()][number]
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_unknown_sizes_need_not_be_known():
    frame = pd.DataFrame(binary_rows(), columns=list("abcd"))
    machine = HelmholtzMachine(3, **FEW).fit(frame.to_numpy())
    X = cut(frame).to_dask_array()
    assert np.isnan(X.shape[0])
    assert_same(machine.transform(X), machine.transform(frame.to_numpy()))
    assert machine.score(X) == pytest.approx(machine.score(frame.to_numpy()), rel=1e-13)


def test_factors_with_gaps_agree_to_rounding():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 6))
    X[rng.random(X.shape) < 0.1] = np.nan
    model = FactorAnalysis.from_parameters(rng.normal(size=(2, 6)), rng.random(6))
    for method in ("score_samples", "transform", "impute"):
        found = getattr(model, method)(cut(X, 71)).compute()
        np.testing.assert_allclose(found, getattr(model, method)(X), rtol=1e-12, atol=1e-12)
