"""Kinds of columns: what types and values mean, what users say, and what is refused."""

import datetime
import pickle
import re
import warnings

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from numpy.testing import assert_array_equal

from sklearn_helmholtz.estimators.kinds import KINDS, check_visible
from sklearn_helmholtz.estimators.schema import Schema

NAN, TWO_53 = np.nan, 2**53
MANY = [f"level {number:03}" for number in range(256)]


def category(values, levels=None, ordered=False):
    return pd.Categorical(values, categories=levels, ordered=ordered)


def inferred(values, kind=None, **column):
    """The kind and the levels of a column of a frame of pandas, as lists."""
    frame = pd.DataFrame({"other": np.arange(len(values)), "c": values}, **column)
    schema = Schema.infer(frame, "mixed" if kind is None else {"c": kind})
    levels = schema.categories[1]
    return schema.kinds[1], None if levels is None else levels.tolist()


# Inference

INFERRED = {
    "bools": ([True, False, True], "bernoulli", [False, True]),
    "only True": ([True, True], "bernoulli", [False, True]),
    "bools in objects": (pd.Series([True, None, True], dtype=object), "bernoulli", [False, True]),
    "nullable bools": (pd.array([True, None], dtype="boolean"), "bernoulli", [False, True]),
    "two numbers": ([2, 1, 2], "bernoulli", [1, 2]),
    "two numbers and none": ([2, None, 1], "bernoulli", [1, 2]),
    "two fractions": ([0.5, -3.5, 0.5], "bernoulli", [-3.5, 0.5]),
    "two levels": (category(["b", "a"], ["b", "a"]), "bernoulli", ["b", "a"]),
    "two levels, one seen": (category(["a", None], ["b", "a"]), "bernoulli", ["b", "a"]),
    "two levels in order": (category(["a"], ["b", "a"], True), "bernoulli", ["b", "a"]),
    "levels in order": (category(["a", "c"], ["b", "a", "c"], True), "ordinal", ["b", "a", "c"]),
    "levels": (category(["a", "c"], ["b", "a", "c"]), "categorical", ["b", "a", "c"]),
    "one level": (category(["a", "a"]), "categorical", ["a"]),
    "levels that are numbers": (category([3, 1, 2]), "categorical", [1, 2, 3]),
    "255 levels": (category(MANY[:255]), "categorical", MANY[:255]),
    "whole numbers": ([3, 1, 0], "count", None),
    "whole numbers in floats": ([3.0, NAN, 1, 7], "count", None),
    "objects of numbers": (pd.Series([3, None, 1, 2.0], dtype=object), "count", None),
    "nullable whole numbers": (pd.array([3, None, 1, 2], dtype="Int64"), "count", None),
    "fractions": ([0.5, 1, 2], "real", None),
    "below zero": ([-1, 1, 2], "real", None),
    "too large for a count": ([1.0, 2.0, 2.0**60], "real", None),
    "constant": ([4, 4, 4], "count", None),
    "constant fraction": ([0.5, 0.5], "real", None),
}


@pytest.mark.parametrize("case", INFERRED)
def test_kinds_are_inferred_from_types_and_values(case):
    values, kind, levels = INFERRED[case]
    assert inferred(values) == (kind, levels)


POLARS = {
    "Categorical": (["b", "c", None, "a"], pl.Categorical, "categorical", ["a", "b", "c"]),
    "two of Categorical": (["b", None, "a"], pl.Categorical, "bernoulli", ["a", "b"]),
    "Enum": (["a", None], pl.Enum(["c", "a", "b"]), "categorical", ["c", "a", "b"]),
    "Enum of two": (["a", None], pl.Enum(["c", "a"]), "bernoulli", ["c", "a"]),
    "Boolean": ([True, None], pl.Boolean, "bernoulli", [False, True]),
    "UInt8": ([3, None, 1, 0], pl.UInt8, "count", None),
    "Float32": ([0.5, None, 1, 0], pl.Float32, "real", None),
    "Object": ([3, None, 1, 0], pl.Object, "count", None),
}


