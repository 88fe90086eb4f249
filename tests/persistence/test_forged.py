"""Files that are damaged, or made to do harm, end in a sentence, and nothing of them is run."""

import copy
import io
import json
import math
import os
import pickle
import struct
import warnings
import zipfile

import numpy as np
import pytest

from sklearn_helmholtz import load, save
from tests.persistence.fitted import CASES, HOLDERS, SEQUENCES

HARMLESS = {"parameters", "version"}  # others of which are checked, or as good


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """A function of a case: header and arrays of its file, which is written once."""
    known, path = {}, tmp_path_factory.mktemp("good") / "model.npz"

    def find(name):
        if name not in known:
            make, *data = {**CASES, **HOLDERS, **SEQUENCES}[name]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # columns without values
                save(make().fit(*data), path)
            with np.load(path) as file:
                known[name] = {name: file[name] for name in file.files}
        arrays = copy.deepcopy(known[name])
        return json.loads(arrays.pop("header").tobytes()), arrays

    return find


@pytest.fixture(scope="module", params=[
    "few mixed", "nvil of bits", "oblique factors", "autoregressive reals", "items",
    "imputer", "detector of bits", "latent classifier", "generative classifier",
    "slow features", "slow features with noise", "conditional units of bits",
])  # fmt: skip
def whole(request, contents):
    """Header and arrays of a good file."""
    return contents(request.param)


@pytest.fixture
def forged(tmp_path):
    """A function that writes what is given as members of a file, and loads it."""

    def try_to_load(header, arrays):
        path = tmp_path / "forged.npz"
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        with open(path, "wb") as file:
            np.savez(file, header=np.frombuffer(text, np.uint8), **arrays)
        return load(path)

    return try_to_load


def refused(function, *arguments):
    """Whether a call ends in one sentence that names the file; nothing else may come."""
    try:
        function(*arguments)
    except ValueError as error:
        message = str(error)
        assert "cannot be loaded: " in message, message
        assert message.endswith("."), message
        return True
    return False


def places(fields, path=()):
    """Paths of all fields of JSON that hold no other fields."""
    items = fields.items() if isinstance(fields, dict) else enumerate(fields)
    for key, value in items:
        if isinstance(value, dict | list) and value:
            yield from places(value, (*path, key))
        yield (*path, key)


def put(fields, path, value):
    changed = copy.deepcopy(fields)
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed


JUNK = [None, True, -1, 0, 3, 0.5, 1e300, "x", "inf", [], [[]], {}, {"dict": [[[], 1]]}, 10**30]


def test_no_field_is_trusted(whole, forged):
    header, arrays = whole
    taken = {}
    for number, path in enumerate(places(header)):
        junk = JUNK[number % len(JUNK)]
        changed = put(header, path, junk)
        if changed != header and HARMLESS.isdisjoint(path) and not refused(forged, changed, arrays):
            taken[path] = junk
    # Numbers and words in place of others, which nothing contradicts.
    assert not [p for p, junk in taken.items() if isinstance(junk, dict | list)], taken


def test_a_seed_has_four_words(contents, forged):
    header, arrays = contents("few mixed")
    path = ("model", "history", "seed")
    for seed in ([], [1, 2, 3], [1, 2, 3, 4, 5]):
        assert refused(forged, put(header, path, seed), arrays)


def test_no_parameter_is_trusted(whole, forged):
    header, arrays = whole
    junk = [[], {"x": 1}, {"list": 3}, {"tuple": [{"number": "1"}]}, {"dict": [1]}]
    for number, name in enumerate(header["parameters"]):
        own = junk[number % len(junk)]
        assert refused(forged, put(header, ("parameters", name), own), arrays), name
    assert refused(forged, put(header, ("parameters", "nonsense"), 1), arrays)
    wrong = {"max_iter": -3, "random_state": "x", "tol": -1.0}
    for name, value in wrong.items():
        assert refused(forged, put(header, ("parameters", name), value), arrays)


