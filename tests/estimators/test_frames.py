"""DataFrames: the same codes whoever made them, and the same DataFrame back."""

import builtins
import decimal
import pickle
import sys

import numpy as np
import pandas as pd
import polars as pl
import polars.testing
import pytest
from numpy.testing import assert_array_equal
from pandas.testing import assert_frame_equal

from sklearn_helmholtz.estimators.frames import is_mixed_frame, wide_enough
from sklearn_helmholtz.estimators.schema import Schema

NAN = np.nan


def pandas_frame():
    """A frame with columns of all types that come back as they are."""
    frame = pd.DataFrame(
        {
            "job": pd.Categorical(["b", None, "a", "b"], categories=["c", "b", "a"]),
            "rank": pd.Categorical([3, 1, 2, None], categories=[3, 1, 2, 4], ordered=True),
            "sex": pd.Categorical(["m", "f", None, "m"], categories=["m", "f"]),
            "age": pd.cut([1.0, 4, 8, NAN], [0, 2, 5, 9]),
            "yes": [True, False, True, True],
            "maybe": pd.array([True, None, False, True], dtype="boolean"),
            "truths": pd.Series([True, NAN, False, True], dtype=object),
            **{f"u{n}": np.array([2, 0, 250, 1], f"uint{n}") for n in (8, 16, 32, 64)},
            **{f"i{n}": np.array([-2, 0, 100, 1], f"int{n}") for n in (8, 16, 32, 64)},
            **{f"f{n}": np.array([-2.5, 0, NAN, 1], f"float{n}") for n in (16, 32, 64)},
            **{f"U{n}": pd.array([2, None, 250, 1], dtype=f"UInt{n}") for n in (8, 16, 32, 64)},
            **{f"I{n}": pd.array([-2, None, 100, 1], dtype=f"Int{n}") for n in (8, 16, 32, 64)},
            **{f"F{n}": pd.array([-2.5, None, 100, 1], dtype=f"Float{n}") for n in (32, 64)},
            "two": [1, 2, 2, 1],
            "two nullable": pd.array([1, None, 2, 1], dtype="Int8"),
            "far": [2**53, 0, 3, -(2**53)],
        }
    )
    return frame.set_index(pd.Index(list("wxyz"), name="row"))


def polars_frame():
    ints = {f"i{t}": pl.Series([2, None, 100, 1], dtype=t) for t in (pl.Int8, pl.UInt8, pl.UInt64)}
    return pl.DataFrame(
        {
            "job": pl.Series(["b", None, "a", "c"], dtype=pl.Categorical),
            "rank": pl.Series(["b", None, "a", "b"], dtype=pl.Enum(["c", "b", "a", "d"])),
            "sex": pl.Series(["f", None, "m", "f"], dtype=pl.Enum(["m", "f"])),
            "yes": [True, False, True, True],
            "maybe": [True, None, False, True],
            **ints,
            "two": pl.Series([1, 2, None, 1], dtype=pl.Int16),
            "f32": pl.Series([0.5, None, 100, 1], dtype=pl.Float32),
            "f64": [0.5, None, 100, 1],
        }
    )


SAID = {"two": "categorical", "i8": "ordinal"}


@pytest.mark.parametrize("visible", ["mixed", SAID])
def test_frames_of_pandas_come_back(visible):
    frame = pandas_frame()
    schema = Schema.infer(frame, visible)
    assert (visible == "mixed") == (schema.kinds[list(frame).index("i8")] == "real")
    codes = schema.encode(frame)
    assert codes.dtype == np.float64
    assert codes.flags.c_contiguous
    assert_frame_equal(schema.decode(codes, like=frame), frame)
    assert_frame_equal(schema.decode(codes), frame.reset_index(drop=True))
    assert_frame_equal(pickle.loads(pickle.dumps(schema)).decode(codes, frame), frame)


@pytest.mark.parametrize("visible", ["mixed", {"two": "categorical"}])
def test_frames_of_polars_come_back(visible):
    frame = polars_frame()
    schema = Schema.infer(frame, visible)
    for one in (schema, pickle.loads(pickle.dumps(schema))):
        polars.testing.assert_frame_equal(one.decode(one.encode(frame)), frame)
    assert schema.encode(frame).flags.c_contiguous