@pytest.mark.parametrize("case", POLARS)
def test_kinds_are_inferred_from_types_of_polars(case):
    values, dtype, kind, levels = POLARS[case]
    schema = Schema.infer(pl.DataFrame({"c": pl.Series(values, dtype=dtype)}), "mixed")
    assert schema.kinds == (kind,)
    assert (None if levels is None else schema.categories[0].tolist()) == levels


def test_levels_of_a_polars_categorical_do_not_depend_on_other_frames():
    pl.Series(["zebra", "yak"], dtype=pl.Categorical)
    first = pl.DataFrame({"c": pl.Series(["b", "a", "c"], dtype=pl.Categorical)})
    later = pl.DataFrame({"c": pl.Series(["c", "b", None], dtype=pl.Categorical)})
    schema = Schema.infer(first, "mixed")
    assert schema.categories[0].tolist() == ["a", "b", "c"]
    assert_array_equal(schema.encode(later)[:, 0], [2, 1, NAN])


# What users say

SAID = {
    "whole numbers that are categories": ("categorical", [3, -1, 7], [-1, 3, 7]),
    "whole numbers in order": ("ordinal", [3, 1, NAN, 7], [1, 3, 7]),
    "fractions in order": ("ordinal", [2.5, 1, 7], [1, 2.5, 7]),
    "counts that are real": ("real", [3, 1, 7], None),
    "counts that are Gaussian": ("gaussian", [3, 1, 7], None),
    "two values that are a count": ("count", [3, 1, 3], None),
    "bools that are a count": ("count", [True, False], None),
    "bools that are categories": ("categorical", [True, True], [False, True]),
    "one value": ("bernoulli", [5, 5], [5, 6]),
    "only zeros": ("bernoulli", [0, 0], [0, 1]),
    "only ones": ("bernoulli", [1, NAN], [0, 1]),
    "levels that are in order": ("ordinal", category(["a"], ["c", "a", "b"]), ["c", "a", "b"]),
    "levels that are in no order": ("categorical", category([1, 2, 3], None, True), [1, 2, 3]),
    "two levels that are categories": ("categorical", category(["a", "b"]), ["a", "b"]),
}


@pytest.mark.parametrize("case", SAID)
def test_kinds_are_as_users_say(case):
    kind, values, levels = SAID[case]
    assert inferred(values, kind) == (kind, levels)


def test_dicts_name_some_columns_and_sequences_all():
    X = np.array([[0.5, 1, 2], [1, 2, 4], [2.5, 3, 4]])
    frame = pd.DataFrame(X, columns=["a", "b", "c"])
    for table, visible in (
        (X, {1: "ordinal", 0: ("real", 100)}),
        (X, {np.int64(1): "ordinal", 0: ["real", 100.0]}),
        (frame, {"b": "ordinal", "a": ("real", 100)}),
        (frame, [("real", 100), "ordinal", "bernoulli"]),
        (X, np.array(["real", "ordinal", "bernoulli"])),
    ):
        schema = Schema.infer(table, visible)
        assert schema.kinds == ("real", "ordinal", "bernoulli")
        expected = None if isinstance(visible, np.ndarray) else 100.0
        assert schema.resolutions == (expected, None, None)
    assert Schema.infer(frame, {}).kinds == ("real", "count", "bernoulli")


@pytest.mark.parametrize(
    "visible",
    [
        *("auto", "bernoulli", "gaussian", "poisson", "mixed", {}, {"a": "count"}),
        *({0: ("real", 0.5)}, ("real", "count"), [("real", 2), "ordinal"], np.array(KINDS)),
    ],
)
def test_visible_is_a_word_or_kinds(visible):
    check_visible(visible)