def test_no_field_is_superfluous_or_missing(whole, forged):
    header, arrays = whole
    places_of_parts = [()] + [p for p in places(header) if isinstance(value_at(header, p), dict)]
    for path in places_of_parts:
        if "parameters" in path or "type" in path or "names" in path:
            continue
        assert refused(forged, put(header, (*path, "nonsense"), 1), arrays), path
        for key in list(value_at(header, path))[:: 1 if len(path) < 3 else 4]:
            cut = copy.deepcopy(header)
            del value_at(cut, path)[key]
            assert refused(forged, cut, arrays), (*path, key)


def value_at(fields, path):
    for key in path:
        fields = fields[key]
    return fields


@pytest.mark.parametrize("change", [
    lambda a: np.full_like(a, np.nan) if a.dtype.kind == "f" else a.astype(float),
    lambda a: np.where(abs(a) < np.inf, a, 0).astype("i8" if a.dtype.kind == "f" else "f4"),
    lambda a: np.append(a, a.flat[:1] if a.size else np.zeros(1)),
    lambda a: a[None],
    lambda a: np.zeros((0, *a.shape[1:]), a.dtype) if a.ndim and a.size else a[None],
    lambda a: np.full_like(a, "x", dtype="U1"),
    lambda a: a.astype(complex),
    None,
], ids=["NaN", "type", "longer", "deeper", "empty", "text", "complex", "missing"])  # fmt: skip
def test_no_array_is_trusted(whole, forged, change):
    header, arrays = whole
    records = ("loss_curve", "loglike", "validation_scores")  # of any length
    for name in arrays:
        others = {key: value for key, value in arrays.items() if key != name}
        if change is not None:
            others[name] = change(arrays[name])
            if name.endswith(records) and others[name].ndim == 1 and others[name].dtype == float:
                continue
            if others[name].tobytes() == b"" and others[name].shape == arrays[name].shape:
                continue  # NaN of nothing
        assert refused(forged, header, others), name
    assert refused(forged, header, {**arrays, "more": np.zeros(1)})


def test_values_that_no_model_has(whole, forged):
    header, arrays = whole
    wrong = {
        "noise": -1.0, "scale": 0.0, "second_moment": -1.0, "shares": 2.0, "below": 0.5,
        "knots": 1.0, "reward_variances": -1.0, "lateral": 1.0, "components": 100.0,
        "factor_correlation": 0.1, "turn": 0.0, "log_excess": np.inf, "centre": np.inf,
        "second": -1.0, "draws": 0.5, "class_count": -1.0, "class_prior": 0.9,
    }  # fmt: skip
    seen = 0
    for name, array in arrays.items():
        ending = name.rpartition(".")[2]
        if ending in wrong and array.size:
            seen += 1
            changed = {**arrays, name: np.full_like(array, wrong[ending])}
            assert refused(forged, header, changed), name
    assert seen


def test_items_that_no_model_has(contents, forged):
    header, arrays = contents("items")
    lopsided = arrays["model.correlation"].copy()
    lopsided[0, 1] += 0.01
    wrong = {
        "loadings": [0.0, 0.9], "pattern": [0.9], "turn": [0.0], "factor_correlation": [0.1],
        "correlation": [0.5, lopsided],
        "thresholds": [0.0, arrays["model.thresholds"][:, ::-1], -arrays["model.thresholds"]],
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            own = np.full_like(arrays[f"model.{name}"], value) if np.ndim(value) == 0 else value
            assert refused(forged, header, {**arrays, f"model.{name}": own}), (name, value)
    column = header["model"]["schema"]["columns"][2]
    for change in {"levels": {"list": [0]}}, {"kind": "categorical"}, {"kind": "count"}:
        other = put(header, ("model", "schema", "columns", 2), {**column, **change})
        assert refused(forged, other, arrays), change
    for names in [*"abcdeg"], None:
        assert refused(forged, put(header, ("feature_names",), names), arrays)


@pytest.mark.parametrize("text", [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"format": NaN}',
    b'{"format": 1e999}', b'{"format": true}', b'{"format": ' + b"9" * 5000 + b"}",
])  # fmt: skip
def test_headers_that_are_none(whole, forged, text):
    assert refused(forged, text, whole[1])


