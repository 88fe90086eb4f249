"""Machines that learn from collections of Dask: chunks decide what they learn, workers nothing."""

import os
import signal
import warnings
from functools import partial
from itertools import pairwise

import dask
import dask.array as da
import dask.dataframe as dd
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from sklearn_helmholtz import (
    DeterministicHelmholtzMachine,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    SigmoidBeliefNet,
    SparseCoding,
)
from sklearn_helmholtz._training import Training
from sklearn_helmholtz.distributed import ChunkedRows, WorkerGradients, current_client, gradients
from sklearn_helmholtz.estimators import defaults
from sklearn_helmholtz.estimators.doubts import _Outside, _outside_of, notify_of_doubts
from sklearn_helmholtz.rows import TableSummary, means, moments
from sklearn_helmholtz.rows.columns import _about_values, _united
from tests.distributed.mixed import cut, frame
from tests.persistence.fitted import difference, mixed_frame

FEW = {"max_iter": 2, "batch_size": 50, "random_state": 0}
CHUNKS = ((0, 61, 100, 1, 0, 138), -1)
MACHINES = {
    "reweighted": lambda **p: HelmholtzMachine((6, 3), **FEW, **p),
    "wake-sleep": lambda **p: HelmholtzMachine(6, algorithm="wake-sleep", **FEW, **p),
    "autoregressive": lambda **p: HelmholtzMachine(3, autoregressive=True, **FEW, **p),
    "conditional units": lambda **p: HelmholtzMachine(
        3, autoregressive=True, n_conditional_units=2, **FEW, **p
    ),
    "exact": lambda **p: SigmoidBeliefNet(3, inference="exact", **FEW, **p),
    "mean-field": lambda **p: SigmoidBeliefNet(3, inference="mean-field", **FEW, **p),
    "gibbs": lambda **p: SigmoidBeliefNet(3, inference="gibbs", **FEW, **p),
    "nvil": lambda **p: SigmoidBeliefNet(3, inference="nvil", **FEW, **p),
    "deterministic": lambda **p: DeterministicHelmholtzMachine(4, **FEW, **p),
    "latents": lambda **p: GaussianHelmholtzMachine(2, hidden_layer_sizes=3, **FEW, **p),
}


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def binary(gaps=0.0):
    rng = np.random.default_rng(0)
    X = (rng.random((300, 8)) < 0.2 + 0.6 * rng.random((300, 1))).astype(np.float64)
    X[rng.random(X.shape) < gaps] = np.nan
    return X


def real():
    rng = np.random.default_rng(1)
    return 5 + rng.normal(size=(300, 1)) + rng.normal(size=(300, 5))


def weights():
    return np.random.default_rng(2).integers(0, 3, 300).astype(np.float64)


def assert_same(one, other):
    """Two estimators hold the same bits."""
    settings = {"n_jobs": None}
    assert difference(one.set_params(**settings), other.set_params(**settings)) is None


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}], ids=["all", "held out"])
def test_one_chunk_is_what_is_in_memory(name, options):
    X = binary(0.05 if name != "exact" else 0)
    make = MACHINES[name]
    assert_same(make(**options).fit(da.from_array(X, chunks=(300, -1))), make(**options).fit(X))


@pytest.mark.usefixtures("step_by_step")
def test_minibatches_of_a_large_table_are_those_in_memory(monkeypatch):
    monkeypatch.setattr(defaults, "_MANY_ROWS", 50)
    X, steps, original = binary(), [], Training.step

    def step(training, rows, batch, rate):
        steps.append((len(batch), rate))
        return original(training, rows, batch, rate)

    monkeypatch.setattr(Training, "step", step)
    make = partial(HelmholtzMachine, 4, **FEW | {"batch_size": "auto"})
    memory = make().fit(X)
    in_memory = steps.copy()
    assert in_memory[0] == (244, 0.02 * 2.44**0.5)  # of 300 rows
    assert_same(make().fit(da.from_array(X, chunks=(300, -1))), memory)
    make().fit(da.from_array(X, chunks=(100, -1)))
    assert steps == 3 * in_memory


def test_one_chunk_of_reals_with_weights_is_what_is_in_memory():
    X, w = real(), 1 + weights()
    found = HelmholtzMachine(4, **FEW).fit(da.from_array(X, chunks=(300, -1)), sample_weight=w)
    assert_same(found, HelmholtzMachine(4, **FEW).fit(X, sample_weight=w))


@pytest.mark.parametrize("name", MACHINES)
def test_chunks_are_learnt_from_whoever_reads_them(name):
    X = da.from_array(binary(0.05 if name != "exact" else 0), chunks=CHUNKS)
    known = MACHINES[name](n_jobs=1).fit(X)
    with dask.config.set(scheduler="threads", num_workers=3):
        assert_same(MACHINES[name](n_jobs=2).fit(X), known)
    other = MACHINES[name](n_jobs=1).fit(X.rechunk((100, -1)))
    assert difference(other, known) is not None
    assert other.score(binary()) == pytest.approx(known.score(binary()), abs=0.3)