@pytest.mark.parametrize(
    ("visible", "message"),
    [
        ("nominal", "visible must be one of 'auto', .*'mixed', or a dict or seq.*got 'nominal'"),
        (3, "must be one of .* got 3"),
        (None, "must be one of .* got None"),
        ({"job": "nominal"}, "kind 'nominal' for column 'job', but the kinds are 'bernoulli', 'c"),
        (["real", "poisson"], "kind 'poisson' for column 1, but the kinds are .*'gaussian'"),
        (("real", 100), "kind 100 for column 1"),
        ({"a": ("count", 2)}, "column 'a' of the kind 'count', but only 'real'"),
        ({"a": ("real", 0)}, "resolution 0 for column 'a', but .* positive finite"),
        ({"a": ("real", -1.5)}, "resolution -1.5"),
        ({"a": ("real", NAN)}, "resolution nan"),
        ({"a": ("real", np.inf)}, "resolution inf"),
        ({"a": ("real", True)}, "resolution True"),
        ({"a": ("real", "1")}, "resolution '1'"),
        ({"a": ("real", 1, 2)}, "kind \\('real', 1, 2\\)"),
    ],
)
def test_visible_that_is_neither_is_refused(visible, message):
    with pytest.raises(ValueError, match=message):
        check_visible(visible)
    with pytest.raises(ValueError, match=message):
        Schema.infer([[1, 2]], visible)


@pytest.mark.parametrize(
    ("visible", "message"),
    [
        (
            {"age": "count"},
            "names the column 'age', but X has no column names, use numbers: 0 to 1",
        ),
        ({2: "count"}, "names the column 2, but those of X are 0 to 1"),
        ({-1: "count"}, "names the column -1"),
        ({True: "count"}, "names the column True"),
        (["count"], "visible has 1 kinds, but X has 2 columns"),
        (["count"] * 3, "visible has 3 kinds, but X has 2 columns"),
    ],
)
def test_kinds_of_columns_that_are_not_there_are_refused(visible, message):
    X = np.array([[1, 2], [3, 4], [5, 6]])
    with pytest.raises(ValueError, match=message):
        Schema.infer(X, visible)
    if not isinstance(visible, list):
        with pytest.raises(ValueError, match=r"names the column .*, but those of X are 'a', 'b'"):
            Schema.infer(pd.DataFrame(X, columns=["a", "b"]), visible)


# Bad input: the kind said, the values, the error, and what it names