def test_only_known_classes_are_made(whole, forged):
    header, arrays = whole
    for name in ("os.system", "HelmholtzMachine.__init__", "object", "", "BaseEstimator"):
        assert refused(forged, put(header, ("class",), name), arrays)
    other = "FactorAnalysis" if header["class"] != "FactorAnalysis" else "HelmholtzMachine"
    assert refused(forged, put(header, ("class",), other), arrays)


CHANGES = {
    "held of other features": ("imputer", ("model", "observed_features"), [0, 1, 2]),
    "not in order": ("imputer", ("model", "observed_features"), [1, 0, 2, 3]),
    "twice": ("imputer", ("model", "observed_features"), [0, 1, 1, 3]),
    "beyond": ("imputer", ("model", "observed_features"), [0, 1, 2, 5]),
    "without gaps that there are": ("imputer", ("model", "indicated_features"), [1]),
    "no mixed columns": ("mixed imputer", ("model", "is_mixed"), False),
    "mixed columns": ("detector of bits", ("model", "is_mixed"), True),
    "an output that it cannot have": ("detector of bits", ("output",), "pandas"),
    "likely beyond 1": ("detector of bits", ("model", "offset"), 0.5),
    "an imputer inside": ("imputer", ("model", "estimator", "class"), "LatentImputer"),
    "without a label": (
        "mixed latent classifier", ("model", "estimator", "model", "schema", "columns", 2, "kind"),
        "count",
    ),
    "other codes": (
        "mixed latent classifier",
        ("model", "estimator", "model", "schema", "columns", 2, "levels"), {"list": [1.0, 0.0]},
    ),
    "other names": (
        "mixed latent classifier", ("feature_names",), ["job", "y"],
    ),
    "more labels": (
        "generative classifier", ("model", "classes"), {"list": ["a", "b", "c"]},
    ),
    "labels in disorder": ("generative classifier", ("model", "classes"), {"list": ["b", "a"]}),
    "labels twice": ("generative classifier", ("model", "classes"), {"list": ["a", "a"]}),
    "labels cut": ("generative classifier", ("model", "classes_width"), 1),
    "labels of other types": ("generative classifier", ("model", "classes_type"), "int64"),
    "no densities": ("generative classifier", ("model", "estimators"), []),
    "impossible priors": (
        "generative classifier", ("parameters", "priors"), {"list": [0.25, 0.25]},
    ),
    "names of a stranger": (
        "generative classifier", ("model", "estimators", 0, "feature_names"), list("xbcd"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_held_goes_with_its_holder(forged, contents, change):
    name, path, value = CHANGES[change]
    header, arrays = contents(name)
    forged(header, arrays)
    assert value_at(header, path) != value
    assert refused(forged, put(header, path, value), arrays)


@pytest.mark.parametrize("labels", [[300], [2**63], [True], [1.5], ["a"], [None], [[]]])
def test_labels_are_of_the_type_that_is_said(forged, contents, labels):
    header, arrays = contents("latent classifier")
    header["model"]["classes_type"] = "int8"
    forged(header, arrays)
    header["model"]["classes"]["list"][-1:] = labels
    assert refused(forged, header, arrays)


@pytest.mark.parametrize("values", [{"x": 0.5}, {"job": 0.5}, {"job": 4}, {"job": -1}, {"n": -1}])
def test_draws_are_codes_of_their_columns(forged, contents, values):
    header, arrays = contents("mixed detector")
    for name, value in values.items():
        arrays["model.draws"][3, header["feature_names"].index(name)] = value
    if "x" in values:  # a number like any other
        forged(header, arrays)
    else:
        assert refused(forged, header, arrays)


# The file itself


class Harm:
    """What writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def rewritten(path, changes, compressed=()):
    """The file with some members replaced, of bytes, or added; compressed : names of members."""
    with zipfile.ZipFile(path) as file:
        members = {name: file.read(name) for name in file.namelist()} | changes
    with zipfile.ZipFile(path, "w") as file:
        for name, content in members.items():
            how = zipfile.ZIP_DEFLATED if name in compressed else zipfile.ZIP_STORED
            file.writestr(name, content, how)


@pytest.fixture
def good(tmp_path):
    make, X = CASES["counts"]
    path = tmp_path / "model.npz"
    save(make().fit(X), path)
    return path


WEIGHTS = "model.machine.generation.0.weights.npy"


@pytest.mark.parametrize("form", ["objects", "bare", "records", "header", "own member"])
def test_pickles_are_never_read(good, tmp_path, form):
    harmed = tmp_path / "harmed"
    pickled = pickle.dumps(np.array([Harm(harmed)], dtype=object))
    member = io.BytesIO()
    np.lib.format.write_array(member, np.array([Harm(harmed)], dtype=object), allow_pickle=True)
    content = {"bare": pickled, "own member": pickled}.get(form, member.getvalue())
    if form == "records":
        content = content.replace(b"'|O'", b"[('a', '|O')]")
    name = {"header": "header.npy", "own member": "harm.pkl"}.get(form, WEIGHTS)
    rewritten(good, {name: content})
    wanted = "type of plain numbers" if form in ("objects", "header", "records") else "cannot be"
    with pytest.raises(ValueError, match=wanted):
        load(good)
    assert not harmed.exists()
    pickle.loads(pickled)
    assert harmed.exists()  # it would have done harm


def npy(description, content=b""):
    """An array file with a description of one's own."""
    text = description.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


@pytest.mark.parametrize("content", [
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000, 1000000000), }"),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1, -3), }", b"0" * 12),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", b"0" * 47),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", b"0" * 49),
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (True, 12), }", b"0" * 48),
    npy("{'descr': __import__('os').getcwd(), 'fortran_order': False, 'shape': (3, 4), }"),
    npy("(" * 100),
    npy("{'descr': '<M8[s]', 'fortran_order': False, 'shape': (3, 2), }", b"0" * 48),
    b"\x93NUMPY\x09\x00",
    b"",
])  # fmt: skip
def test_arrays_that_claim_what_they_are_not(good, content):
    rewritten(good, {WEIGHTS: content})
    assert refused(load, good)