def test_rows_of_weight_zero_are_left_out():
    X, w = binary(), weights()
    machine = HelmholtzMachine(4, shuffle=False, **FEW)
    found = machine.fit(da.from_array(X, chunks=(300, -1)), sample_weight=w).generative_coefs_
    kept = da.from_array(X[w > 0], chunks=(len(X[w > 0]), -1))
    np.testing.assert_array_equal(
        found[0], machine.fit(kept, sample_weight=w[w > 0]).generative_coefs_[0]
    )


def test_weights_may_be_chunks():
    X, w = da.from_array(binary(), chunks=CHUNKS), weights()
    known = HelmholtzMachine(4, **FEW).fit(X, sample_weight=w)
    assert_same(HelmholtzMachine(4, **FEW).fit(X, sample_weight=da.from_array(w, chunks=7)), known)


def test_frames_and_sparse_chunks():
    frame = pd.DataFrame(binary(), columns=list("abcdefgh"))
    X = dd.from_pandas(frame, npartitions=3)
    found = HelmholtzMachine(4, **FEW).fit(X[X["a"] >= 0])  # sizes are not known
    assert list(found.feature_names_in_) == list("abcdefgh")
    known = HelmholtzMachine(4, **FEW).fit(X.to_dask_array(lengths=True))
    np.testing.assert_array_equal(found.generative_coefs_[0], known.generative_coefs_[0])
    sparse = da.from_array(binary(), chunks=CHUNKS).map_blocks(scipy.sparse.csr_matrix)
    dense = da.from_array(binary(), chunks=CHUNKS)
    np.testing.assert_allclose(
        HelmholtzMachine(4, **FEW).fit(sparse).generative_coefs_[0],
        HelmholtzMachine(4, **FEW).fit(dense).generative_coefs_[0], atol=1e-5,
    )  # fmt: skip


def test_validation_rows_may_be_a_collection():
    X, X_val = binary(), binary()[::3]
    collection, held = da.from_array(X, chunks=CHUNKS), da.from_array(X_val, chunks=(30, -1))
    known = HelmholtzMachine(4, early_stopping=True, **FEW).fit(collection, X_val=X_val)
    found = HelmholtzMachine(4, early_stopping=True, **FEW).fit(collection, X_val=held)
    assert_same(found, known)


def test_monitors_see_rows_in_memory():
    seen = []
    machine = HelmholtzMachine(4, early_stopping=True, **FEW)
    machine.fit(
        da.from_array(binary(), chunks=CHUNKS),
        monitor=lambda estimator, epoch, X_val: seen.append((epoch, X_val.shape, type(X_val))),
    )
    assert seen == [(1, (30, 8), np.ndarray), (2, (30, 8), np.ndarray)]


def test_training_goes_on():
    X = da.from_array(binary(), chunks=CHUNKS)
    machine = HelmholtzMachine(4, warm_start=True, **FEW).fit(X).fit(X)
    assert machine.n_iter_ == 4
    assert machine.partial_fit(X).n_iter_ == 5
    one = HelmholtzMachine(4, **FEW).partial_fit(da.from_array(binary(), chunks=(300, -1)))
    assert_same(one, HelmholtzMachine(4, **FEW).partial_fit(binary()))


def test_nothing_of_a_mixed_table_stays():
    X, machine = da.from_array(binary(), chunks=CHUNKS), HelmholtzMachine(4, **FEW)
    mixed = machine.fit(mixed_frame())
    assert_same(mixed.fit(X), HelmholtzMachine(4, **FEW).fit(X))
    table = mixed_frame()[["x", "z"]].assign(c=pd.Categorical(["a", "b"] * 30))
    mixed = machine.fit(table)
    numbers = dd.from_pandas(table.assign(c=0.5), npartitions=2)
    with pytest.raises(ValueError, match="holds numbers, but the model was fitted to categories"):
        mixed.partial_fit(numbers)


def test_an_interrupt_keeps_what_was_learnt():
    def interrupt(estimator, epoch, X_val):
        raise KeyboardInterrupt

    machine = HelmholtzMachine(4, **FEW)
    with pytest.raises(KeyboardInterrupt) as caught:
        machine.fit(da.from_array(binary(), chunks=CHUNKS), monitor=interrupt)
    assert "keeps what it learnt in 1 epochs" in caught.value.__notes__[0]
    assert machine.n_iter_ == 1