def test_frames_backed_by_pyarrow_come_back():
    pa = pytest.importorskip("pyarrow")
    types = ["int8", "uint8", "int64", "float", "double"]
    text = pd.ArrowDtype(pa.dictionary(pa.int32(), pa.string()))
    frame = pd.DataFrame(
        {
            **{t: pd.array([1, None, 3, 5], dtype=f"{t}[pyarrow]") for t in types},
            "two": pd.array([1, None, 3, 1], dtype="int16[pyarrow]"),
            "bool": pd.array([True, None, False, True], dtype="bool[pyarrow]"),
            "text": pd.array(["b", None, "a", "c"], dtype=text),
        }
    )
    schema = Schema.infer(frame, "mixed")
    assert schema.kinds == (*["count"] * 5, "bernoulli", "bernoulli", "categorical")
    assert_frame_equal(schema.decode(schema.encode(frame)), frame)
    wide = schema.decode(np.where(np.arange(8) == 1, 300, schema.encode(frame)))
    assert wide.dtypes.iloc[1] == "uint16[pyarrow]"
    assert wide.dtypes.iloc[0] == "int8[pyarrow]"
    with pytest.raises(ValueError, match=r"Column 0 \('a'\) of X holds 'x' \(text\)"):
        Schema.infer(pd.DataFrame({"a": pd.array(["x"], dtype="string[pyarrow]")}), "mixed")
    with pytest.raises(TypeError, match=r"must be a DataFrame of pandas or polars.* pyarrow.Table"):
        Schema.infer(pa.table({"a": [1, 2]}), "mixed")


def test_decimals_sparse_columns_and_objects_come_back_as_floats():
    values = [0.5, NAN, 2.25]
    objects = pd.Series([0.5, None, 2.25], dtype=object)
    sparse = pd.arrays.SparseArray([0.5, NAN, 2.25])
    decimals = pl.Series([decimal.Decimal("0.50"), None, decimal.Decimal("2.25")])
    for frame in (pd.DataFrame({"a": objects, "b": sparse}), pl.DataFrame({"a": decimals})):
        schema = Schema.infer(frame, {"a": "real"})
        decoded = schema.decode(schema.encode(frame))
        assert type(decoded) is type(frame)
        assert {str(dtype).lower() for dtype in decoded.dtypes} == {"float64"}
        assert_array_equal(decoded.to_numpy()[:, 0].astype(float), values)


def as_floats(table):
    return table.to_numpy(float, na_value=NAN) if isinstance(table, pd.DataFrame) else table


def test_codes_do_not_depend_on_the_library():
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=50), rng.poisson(3, 50), rng.integers(1, 3, 50)])
    X[rng.random(X.shape) < 0.2] = NAN
    names = ["x", "n", "two"]
    frames = [
        pd.DataFrame(X, columns=names),
        pd.DataFrame(X, columns=names).convert_dtypes(),
        pd.DataFrame(X, columns=names).astype(object),
        pl.DataFrame(X, schema=names, nan_to_null=True),
        pl.DataFrame(X, schema=names).with_columns(pl.col("n").fill_nan(None).cast(pl.Int8)),
        X,
        np.asfortranarray(X),
        X.astype(object),
        X.tolist(),
        np.ma.masked_array(np.where(np.isnan(X), 99.0, X), np.isnan(X)),
        [np.ma.masked_array(np.nan_to_num(row, nan=99), np.isnan(row)) for row in X],
        [[None if np.isnan(value) else value for value in row] for row in X],
    ]
    expected = np.where(np.arange(3) == 2, X - 1, X)
    for frame in frames:
        schema = Schema.infer(frame, "mixed")
        assert schema.kinds == ("real", "count", "bernoulli")
        for other in frames:
            codes = schema.encode(other)
            assert_array_equal(codes, expected)
        assert_array_equal(as_floats(schema.decode(codes)), X)


def test_arrays_come_back_as_numbers():
    for X in (np.array([[1, 5], [2, 7], [2, 6]]), np.array([[True, False], [False, True]])):
        schema = Schema.infer(X, {1: "ordinal"})
        decoded = schema.decode(schema.encode(X))
        assert decoded.dtype == np.float64
        assert_array_equal(decoded, X)
    assert schema.names is schema.library is None
    assert_array_equal(schema.decode([[NAN, 1], [0, NAN]]), [[NAN, 1], [0, NAN]])