PANDAS = 'df.astype({"c": "category"})'
REFUSED = {
    "text": (None, ["x", "y", "z"], ValueError, "holds 'x' (text)", PANDAS),
    "text that is categories": ("categorical", ["x", "y", "z"], ValueError, "'x' (text)", PANDAS),
    "text that spells numbers": (None, ["1", "2", "3"], ValueError, "'1' (text)", PANDAS),
    "text in objects": (None, pd.Series([1, "x", 2.0], dtype=object), ValueError, "'x'", PANDAS),
    "dates": (None, pd.date_range("2020", periods=3), TypeError, "2020", "days since"),
    "spans": (None, pd.to_timedelta([1, 2, 3], unit="s"), TypeError, "dates", "days since"),
    "periods": (None, pd.period_range("2020", periods=3, freq="D"), TypeError, "2020", ""),
    "days": (None, [datetime.date(2020, 1, 1)] * 3, TypeError, "2020", "days since"),
    "complex": (None, [1j, 2, 3], TypeError, "1j", "Leave it out"),
    "lists": (None, [[1], [2], [3]], TypeError, "[1]", "Leave it out"),
    "dicts": (None, [{}] * 3, TypeError, "{}", "Leave it out"),
    "256 levels": (None, category(MANY), ValueError, "256 levels", "Merge rare ones, or drop"),
    "300 numbers": ("ordinal", np.arange(300), ValueError, "more than 255 levels", "Merge"),
    "300 labels": (
        "categorical",
        np.arange(300),
        ValueError,
        "more than 255 levels",
        "at most 255",
    ),
    "nothing": (None, [NAN] * 3, ValueError, "is missing", "Leave the column out"),
    "None": (None, [None] * 3, ValueError, "is missing", "Leave the column out"),
    "no category": (None, category([None] * 3, ["a", "b"]), ValueError, "is missing", "Leave"),
    "infinity": (None, [1, np.inf, 0.5], ValueError, "infinity", "finite"),
    "infinite object": (None, pd.Series([1, -np.inf], dtype=object), ValueError, "infinity", ""),
    "wide": (None, [TWO_53 + 1, 2, 3], ValueError, "9007199254740993", "2**53"),
    "wide below zero": ("real", [-TWO_53 - 1, 2, 3], ValueError, "-9007199254740993", "2**53"),
    "wide nullable": (
        *(None, pd.array([1, None, TWO_53 + 1], dtype="Int64")),
        *(ValueError, "9007199254740993", "2**53"),
    ),
    "wide objects": (
        *(None, pd.Series([1, None, TWO_53 + 1], dtype=object)),
        *(ValueError, "9007199254740993", "2**53"),
    ),
    "wide count": ("count", [1.0, 2.0**60], ValueError, "1.1529", "2**53"),
    "three values": ("bernoulli", [1, 2, 3], ValueError, "1, 2, 3", "at most two"),
    "three levels": ("bernoulli", category(list("aab"), list("abc")), ValueError, "3 lev", "two"),
    "one level": ("bernoulli", category(["a", "a"]), ValueError, "1 levels", "two"),
    "count below zero": ("count", [1, -1, 3], ValueError, "-1", "whole numbers from 0"),
    "fraction of a count": ("count", [1, 2.5, 3], ValueError, "2.5", "whole numbers from 0"),
    "fraction of a label": ("categorical", [1, 2.5, 3], ValueError, "2.5", "whole"),
    "levels as count": ("count", category([1, 2, 3]), ValueError, "'count'", "'ordinal'"),
    "levels as real": ("real", category(["a", "b"]), ValueError, "'real'", "'bernoulli'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_columns_that_cannot_be_of_a_kind_are_named(case):
    kind, values, error, *words = REFUSED[case]
    with pytest.raises(error) as caught:
        inferred(values, kind)
    assert caught.type is error
    message = str(caught.value)
    assert re.search(r"olumn 1 \('c'\) of X", message)
    assert all(word in message for word in words), message
    assert message.endswith(".")


POLARS_REFUSED = {
    "text": (["a", "b"], pl.String, None, ValueError, '(pl.col("c").cast(pl.Categorical))'),
    "dates": ([datetime.date(2020, 1, 1)], pl.Date, None, TypeError, "2020"),
    "times": ([datetime.time(1)], pl.Time, None, TypeError, "time"),
    "spans": ([datetime.timedelta(1)], pl.Duration, None, TypeError, "timedelta"),
    "lists": ([[1]], pl.List(pl.Int64), None, TypeError, "[1]"),
    "structs": ([{"a": 1}], pl.Struct({"a": pl.Int64}), None, TypeError, "{'a': 1}"),
    "wide": ([TWO_53 + 1, None], pl.UInt64, None, ValueError, "2**53"),
    "nothing": ([None, None], pl.Null, None, ValueError, "is missing"),
    "256 levels": (MANY, pl.Categorical, None, ValueError, "256 levels"),
    "no order": (["a", "b", "c"], pl.Categorical, "ordinal", ValueError, "pl.Enum"),
}


@pytest.mark.parametrize("case", POLARS_REFUSED)
def test_columns_of_polars_are_refused_likewise(case):
    values, dtype, kind, error, word = POLARS_REFUSED[case]
    frame = pl.DataFrame({"c": pl.Series(values, dtype=dtype)})
    with pytest.raises(error) as caught:
        Schema.infer(frame, {} if kind is None else {"c": kind})
    assert caught.type is error
    assert "olumn 0 ('c') of X" in str(caught.value)
    assert word in str(caught.value)


TABLES = {
    "sparse": (scipy.sparse.csr_matrix(np.eye(2)), TypeError, "sparse .* dense tables only"),
    "text": ("table", TypeError, "X must be"),
    "dict": ({"a": [1]}, TypeError, "X must be"),
    "lazy": (pl.LazyFrame({"a": [1]}), TypeError, "polars.LazyFrame"),
    "series": (pd.Series([1.0, 2]), ValueError, "Expected 2D array, got 1D array"),
    "row": ([1.0, 2], ValueError, "Expected 2D array, got 1D array"),
    "cube": (np.zeros((2, 2, 2)), ValueError, "got 3D array"),
    "ragged": ([[1, 2], [3]], ValueError, "row 1 has 1"),
    "no rows": (np.zeros((0, 2)), ValueError, r"0 sample\(s\) \(shape=\(0, 2\)\)"),
    "no columns": (np.zeros((2, 0)), ValueError, r"0 feature\(s\) \(shape=\(2, 0\)\)"),
    "complex": (np.array([[1j]]), ValueError, "Complex data not supported"),
    "records": (np.zeros((2, 2), "i4,f4"), TypeError, "records"),
    "dates": (np.array([["2020-01-01"]], "M8[ns]"), TypeError, "Column 0 of X holds .*dates"),
    "an object": (np.array([[{}]], object), TypeError, "argument must be .* string.* number"),
    "words": (np.array([["1", "x"]]), ValueError, r"1 of X holds 'x' .*astype\({1: \"category\"}"),
    "wide": (np.array([[1, -TWO_53 - 1]]), ValueError, "Column 1 of X holds .*2\\*\\*53"),
    "wide in lists": ([[0.5, TWO_53 + 1]], ValueError, "Column 1 of X holds .*2\\*\\*53"),
    "twice": (pd.DataFrame([[1, 2]], columns=["a", "a"]), ValueError, "more than one column 'a'"),
}


@pytest.mark.parametrize("case", TABLES)
def test_what_is_no_table_is_refused(case):
    table, error, message = TABLES[case]
    with pytest.raises(error, match=message):
        Schema.infer(table, "mixed")
    if case not in ("no rows", "no columns", "dates", "an object", "words", "wide in lists"):
        with pytest.raises(error, match=message.replace("X", "X_val")):
            Schema.infer(np.eye(2), "mixed").encode(table, "X_val")


# Later data


def fitted():
    frame = pd.DataFrame(
        {
            "job": category(["a", "b", None, "c"]),
            "size": [1, 2.5, 7, NAN],
            "n": [0, 4, 7, 2],
            "sex": [1, 2, 1, 2],
            "code": category([10, 20, 30, 10]),
            "many": category(MANY[:4], MANY[:9]),
        }
    )
    return frame, Schema.infer(frame, {"size": "ordinal"})


LATER = {
    "unknown level": ("job", category(list("abcd")), "holds 'd', but its levels are 'a', 'b', 'c'"),
    "unknown text": ("job", ["a", "b", "c", "d"], "'d', .* Set it to NaN to have it count as miss"),
    "numbers": ("job", [1, 2, 3, 1], "numbers, but the model was fitted to categories .*'a', 'b'"),
    "bools": ("job", [True, False, True, True], "numbers, but .* fitted to categories"),
    "lists": ("job", [["a"]] * 4, r"holds \['a'\], but its levels"),
    "dates": ("job", pd.date_range("2020", periods=4), "holds .*2020.*, but its levels"),
    "unseen number": ("size", [1, 2.5, 7, 2], r"2.0, but its levels are 1.0, 2.5, 7.0. Set it to"),
    "third value": ("sex", [1, 2, 3, 1], "3.0, but its levels are 1.0, 2.0. Set it to NaN"),
    "unseen label": ("code", [10, 20, 31, 10], "holds 31.0, but its levels are 10, 20, 30"),
    "many levels": ("many", ["?"] * 4, r"'level 005', ... \(9 in all\)"),
    "below zero": ("n", [0, -4, 1, 1], "-4.0, but 'count' columns hold whole numbers from 0"),
    "fraction": ("n", [0, 0.5, 1, 1], "0.5, but 'count' columns hold whole numbers from 0"),
    "infinity": ("n", [0, np.inf, 1, 1], "infinity"),
    "wide": ("n", [0, TWO_53 + 1, 1, 1], "9007199254740993"),
    "categories": ("n", category([0, 4, 7, 2]), "categories, but the model was fitted to numbers"),
    "categories in order": ("size", category([1, 2.5, 7, 1]), "categories, but .* numbers"),
    "text": ("n", list("abcd"), r"'a' \(text\), which is not a number. Turn it into numbers"),
}


@pytest.mark.parametrize("case", LATER)
def test_later_values_that_cannot_be_are_named(case):
    name, values, message = LATER[case]
    frame, schema = fitted()
    label = re.escape(f"{list(frame).index(name)} ('{name}')")
    with pytest.raises(ValueError, match=f"(?s)Column {label} of X_val .*{message}"):
        schema.encode(frame.assign(**{name: values}), "X_val")


TAKEN = {
    "text": ("job", ["c", None, "a", "b"], [2, NAN, 0, 1]),
    "other levels": ("job", category(["c", "a", "a", "b"], list("zcba")), [2, 0, 0, 1]),
    "in order": ("job", category(["c", "a", "a", "b"], list("cba"), True), [2, 0, 0, 1]),
    "nothing": ("job", [NAN] * 4, [NAN] * 4),
    "no category": ("job", category([None] * 4), [NAN] * 4),
    "labels as numbers": ("code", [30, 10, 20, 10], [2, 0, 1, 0]),
    "labels as floats": ("code", [30, NAN, 20, 10], [2, NAN, 1, 0]),
    "larger counts": ("n", [99.0, NAN, 1e6, 0], [99, NAN, 1e6, 0]),
    "objects": ("n", pd.Series([9, None, pd.NA, 0], dtype=object), [9, NAN, NAN, 0]),
    "nothing in objects": ("n", pd.Series([None] * 4, dtype=object), [NAN] * 4),
    "nullable": ("sex", pd.array([1, None, 2, 1], dtype="Int8"), [0, NAN, 1, 0]),
}


@pytest.mark.parametrize("case", TAKEN)
def test_later_values_in_other_forms_are_taken(case):
    name, values, codes = TAKEN[case]
    frame, schema = fitted()
    found = schema.encode(frame.assign(**{name: values}))
    assert_array_equal(found[:, list(frame).index(name)], codes)


def test_other_columns_are_refused():
    frame, schema = fitted()
    for other, message in (
        (frame.iloc[:, :5], "X has 5 columns, but the model was fitted to 6"),
        (frame.iloc[:, ::-1], "Column 0 of X is 'many', but the model was fitted to 'job' there"),
        (frame.rename(columns={"n": "m"}), "Column 2 of X is 'm', but .* to 'n' there"),
        (frame.to_numpy()[:, :2], "X has 2 columns"),
    ):
        with pytest.raises(ValueError, match=message):
            schema.encode(other)
    assert_array_equal(schema.encode(frame.to_numpy()), schema.encode(frame))
    with pytest.raises(ValueError, match=r"Column 0 \('job'\) of X holds 'z'"):
        schema.encode(np.array([["z", 1, 0, 1, 10, MANY[0]]], dtype=object))


# Evidence


def test_evidence_is_a_dict_a_series_or_all_values():
    frame, schema = fitted()
    expected = [1, NAN, 4, NAN, 2, NAN]
    series = pd.Series(["b", None, 4, NAN, 30, pd.NA], index=list(frame), dtype=object)
    for given in (
        {"n": 4, "job": "b", "code": 30},
        {"n": 4, "job": "b", "code": 30, "sex": None, "size": NAN},
        series,
        series[["n", "many", "sex", "job", "size", "code"]],
        series.tolist(),
        series.to_numpy(),
        tuple(series),
        np.ma.masked_array(["b", 0, 4, 0, 30, 0], [0, 1, 0, 1, 0, 1], dtype=object),
    ):
        assert_array_equal(schema.encode_evidence(given), expected)
    assert_array_equal(schema.encode_evidence({}), [NAN] * 6)


def test_evidence_of_arrays_goes_by_number():
    schema = Schema.infer([[1, 0.5, True], [2, 0.25, False], [2, 3, True]], {0: "ordinal"})
    expected = [1, NAN, 0]
    for given in ({0: 2, 2: False}, [2, NAN, False], [2, None, 0], pd.Series([2, NAN, 0])):
        assert_array_equal(schema.encode_evidence(given), expected)
    with pytest.raises(ValueError, match="given is labelled age, with 'age'"):
        schema.encode_evidence({"age": 1})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"job": "z"}, r"Column 0 \('job'\) of given holds 'z', but its levels are 'a', 'b', 'c'"),
        ({"job": 1}, r"Column 0 \('job'\) of given holds 1, but its levels"),
        ({"size": 3}, r"Column 1 \('size'\) of given holds 3.0, but its levels"),
        ({"n": -1}, r"Column 2 \('n'\) of given holds -1.0, but 'count'"),
        ({"n": "many"}, r"Column 2 \('n'\) of given holds 'many' \(text\)"),
        ({"n": np.inf}, r"Column 2 \('n'\) of given holds infinity"),
        ({"town": 1}, "given is labelled town, with 'town'"),
        ([1, 2], r"given must have the shape \(6,\).* got \(2,\)"),
        (3, r"given must have the shape \(6,\).* got \(\)"),
    ],
)
def test_evidence_that_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        fitted()[1].encode_evidence(given)


