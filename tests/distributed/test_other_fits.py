"""Boltzmann machines and deep nets that learn from collections."""

from itertools import pairwise

import dask
import dask.array as da
import numpy as np
import pytest
import scipy.sparse

from sklearn_helmholtz import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    DeterministicHelmholtzMachine,
    RestrictedBoltzmannMachine,
)
from sklearn_helmholtz.distributed import ChunkedRows
from sklearn_helmholtz.distributed import rows as chunked_rows
from sklearn_helmholtz.estimators import deep_pretraining
from sklearn_helmholtz.estimators.collected_rows import order_of_rows
from sklearn_helmholtz.learning.chains import ChainMemory
from sklearn_helmholtz.rows import Table, TableSummary, WholeOrder, dense, limits
from tests.distributed.mixed import cut, frame, whole
from tests.persistence.fitted import difference

CHUNKS = ((0, 61, 100, 1, 0, 138), -1)
FEW = {"batch_size": 50, "random_state": 0}
MOST_ROWS = 100  # that anything asks of a table in chunks: as many judge a step
LAYERS = {"pretrain_max_iter": 2, "max_iter": 2}
MACHINES = {
    "persistent": lambda **p: RestrictedBoltzmannMachine(5, n_iter=2, **FEW, **p),
    "few chains": lambda **p: RestrictedBoltzmannMachine(5, n_iter=2, n_chains=3, **FEW, **p),
    "contrastive": lambda **p: RestrictedBoltzmannMachine(
        5, n_iter=2, negative_phase="cd", **FEW, **p
    ),
    "deep belief": lambda **p: DeepBeliefNet((5, 3), **LAYERS, **FEW, **p),
    "deep Boltzmann": lambda **p: DeepBoltzmannMachine((5, 3), n_iter=2, **FEW, **p),
}  # fmt: skip


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def binary(n_rows=300):
    rng = np.random.default_rng(0)
    X = (rng.random((n_rows, 8)) < 0.2 + 0.6 * rng.random((n_rows, 1))).astype(np.float64)
    X[rng.random(X.shape) < 0.05] = np.nan
    return X


def weights():
    return np.random.default_rng(2).integers(0, 3, 300) * 0.75  # of which some are zero


def chunked(X, chunks=CHUNKS):
    return da.from_array(X, chunks=chunks)


def one_chunk(X):
    return chunked(X, (len(X), -1))


def assert_same(one, other):
    assert difference(one.set_params(n_jobs=None), other.set_params(n_jobs=None)) is None


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("options", [{}, {"early_stopping": True}], ids=["all", "held out"])
def test_one_chunk_is_what_is_in_memory(name, options):
    X, make = binary(), MACHINES[name]
    found = make(**options).fit(one_chunk(X), sample_weight=weights())
    assert_same(found, make(**options).fit(X, sample_weight=weights()))


@pytest.mark.parametrize("name", MACHINES)
def test_chunks_are_learnt_from_whoever_reads_them_and_few_at_a_time(name, monkeypatch):
    asked, take = [], ChunkedRows.__getitem__

    def read(rows, numbers):
        found = take(rows, numbers)
        asked.append(found.shape[0])
        return found

    X, make = chunked(binary()), MACHINES[name]
    monkeypatch.setattr(ChunkedRows, "__getitem__", read)
    monkeypatch.setattr(dense, "CHECKED_ENTRIES", 8 * 50)
    monkeypatch.setattr(limits, "_BLOCK_WORK", 1)  # blocks of as few rows as there may be
    monkeypatch.setattr(deep_pretraining, "_FEWEST_ROWS", 64)
    for rule in ("boltzmann_rule.BoltzmannRule", "deep_belief.DeepBeliefRule"):
        monkeypatch.setattr(f"sklearn_helmholtz.learning.{rule}.measured_rows", 40)
    known = make(n_jobs=1).fit(X)
    assert 50 <= max(asked) <= MOST_ROWS
    with dask.config.set(scheduler="threads", num_workers=3):
        assert_same(make(n_jobs=2).fit(X), known)
    other = make(n_jobs=1).fit(X.rechunk((100, -1)))
    assert difference(other, known) is not None
    assert other.score(binary()) == pytest.approx(known.score(binary()), abs=0.3)