def chunked(X, chunks):
    ends = np.cumsum([0, *chunks])
    parts = [dask.delayed(X[a:b]) for a, b in pairwise(ends)]
    return ChunkedRows(parts, TableSummary.of(X), ends)


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "sparse"])
def test_rows_are_read_as_those_of_an_array(form):
    X = binary()
    rows = chunked(form(X), CHUNKS[0])
    assert (rows.shape, rows.dtype, len(rows)) == (X.shape, X.dtype, 300)
    numbers = np.random.default_rng(0).integers(0, 300, 50)
    for asked in (slice(None), slice(50, 170), slice(3, 3), numbers, numbers[:0], X[:, 0] > 0):
        found = rows[asked]
        found = found.toarray() if scipy.sparse.issparse(found) else found
        np.testing.assert_array_equal(found, X[asked])
    column = rows[:, [2]]
    np.testing.assert_array_equal(
        column.toarray() if scipy.sparse.issparse(column) else column, X[:, [2]]
    )


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "sparse"])
def test_few_chunks_are_held(form):
    rows = chunked(form(binary()), (10,) * 30)
    rows.order(batch_size=100)
    numbers = np.random.default_rng(0).integers(0, 300, 99)
    found = rows[numbers, :3]  # of more chunks than a minibatch is
    found = found if form is np.asarray else found.toarray()
    np.testing.assert_array_equal(found, binary()[numbers, :3])
    assert not rows._held
    for start in range(0, 300, 10):
        rows[start : start + 10]
    assert len(rows._held) == 9
    assert list(rows._held) == list(range(21, 30))


@pytest.mark.parametrize("batch_size", [50, 70, 160])
def test_a_chunk_is_read_once_in_an_epoch(batch_size):
    made, X = [], (np.random.default_rng(0).random((800, 6)) < 0.4).astype(np.uint8)

    def make(block, block_id):
        made.append(block_id[0])
        return X[20 * block_id[0] : 20 * (block_id[0] + 1)]

    table = da.zeros(X.shape, chunks=(20, 6), dtype=X.dtype).map_blocks(
        make, dtype=X.dtype, meta=X[:0]
    )
    counts = []
    for n_epochs in (1, 3):
        made.clear()
        params = {**FEW, "max_iter": n_epochs, "batch_size": batch_size}
        HelmholtzMachine(2, early_stopping=False, **params).fit(table)
        counts.append(len(made))
    assert (counts[1] - counts[0]) / 2 <= 40  # of 40, eight of which may be there from before


def test_summaries_of_chunks_are_that_of_the_table():
    X = binary(0.1)
    X[7, 3] = 0.5
    whole, parts = (
        TableSummary.of(X),
        TableSummary.of_all([TableSummary.of(X[:100])] * 1 + [TableSummary.of(X[100:])]),
    )
    for name in ("low", "high", "is_whole", "has_missing", "dtype", "n_active", "shape"):
        assert getattr(parts, name) == getattr(whole, name), name
    for name in ("n_missing", "totals", "counts"):
        np.testing.assert_allclose(getattr(parts, name), getattr(whole, name))
    assert not parts.is_whole


@pytest.mark.parametrize("form", [np.asarray, scipy.sparse.csr_matrix], ids=["dense", "sparse"])
@pytest.mark.parametrize("w", [None, 0.3 + weights()], ids=["equal", "weighted"])
def test_moments_are_reduced_where_chunks_are(form, w, monkeypatch):
    X = np.hstack([real(), real() * 1e-3 + 1e6, np.full((300, 1), 0.1), binary(0.3)])
    X[:170, 1] = np.nan  # whose first values come late
    X[:161, 2], X[161:, 2] = 4, 9  # that vary between chunks alone
    numbers = np.flatnonzero(np.arange(300) % 7)
    one, many = (chunked(form(X), chunks) for chunks in ((300,), CHUNKS[0]))
    monkeypatch.setattr(ChunkedRows, "__getitem__", None)
    for find, tols in ((means, (1e-12,) * 2), (moments, (1e-12, 1e-9, 1e-12))):
        known = find(form(X), numbers, w)
        for own, same in zip(find(one, numbers, w), known, strict=True):
            np.testing.assert_array_equal(own, same)
        found = find(many, numbers, w)
        for own, same, tol in zip(found, known, tols, strict=False):
            np.testing.assert_allclose(own, same, rtol=tol, atol=1e-16)
    np.testing.assert_array_equal(found[-1], known[-1])
    assert known[-1].tolist() == [False] * 10 + [True] + [False] * 8
    first, met, count, total, _ = many.reduced(_about_values, _united, numbers, w)
    assert met.all()
    np.testing.assert_allclose(first + total / count, known[0], rtol=1e-13)
    assert first[1] == X[170:, 1][numbers[numbers >= 170][0] - 170]