def test_other_rows_have_the_types_of_the_training_data():
    frame = pandas_frame()
    schema = Schema.infer(frame, "mixed")
    drawn = schema.decode(schema.encode(frame)[[0, 3]], like=frame)
    assert_array_equal(drawn.index, [0, 1])
    changed = {name for name in frame if drawn[name].dtype != frame[name].dtype}
    assert not changed
    nothing = schema.decode(np.empty((0, len(frame.columns))))
    assert nothing.shape == (0, len(frame.columns))
    assert nothing["job"].dtype == frame["job"].dtype
    like = frame.iloc[[1, 2]]
    assert list(schema.decode(schema.encode(like), like=like).index) == ["x", "y"]
    for other in (pl.DataFrame({"a": [1, 2]}), [[1], [2]], np.eye(2), None):
        assert list(schema.decode(schema.encode(like), like=other).index) == [0, 1]
    later = Schema.infer(polars_frame(), "mixed")
    assert isinstance(later.decode(later.encode(polars_frame()), like=frame), pl.DataFrame)


# Numbers that a type does not hold

WIDENED = {
    "uint8": [("255", "uint8"), ("256", "uint16"), ("-1", "int16"), ("70000", "uint32")],
    "int8": [("127", "int8"), ("128", "int16"), ("-129", "int16"), ("1e9", "int32")],
    "int64": [("9e18", "int64"), ("9223372036854775808", "float64"), ("0.5", "float64")],
    "uint64": [("1e19", "uint64"), ("-3", "float64")],
    "float16": [("1e4", "float16"), ("1e6", "float64")],
    "float32": [("1e30", "float32"), ("-1e40", "float64"), ("0.1", "float32")],
}


@pytest.mark.parametrize("dtype", WIDENED)
def test_types_are_wide_enough(dtype):
    for value, wider in WIDENED[dtype]:
        values = np.array([float(value), NAN, 1])
        assert wide_enough(np.dtype(dtype), values) == wider
    assert wide_enough(np.dtype(dtype), np.array([NAN])) == dtype


def test_drawn_numbers_widen_their_columns():
    names = ["u8", "U8", "i16", "I16"]
    frame = pd.DataFrame(
        {
            "u8": np.array([1, 2, 3], np.uint8),
            "U8": pd.array([1, None, 3], dtype="UInt8"),
            "i16": np.array([1, 2, 3], np.int16),
            "I16": pd.array([1, 2, 3], dtype="Int16"),
        }
    )
    schema = Schema.infer(frame, dict.fromkeys(names, "count"))
    for codes, dtypes in (
        ([[300.0] * 4, [7.0] * 4], ["uint16", "UInt16", "int16", "Int16"]),
        ([[2.5] * 4, [7.0] * 4], ["float64", "Float64", "float64", "Float64"]),
        ([[NAN] * 4, [7.0] * 4], ["float64", "UInt8", "float64", "Int16"]),
        ([[70_000.0] * 4, [NAN] * 4], ["float64", "UInt32", "float64", "Int32"]),
    ):
        decoded = schema.decode(codes)
        assert [str(dtype) for dtype in decoded.dtypes] == dtypes
        assert_array_equal(decoded.to_numpy(dtype=float, na_value=NAN), codes)


def test_drawn_numbers_widen_columns_of_polars():
    frame = pl.DataFrame({"a": pl.Series([1, 2, 3], dtype=pl.UInt8)})
    schema = Schema.infer(frame, "mixed")
    for drawn, dtype in ((300, pl.UInt16), (0.5, pl.Float64), (None, pl.UInt8)):
        expected = pl.DataFrame({"a": pl.Series([drawn, 4], dtype=dtype)})
        codes = [[NAN if drawn is None else drawn], [4]]
        polars.testing.assert_frame_equal(schema.decode(codes), expected)


def test_bools_that_are_missing_or_numbers():
    frame = pd.DataFrame({"a": [True, False], "b": pd.array([True, False], dtype="boolean")})
    gappy = Schema.infer(frame, "mixed").decode([[NAN, NAN], [1, 0]])
    assert_frame_equal(
        gappy, pd.DataFrame({"a": [NAN, 1.0], "b": pd.array([None, False], dtype="boolean")})
    )
    for table in (frame, pl.DataFrame({"a": [True, False], "b": [False, True]})):
        drawn = Schema.infer(table, {"a": "count", "b": "real"}).decode([[3, 0.5], [1, 1]])
        assert_array_equal(drawn.to_numpy(), [[3, 0.5], [1, 1]])