@pytest.mark.parametrize("name", ["persistent", "deep belief", "deep Boltzmann"])
def test_an_epoch_reads_each_chunk_once(name, monkeypatch):
    """And pretraining, which has as many epochs, once as well."""
    n_read, compute = [0, 0], chunked_rows.computed

    def count(tasks):
        n_read[0] += len(tasks)
        return compute(tasks)

    monkeypatch.setattr(chunked_rows, "computed", count)
    X = chunked(np.nan_to_num(binary()), (10, -1))
    more = "max_iter" if name == "deep belief" else "n_iter"
    for n_epochs in (1, 3):
        n_read = [0, *n_read[:1]]
        MACHINES[name]().set_params(batch_size=20, **{more: n_epochs}).fit(X)
    assert n_read[0] <= 500
    assert (n_read[0] - n_read[1]) / 2 <= (60 if name == "deep Boltzmann" else 30)


def test_chains_have_shares_of_whole_minibatches(monkeypatch):
    """Else a chunk of few rows would have none to learn from."""
    shares, take = [], ChainMemory.take

    def note(memory, place):
        found = take(memory, place)
        shares.append(len(found.hidden) / (place.stop - place.start))
        return found

    monkeypatch.setattr(ChainMemory, "take", note)
    MACHINES["few chains"]().fit(chunked(binary()))
    assert set(shares) == {3 / 50}


def test_places_of_chosen_rows_are_parted_where_chunks_end():
    X, numbers = binary(), np.arange(0, 300, 7)
    ends = np.cumsum([0, *CHUNKS[0]])
    parts = [dask.delayed(X[a:b]) for a, b in pairwise(ends)]
    table = Table(ChunkedRows(parts, TableSummary.of(X), ends), False)
    assert order_of_rows(table, 50).limits.tolist() == ends.tolist()
    found = order_of_rows(table.choose(numbers), 50).limits
    assert found.tolist() == [(numbers < end).sum() for end in ends]
    assert isinstance(order_of_rows(Table(X, False), 50), WholeOrder)


def test_mixed_columns_of_boltzmann_machines():
    X = cut(frame())[["sex", "job", "grade", "is_old", "odd"]]
    make = MACHINES["persistent"]
    assert_same(make().fit(whole(X)), make().fit(X.compute()))
    found, known = make().fit(X), make().fit(X.compute())
    assert difference(found._model.encoding, known._model.encoding) is None
    with pytest.raises(ValueError, match=r"\('n'\) of X holds counts"):
        make().fit(cut(frame()))
    with pytest.raises(ValueError, match="columns of categories, of which Deterministic"):
        DeterministicHelmholtzMachine(3).fit(X)


def test_rows_that_are_merged_are_so_few_that_chunks_do_not_matter():
    X = binary(80)
    for name in ("persistent", "deep belief"):
        assert_same(MACHINES[name]().fit(chunked(X, (30, -1))), MACHINES[name]().fit(X))


def test_training_goes_on():
    X = binary()
    make = MACHINES["persistent"]
    machine = make(warm_start=True).fit(chunked(X)).fit(chunked(X))
    assert machine.partial_fit(chunked(X)).n_iter_ == 5
    one = make().partial_fit(one_chunk(X)).partial_fit(X)
    assert_same(one, make().partial_fit(X).partial_fit(one_chunk(X)))
    sparse = one_chunk(np.nan_to_num(X)).map_blocks(scipy.sparse.csr_matrix)
    deep = MACHINES["deep Boltzmann"]
    assert_same(deep().fit(sparse), deep().fit(scipy.sparse.csr_matrix(np.nan_to_num(X))))


def test_solvers_that_need_all_rows_say_so():
    machine = DeterministicHelmholtzMachine(3, solver="lbfgs")
    with pytest.raises(ValueError, match="solver='lbfgs' goes through all rows in every step"):
        machine.fit(chunked(binary()))
