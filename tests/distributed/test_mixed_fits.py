"""Mixed columns in collections: the schema of the table in memory, found chunk by chunk."""

import dask
import dask.array as da
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from sklearn_helmholtz import GaussianHelmholtzMachine, HelmholtzMachine, SigmoidBeliefNet
from sklearn_helmholtz.distributed import ChunkedRows
from sklearn_helmholtz.estimators.schema import Schema
from sklearn_helmholtz.estimators.surveys import Survey
from sklearn_helmholtz.models import tallies
from sklearn_helmholtz.rows import dense
from tests.distributed.mixed import cut, frame, joined, whole
from tests.persistence.fitted import difference

FEW = {"max_iter": 2, "batch_size": 50, "random_state": 0}
MOST_ROWS = 100  # that anything asks of a table in chunks: as many judge a step


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def make(**options):
    kinds = {"odd": "gaussian", **options.pop("visible", {})}
    return HelmholtzMachine(4, visible=kinds, **FEW, **options)


def assert_same(one, other):
    assert difference(one.set_params(n_jobs=None), other.set_params(n_jobs=None)) is None


ESTIMATORS = {
    "stopping early": lambda: make(early_stopping=True),
    "autoregressive": lambda: make(autoregressive=True),
    "latents": lambda: GaussianHelmholtzMachine(2, hidden_layer_sizes=3, **FEW),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_chunk_is_what_is_in_memory(name):
    X, w = whole(cut(frame())), np.arange(300) % 3 + 0.25
    found = ESTIMATORS[name]().fit(X, sample_weight=by_chunk(w, X))
    assert_same(found, ESTIMATORS[name]().fit(X.compute(), sample_weight=w))


def test_chunks_have_the_schema_and_the_columns_of_the_table():
    X = cut(frame())
    known, found = make().fit(X.compute()), make().fit(X)
    assert found._schema == known._schema
    assert found.categories_[1].tolist() == known.categories_[1].tolist() == list("abc")
    assert difference(found._model.encoding, known._model.encoding) is None
    assert list(found.feature_names_in_) == list(X.columns)
    assert found.score(X) == pytest.approx(known.score(X), abs=0.5)
    pd.testing.assert_frame_equal(
        found.impute(X).compute(), found.impute(X.compute()), check_exact=True
    )


def test_weights_are_summed_chunk_by_chunk():
    X, w = cut(frame()), np.random.default_rng(0).random(300)
    w[:61] = 0  # a chunk of which all counts nothing
    known = make().fit(X.compute(), sample_weight=w)._model.encoding
    found = make().fit(X, sample_weight=by_chunk(w, X))._model.encoding
    np.testing.assert_allclose(found.fill_values, known.fill_values, rtol=1e-6, atol=1e-7)
    for one, other in zip(found.scaling.columns, known.scaling.columns, strict=True):
        np.testing.assert_allclose(one.intercept, other.intercept, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found.scaling.knots, known.scaling.knots, rtol=1e-12)


def by_chunk(weights, X):
    sizes = X.map_partitions(len).compute()
    return da.from_array(weights, chunks=(tuple(sizes),))


def test_whoever_reads_chunks_learns_the_same():
    X = cut(frame())
    known = make(n_jobs=1).fit(X)
    with dask.config.set(scheduler="threads", num_workers=3):
        assert_same(make(n_jobs=2).fit(X), known)


def test_nobody_asks_for_all_rows(monkeypatch):
    asked, take = [], ChunkedRows.__getitem__
    monkeypatch.setattr(dense, "CHECKED_ENTRIES", 9 * 30)

    def read(rows, numbers):
        found = take(rows, numbers)
        asked.append(len(found))
        return found

    monkeypatch.setattr(ChunkedRows, "__getitem__", read)
    make(early_stopping=True).fit(cut(frame()))
    assert 0 < max(asked) <= MOST_ROWS


def test_monitors_see_rows_as_they_were():
    seen, X = [], cut(frame())
    make(early_stopping=True).fit(X, monitor=lambda estimator, epoch, X_val: seen.append(X_val))
    assert len(seen) == 2
    pd.testing.assert_series_equal(seen[0].dtypes, X.compute().dtypes)
    assert seen[0].shape == (30, 9)


def test_training_goes_on():
    X = cut(frame())
    machine = make(warm_start=True).fit(X).fit(X).partial_fit(X)
    assert machine.n_iter_ == 5
    one = make().partial_fit(whole(X)).partial_fit(X.compute())
    assert_same(one, make().partial_fit(X.compute()).partial_fit(whole(X)))
    held = cut(frame(0.1))
    assert_same(make().fit(X, X_val=held), make().fit(X, X_val=held.compute()))


def test_arrays_and_tables_of_bits():
    X = frame()[["age", "odd", "is_old", "n"]].to_numpy(float)
    kinds = {"visible": ["ordinal", "real", "bernoulli", "count"], **FEW}
    collection = da.from_array(X, chunks=(70, -1))
    found, known = HelmholtzMachine(3, **kinds).fit(collection), HelmholtzMachine(3, **kinds).fit(X)
    assert found._schema == known._schema
    assert difference(found._model.encoding, known._model.encoding) is None
    bits = cut(frame())[["sex", "is_old", "few"]]
    net = SigmoidBeliefNet(3, inference="exact", visible="mixed", **FEW)
    assert_same(net.fit(whole(bits)), SigmoidBeliefNet(
        3, inference="exact", visible="mixed", **FEW).fit(bits.compute()))  # fmt: skip
    assert net.fit(bits).kinds_.tolist() == ["bernoulli"] * 3


def test_tables_of_many_columns_are_tallied_some_at_a_time(monkeypatch):
    X, known, groups, found = cut(frame()), make().fit(cut(frame())), [], tallies._tallies
    monkeypatch.setattr(tallies, "_MOST_VALUES", 600)
    monkeypatch.setattr(
        tallies, "_tallies",
        lambda data, columns, *rest: groups.append(list(columns)) or found(data, columns, *rest),
    )  # fmt: skip
    assert_same(make().fit(X), known)
    is_number = np.isin(known.kinds_, ["count", "real", "gaussian"])
    assert sorted(np.concatenate(groups)) == list(range(9))
    assert [is_number[own].sum() for own in groups] == [2, 2]


def test_some_rows_of_a_long_table_tell_of_numbers(monkeypatch):
    table = frame()
    table["age"] = np.where(np.arange(300) % 5 == 1, table["age"], np.nan)
    monkeypatch.setattr(tallies, "_MOST_ROWS", 64)
    known, found = make().fit(table), make().fit(cut(table))
    assert difference(found._model.encoding, known._model.encoding) is None
    columns = known._model.encoding.scaling.columns
    some = table.iloc[::5]
    assert columns[3].marginal.knots[[0, -1]].tolist() == [-0.5, some["n"].max() + 0.5]
    assert columns[7].centre == pytest.approx(some["odd"].mean())
    assert columns[1].shares.tolist() == table["job"].value_counts(True, sort=False).tolist()
    assert columns[5].marginal.knots[-1] == table["age"].max() + 0.5  # of which these tell nothing


def with_parts(change):
    """The table in two chunks, of which the second is changed."""
    table = frame()
    return joined([table.iloc[:150], change(table.iloc[150:])])


def graded(levels, ordered=True):
    return lambda part: part.assign(
        grade=part["grade"].cat.set_categories(levels, ordered=ordered, rename=False)
    )


REFUSED = [
    (with_parts(graded([0, 1, 2, 3, 4, 5])), {}, r"partitions list others.*0 < 1 < 2 < 3 < \.\.\."),
    (with_parts(graded(range(5), False)), {}, "'grade'.* ordered categories in some partitions"),
    (with_parts(lambda part: part.assign(job=pd.Categorical(np.arange(150) % 3))), {},
     "'job'.* of different types in different partitions, such as 'a' in one and 0 in another"),
    (with_parts(lambda part: part.assign(n=part["n"].astype("float32"))), {},
     "Column 'n' of a partition of X has the type float32"),
    (cut(frame()), {"visible": {"job": "ordinal"}}, "do not list the same levels in one order"),
    (cut(frame()), {"visible": {"age": "bernoulli"}}, "holds 18, 19, 20, but 'bernoulli'"),
    (cut(frame()), {"visible": {"odd": "ordinal"}}, "'odd'.* has more than 255 levels"),
    (cut(frame()), {"visible": {"odd": "count"}}, "'odd'.* holds 0.00.*, but 'count' columns"),
    (cut(frame()).assign(n=np.nan), {}, "Every value of column 3 .* is missing"),
    (cut(frame().iloc[:0], (0, 0)), {}, "X has no rows"),
]  # fmt: skip


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_what_is_refused(case):
    X, options, sentence = REFUSED[case]
    machine = make(**options)
    with pytest.raises(ValueError, match=sentence):
        machine.fit(X)
    assert not hasattr(machine, "_model")


def test_categories_need_not_be_listed_alike():
    """Levels come in the order in which pandas joins them, which takes less than is taken here."""
    parts = [["b", "a", None], ["c", "b", "b"]]
    frames = [pd.DataFrame({"c": pd.Categorical(own), "x": [0.5, 1, 2]}) for own in parts]
    frames[0]["c"] = frames[0]["c"].cat.set_categories(["b", "a", "z"])
    nothing = pd.DataFrame({"c": pd.Categorical([None] * 2), "x": [1, 0.5]})  # of numbers
    machine = HelmholtzMachine(2, **FEW).fit(joined([nothing, *frames]))
    assert machine._schema == Schema.infer(joined(frames).compute())
    assert machine.categories_[0].tolist() == ["b", "a", "z", "c"]


def test_levels_that_no_type_lists_are_sorted():
    kind = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    parts = [pd.DataFrame({"c": pd.Series(own, dtype=kind)}) for own in (["d", "b"], ["a", "d"])]
    found = Schema.of_survey(Survey.united([Survey.of(part) for part in parts]))
    assert found == Schema.infer(pd.concat(parts))
    assert found.categories[0].tolist() == ["a", "b", "d"]


def test_arrays_of_objects():
    """Truth values and gaps of all kinds, of which a chunk has none and another nothing else."""
    X = np.array([[True, 1, None], [None, 2.5, 3], [False, np.nan, 3], [None, 7, 1]] * 20, object)
    X[60:, 0] = None
    machine = HelmholtzMachine(2, visible="mixed", **FEW)
    found = machine.fit(da.from_array(X, chunks=((0, 20, 40, 20), -1)))
    known = HelmholtzMachine(2, visible="mixed", **FEW).fit(X)
    assert found._schema == known._schema
    assert found.kinds_.tolist() == ["bernoulli", "real", "bernoulli"]
    assert found.categories_[0].dtype == bool
    assert difference(found._model.encoding, known._model.encoding) is None