@pytest.mark.parametrize("name", ["../../evil.npy", "/etc/evil.npy", "C:\\evil.npy", "x", "é.npy"])
def test_names_of_paths_lead_nowhere(good, tmp_path, name):
    rewritten(
        good, {name: npy("{'descr': '<f4', 'fortran_order': False, 'shape': (), }", b"0" * 4)}
    )
    assert refused(load, good)
    assert [path.name for path in tmp_path.iterdir()] == ["model.npz"]


def test_what_grows_when_it_is_read_is_refused(good):
    rewritten(good, {}, compressed=[WEIGHTS])
    with pytest.raises(ValueError, match=f"its member '{WEIGHTS}' is no array of save"):
        load(good)
    rewritten(good, {WEIGHTS: bytes(10**6)}, compressed=[WEIGHTS])
    with pytest.raises(ValueError, match="claim to be larger than the file"):
        load(good)


def test_members_of_one_name_are_refused(good):
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(good, "a") as file:
        file.writestr(WEIGHTS, b"")
    with pytest.raises(ValueError, match="holds members of the same name"):
        load(good)


@pytest.mark.parametrize("share", [0, 0.01, 0.3, 0.7, 0.99])
def test_files_that_were_cut_short(good, share):
    whole = good.read_bytes()
    good.write_bytes(whole[: math.floor(share * len(whole))])
    assert refused(load, good)


def test_any_damaged_byte_is_noticed_or_does_nothing(good):
    whole, rng = good.read_bytes(), np.random.default_rng(0)
    expected = load(good).generative_coefs_[0]
    n_refused = 0
    for place in rng.integers(0, len(whole), 150):
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        good.write_bytes(bytes(damaged))
        if refused(load, good):
            n_refused += 1
        else:
            assert (load(good).generative_coefs_[0] == expected).all()
    assert n_refused > 100


def test_a_pickle_is_no_archive(tmp_path):
    path = tmp_path / "model.pkl"
    path.write_bytes(pickle.dumps(Harm(tmp_path / "harmed")))
    assert refused(load, path)
    assert not (tmp_path / "harmed").exists()