# Schemas


def test_levels_have_codes():
    _, schema = fitted()
    assert [schema.level(0, level) for level in "abc"] == [0, 1, 2]
    assert schema.level(1, 2.5) == 1
    assert schema.level(4, 30) == 2
    with pytest.raises(ValueError, match=r"Column 0 \('job'\) of X holds 'z', but its levels are"):
        schema.level(0, "z")
    with pytest.raises(ValueError, match=r"Column 2 \('n'\) is 'count' and has no levels"):
        schema.level(2, 3)


def test_schemas_are_equal_if_their_fields_are():
    frame, schema = fitted()
    assert schema == fitted()[1]
    assert hash(schema) == hash(fitted()[1])
    assert pickle.loads(pickle.dumps(schema)) == schema
    assert schema != Schema.infer(frame, "mixed")
    assert schema != Schema.infer(frame.assign(sex=[1, 3, 1, 3]), {"size": "ordinal"})
    assert schema != Schema.infer(frame.astype({"n": float}), {"size": "ordinal"})
    assert schema != 3


def test_schemas_hold_none_of_the_data():
    X = np.arange(40_000.0).reshape(-1, 2) + 0.5
    for table in (X, pd.DataFrame(X, columns=["a", "b"]), pl.DataFrame(X, schema=["a", "b"])):
        assert len(pickle.dumps(Schema.infer(table, "mixed"))) < 2000


def test_the_alphabet_is_told_where_it_orders_levels():
    grades = pd.Series(["low", "high", "middle", "low"])
    with pytest.warns(UserWarning, match=r"'g'.*'high' < 'low' < 'middle'.*ordered=True"):
        schema = Schema.infer(pd.DataFrame({"g": grades.astype("category")}), {"g": "ordinal"})
    assert schema.categories[0].tolist() == ["high", "low", "middle"]
    silent = (["high", "low", "middle"], True), (["low", "middle", "high"], False)
    for levels, is_ordered in silent:
        dtype = pd.CategoricalDtype(levels, is_ordered)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            Schema.infer(pd.DataFrame({"g": grades.astype(dtype)}), {"g": "ordinal"})