def test_doubts_are_those_in_memory(monkeypatch):
    X, late = binary(0.1), binary(0.1)
    late[299, 3], late[280, 3], late[150, 5], late[70, 3] = 9, -1, 7, 5
    tables = (np.where(X == 0, 0, X * np.arange(1, 9)), X * 0.3 + np.arange(8) / 7, late, 1 + X)
    monkeypatch.setattr(ChunkedRows, "__getitem__", None)
    for table in tables:
        told = []
        for data in (table, chunked(table, CHUNKS[0])):
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                notify_of_doubts(data, TableSummary.of(table), None)
            told.append([str(warning.message) for warning in caught])
        assert told[0] == told[1]
        assert len(told[0]) == 1 or table is tables[1]
        parts = np.split(table, np.cumsum(CHUNKS[0])[:-1])
        found, known = (
            _Outside.united([_outside_of(part, np.arange(len(part)), None) for part in parts]),
            _outside_of(table, np.arange(len(table)), None),
        )
        for name, value in vars(known).items():
            np.testing.assert_array_equal(getattr(found, name), value)


@pytest.mark.parametrize(
    ("make", "X", "message"),
    [
        (lambda: HelmholtzMachine(3), da.ones((9, 4), chunks=(3, 2)), "cut along its columns"),
        (lambda: HelmholtzMachine(3), da.full((9, 4), np.nan, chunks=3)[:, :4].rechunk((3, 4)),
         "Every value of X is missing"),
        (lambda: HelmholtzMachine(3), da.ones((0, 4)), "no rows"),
        (lambda: HelmholtzMachine(3, visible=["real"] * 3), da.ones((9, 4)), "visible has 3 kinds"),
        (lambda: HelmholtzMachine(3, visible="bernoulli"), 2 * da.ones((9, 4), chunks=(3, 4)),
         "Column 0 of X holds the value 2.0"),
        (lambda: SparseCoding(3), da.ones((9, 4)), "fit takes rows that are in memory"),
    ],
)  # fmt: skip
def test_bad_collections_are_refused(make, X, message):
    machine = make()
    with pytest.raises((ValueError, TypeError), match=message):
        machine.fit(X)
    assert not hasattr(machine, "generative_coefs_")


def here(machine, X, sample_weight=None):
    """A machine that learns in this process, whatever clients there are."""
    with dask.config.set(scheduler="synchronous"):
        assert current_client() is None
        return machine.fit(X, sample_weight=sample_weight)


CASES = [
    ("reweighted", {}),
    ("wake-sleep", {"early_stopping": True}),
    ("exact", {}),
    ("latents", {}),
    ("deterministic", {}),
    ("mean-field", {}),
    ("nvil", {}),
]


@pytest.mark.parametrize(("name", "options"), CASES, ids=[name for name, _ in CASES])
def test_workers_learn_the_same_bits(client, monkeypatch, name, options):
    X = da.from_array(binary(0.05), chunks=CHUNKS)
    known = here(MACHINES[name](**options), X)
    tasks, make = [], WorkerGradients._tasks
    monkeypatch.setattr(
        WorkerGradients, "_tasks", lambda *given: tasks.append(given) or make(*given)
    )
    assert_same(MACHINES[name](**options).fit(X), known)
    # What remembers rewards, or means of rows, from step to step stays here.
    assert bool(tasks) == (name not in ("nvil", "mean-field"))


def test_workers_add_many_sums_in_the_same_order(client, monkeypatch):
    monkeypatch.setattr(gradients, "_COME_BACK", 2)
    monkeypatch.setattr(gradients, "_SENT_TO_EACH", 1)
    monkeypatch.setattr(gradients, "pieces_of_a_task", lambda n_pieces, n_threads: 1)
    X = da.from_array(binary(), chunks=((20, 37, 43, 61, 59, 51, 29), -1))
    known = here(HelmholtzMachine(4, **FEW), X)
    assert_same(HelmholtzMachine(4, **FEW).fit(X), known)


def test_weights_and_reals_of_workers(client):
    X = da.from_array(real(), chunks=CHUNKS)
    known = here(HelmholtzMachine(4, **FEW), X, weights())
    assert_same(HelmholtzMachine(4, **FEW).fit(X, sample_weight=weights()), known)


def test_mixed_columns_of_workers(client):
    X = cut(frame())
    known = here(HelmholtzMachine(4, **FEW), X)
    assert_same(HelmholtzMachine(4, **FEW).fit(X), known)


def test_a_worker_that_is_killed_costs_no_bit(client):
    X, killed = da.from_array(binary(), chunks=CHUNKS), []
    known = here(HelmholtzMachine(4, **FEW), X)

    def kill(estimator, epoch, X_val):
        if epoch == 1:
            killed.append(min(client.run(os.getpid).values()))
            os.kill(killed[0], signal.SIGKILL)

    found = HelmholtzMachine(4, **FEW).fit(X.persist(), monitor=kill)
    assert len(killed) == 1
    assert_same(found, known)