def test_codes_that_are_no_level_are_refused():
    frame = pandas_frame()[["job", "two"]]
    for table in (frame, polars_frame()[["job", "two"]], [[1, 2], [2, 3], [1, 4]]):
        schema = Schema.infer(table, "mixed" if isinstance(table, list) else {"two": "ordinal"})
        column = 0 if isinstance(table, list) else 1
        for code in (0.5, -1, 3):
            with pytest.raises(ValueError, match="whole numbers from 0 to"):
                schema.decode([[0, 1], [code, 1]])
            with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
                schema.decode(np.roll([[0, code]], 1 - column, axis=1))


def test_categories_of_one_library_are_taken_by_the_other():
    rows = {"job": ["b", None, "a", "c"], "n": [3, 1, 0, 2]}
    frames = [
        pd.DataFrame(rows).astype({"job": "category"}),
        pd.DataFrame(rows),
        pl.DataFrame(rows),
        pl.DataFrame(rows).with_columns(pl.col("job").cast(pl.Enum(["z", "c", "b", "a"]))),
        pl.DataFrame(rows).with_columns(pl.col("job").cast(pl.Categorical)),
        pd.DataFrame(rows).to_numpy(),
        pd.DataFrame(rows).to_numpy().tolist(),
    ]
    for number in (0, 4):
        schema = Schema.infer(frames[number], "mixed")
        for frame in frames:
            assert_array_equal(schema.encode(frame), [[1, 3], [NAN, 1], [0, 0], [2, 2]])


# Names


@pytest.mark.parametrize("names", [[7, 3], ["a", 3], [("a", "x"), ("a", "y")], ["", " "]])
def test_names_may_be_anything(names):
    frame = pd.DataFrame([[1, 0.5], [2, 0.25], [4, 3]], columns=pd.Index(names))
    schema = Schema.infer(frame, {names[0]: "ordinal"})
    assert schema.names == tuple(names)
    assert schema.kinds == ("ordinal", "real")
    assert_frame_equal(schema.decode(schema.encode(frame)), frame)
    assert_array_equal(schema.encode_evidence({names[0]: 4}), [2, NAN])


# Without narwhals, pandas and polars


def test_frames_of_categories_are_mixed():
    for frame in (pandas_frame()[["yes", "job"]], polars_frame().select("yes", "job")):
        assert is_mixed_frame(frame)
    for mixed in (pandas_frame()[["rank"]], polars_frame().select("rank", "f32")):
        assert is_mixed_frame(mixed)
    for plain in (pandas_frame()[["yes", "u8", "I8"]], polars_frame().select("yes", "f32")):
        assert not is_mixed_frame(plain)
    for other in (np.eye(2), [[1]], None, "category", pandas_frame()["job"], {"a": "category"}):
        assert not is_mixed_frame(other)


def test_frames_without_narwhals(monkeypatch):
    importing = builtins.__import__

    def without(name, *args, **kwargs):
        if name.split(".")[0] == "narwhals":
            raise ImportError(name)
        return importing(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    monkeypatch.setitem(sys.modules, "narwhals", None)
    assert is_mixed_frame(pandas_frame())
    assert Schema.infer([[1, 0.5], [2, 1], [3, 0]], "mixed").kinds == ("count", "real")
    for frame in (pandas_frame(), polars_frame()):
        with pytest.raises(
            ImportError, match=r"DataFrames .* need narwhals: .*pip install narwhal"
        ):
            Schema.infer(frame, "mixed")


def test_arrays_need_no_other_library(monkeypatch):
    for library in ("pandas", "polars", "narwhals"):
        monkeypatch.setitem(sys.modules, library, None)
    schema = Schema.infer([[1, None], [2, 0.5], [3, 1]], "mixed")
    assert_array_equal(schema.encode([[1, None]]), [[1, NAN]])
    assert_array_equal(schema.encode_evidence({1: 1}), [NAN, 1])
    assert not is_mixed_frame([[1]])
