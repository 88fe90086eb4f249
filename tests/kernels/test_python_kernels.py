"""Kernels as plain Python, where NUMBA_DISABLE_JIT is set: the same answers, to rounding.

A process of its own, in which Numba is disabled, answers what this one does.
"""

import ast
import contextlib
import importlib
import inspect
import math
import pathlib
import pkgutil
from unittest import mock

import numpy as np
import pytest
import scipy.sparse
from numpy.testing import assert_allclose
from scipy import special

from sklearn_helmholtz import (
    DeterministicHelmholtzMachine,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    SigmoidBeliefNet,
    SparseCoding,
    _kernels,
)
from sklearn_helmholtz._gradients import BlockGradients
from sklearn_helmholtz._kernels import (
    bernoulli,
    dense,
    flips,
    lateral,
    panels,
    pareto,
    random,
    reference,
    sparse,
    tables,
    triangular,
)
from sklearn_helmholtz._kernels import shared_bernoulli as shared
from sklearn_helmholtz._kernels.boltzmann import boltzmann_step
from sklearn_helmholtz._kernels.counts import weighted_counts
from sklearn_helmholtz._kernels.families import BERNOULLI, GAUSSIAN
from sklearn_helmholtz._kernels.intrinsics import INTERPRETED
from sklearn_helmholtz._kernels.kernel import Kernel
from sklearn_helmholtz._keys import layer_word
from sklearn_helmholtz.estimators import ways
from sklearn_helmholtz.likelihood import partition_of, pseudo_log_likelihood, score_undirected
from sklearn_helmholtz.machines import assemble_boltzmann
from sklearn_helmholtz.rows import Lists, Table
from sklearn_helmholtz.sources import Logistic, Mixture, Samples, Student
from tests import naive
from tests.fresh_kernels import run_python
from tests.mixed_boltzmann_machines import make_mixed_boltzmann
from tests.sequences.builders import make_machine, make_rows

ROOT = pathlib.Path(__file__).parents[__name__.count(".")]


def every_kernel():
    """All kernels, by the names of their modules and their own: ``tables.table_product``."""
    found = {}
    for module in pkgutil.iter_modules(_kernels.__path__):
        contents = vars(importlib.import_module(f"{_kernels.__name__}.{module.name}"))
        for name, value in contents.items():
            if isinstance(value, Kernel) and value.__module__.endswith(f".{module.name}"):
                found[f"{module.name}.{name}"] = value
    return found


# What both processes answer


def normal(seed, *shape):
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def data():
    rng = np.random.default_rng(0)
    binary, real = (rng.random((7, 5)) < 0.5).astype(np.uint8), rng.normal(size=(7, 5))
    gaps, real_gaps = binary.astype(np.float64), real.copy()
    gaps[0, 1], real_gaps[1, 2] = np.nan, np.nan
    rows = np.where(rng.random((7, 5)) < 0.4, rng.random((7, 5)), 0)
    return binary, real, gaps, real_gaps, scipy.sparse.csr_matrix(rows)


KINDS = ["categorical", "gaussian", "count", "bernoulli", "real", "ordinal"]


def mixed():
    """A table of all kinds of columns, some values of which are missing."""
    rng, n = np.random.default_rng(1), 5
    levels, bits, grades = np.arange(n) % 3, np.arange(n) % 2, np.arange(n) % 4
    real = rng.normal(size=(n, 2))
    X = np.column_stack([levels, real[:, 0], rng.poisson(3, n), bits, real[:, 1], grades])
    X[rng.random(X.shape) < 0.2] = np.nan
    return X


def machine(hidden=3, **settings):
    return HelmholtzMachine(
        hidden, n_importance_samples=3, max_iter=1, random_state=0, early_stopping=False, **settings
    )


def net(hidden=2, **settings):
    return SigmoidBeliefNet(hidden, max_iter=1, random_state=0, early_stopping=False, **settings)


def latents(**settings):
    return GaussianHelmholtzMachine(
        2, hidden_layer_sizes=3, n_importance_samples=3, max_iter=1, random_state=0, **settings
    )


def fits():
    """Triples of a name, a model and its data."""
    binary, real, gaps, real_gaps, listed = data()
    return [
        ("reweighted", machine((4, 3)), binary),
        ("wake-sleep", machine(algorithm="wake-sleep"), binary),
        ("reweighted, step by step", machine((4, 3)), binary),
        ("wake-sleep, step by step", machine(algorithm="wake-sleep"), binary),
        ("gaussian", machine(), real),
        ("autoregressive", machine(autoregressive=True), gaps),
        ("neural", machine(autoregressive=True, n_conditional_units=3), binary),
        ("neural, gaps", machine(autoregressive=True, n_conditional_units=3), gaps),
        ("gaussian, autoregressive", machine(autoregressive=True), real_gaps),
        ("sparse", machine(solver="sgd", visible="bernoulli"), listed),
        ("fractions", machine(visible="bernoulli"), listed.toarray()),
        ("gibbs", net(inference="gibbs"), binary),
        ("gibbs, autoregressive", net(inference="gibbs", autoregressive=True), gaps),
        ("mean field", net((3, 2)), gaps),
        ("mean field, gaussian", net((3, 2)), real_gaps),
        ("poisson", machine(17, visible="poisson"), np.floor(3 * np.abs(real))),
        ("poisson, exact, sparse", machine(visible="poisson"), scipy.sparse.csr_matrix(binary * 2)),
        ("mixed", machine(visible=KINDS), mixed()),
        ("mixed, autoregressive", machine(visible=KINDS, autoregressive=True), mixed()),
        ("mixed, importance", machine(15, visible=KINDS), mixed()),
        ("poisson, gibbs", net(inference="gibbs", visible="poisson"), binary * 3),
        ("latents", latents(activation="relu", n_particles=1), binary),
        ("latents, gaussian", latents(n_particles=2), real),
        ("latents, full", latents(covariance="full", n_particles=2), real_gaps),
        ("deterministic", DeterministicHelmholtzMachine(3, max_iter=2, random_state=0), binary),
    ]


@mock.patch.multiple(ways, _CHAINS=2, _SWEEPS=10)  # go through all that more go through
def answers_of_fits():
    """Of each model: its scores, and the sizes of its parameters."""
    found = {}
    for name, model, X in fits():
        with steps_of(name):
            model.fit(X)
        scores = model.score_samples(X)
        expected = model.transform(X[:2])  # by sweeps of chains, where nets have such
        if model.visible_ == "mixed":
            strategy = "sample" if model.autoregressive else "mean"  # plain: by many sweeps
            expected = [*expected.ravel(), *model.impute(X, strategy, random_state=0).ravel()]
        elif name == "latents, full":
            expected = model.impute(X, "sample", random_state=0)
        else:
            expected = model.inverse_transform(expected)
        found[name] = [
            *scores,
            float(np.abs(expected).sum()),
            *(float(np.abs(part).sum()) for part in coefs_of(model)),
        ]
    return found


def steps_of(name):
    """A context in which a fit has its steps one by one, if its name says so."""
    if not name.endswith("step by step"):
        return contextlib.nullcontext()
    return mock.patch.object(BlockGradients, "most_together", return_value=1)


def coefs_of(model):
    return getattr(model, "generative_coefs_", None) or model.decoder_coefs_


def products(rows, matrix, intercept):
    """The same product three times: real rows, and real and binary ones with the transpose."""
    out = np.empty((4, len(rows), len(intercept)), np.float32)
    turned, states = np.ascontiguousarray(matrix.T), rows.astype(np.uint8)
    dense.dense_product(rows, matrix, intercept, out[0])
    dense.dense_product_transposed(rows, turned, intercept, out[1])
    tables.table_product(states, matrix, intercept, out[2])
    tables.table_product_transposed(states, turned, intercept, out[3])
    return out


def shared_bernoulli():
    """Draws and log-probabilities of rows that share inputs."""
    states, log_prob = np.empty((6, 21), np.uint8), np.zeros((2, 6))
    key, addresses = np.array(KEY, np.uint32), np.arange(3, dtype=np.uint64)
    shared.bernoulli_sample_shared(
        ETA[:1], key, addresses, 2, 0, layer_word(1), states, log_prob[0]
    )
    shared.bernoulli_log_prob_shared(states, ETA, log_prob[1])
    return [*states.ravel().tolist(), *log_prob.ravel().tolist()]


def philox(counter, key):
    out = np.empty(64, np.uint32)
    words = np.repeat(np.array(counter, np.uint32), 16)
    random.philox_words(words, np.array(key, np.uint32), out)
    return out[::16].tolist()


def lists(rows):
    """Where rows start, columns and values of their entries."""
    binary, counts = rows.dtype == np.uint8, np.empty(len(rows), np.int64)
    (sparse.count_active_binary if binary else sparse.count_active_real)(rows, counts)
    indptr = np.concatenate([[0], np.cumsum(counts)])
    indices, values = np.empty(indptr[-1], np.int32), np.empty(indptr[-1], np.float32)
    fill = sparse.list_active_binary if binary else sparse.list_active_real
    fill(rows, indptr, indices, values)
    return [*indptr.tolist(), *indices.tolist(), *values.tolist()]


def wide_layer():
    """Log-probabilities, draws and derivatives of rows with more columns than a panel."""
    parents, matrix = (normal(17, 5, 3) > 0).astype(np.uint8), normal(18, 3, 270)
    rows = np.where(normal(19, 3, 270) > 1, 1, 0).astype(np.float32)
    rows[0, 7] = np.nan
    states, log_prob, out = (
        np.empty((2, 270), np.uint8),
        np.zeros(3),
        np.empty((4, 270), np.float32),
    )
    key, addresses = np.array(KEY, np.uint32), np.arange(2, dtype=np.uint64)
    panels.visit_panels(
        parents, matrix, normal(20, 270), *Lists.from_dense(rows).lists, key, addresses, 1, 0,
        layer_word(0), states, log_prob, np.abs(normal(21, 3)), out[:3], out[3],
    )  # fmt: skip
    return [*states.ravel().tolist(), *log_prob, *out.ravel().tolist()]


def near_layer():
    """Inputs that particles near references make, and those of the references."""
    eta = 9 * normal(22, 3, 70)
    eta[1] = 0.1
    references, are_sure = np.empty((3, 70), np.uint8), np.ones(3, np.uint8)
    flips.choose_references(eta, references, are_sure)
    states = references.repeat(2, axis=0) ^ (normal(23, 6, 70) > 1.7)
    out, others = np.empty((6, 68), np.float32), np.zeros((3, 68), np.float32)
    flips.near_product(
        states, references, are_sure, 2, normal(24, 70, 68), normal(25, 68), out, others
    )
    return [*are_sure.tolist(), *out.ravel().tolist(), *others.ravel().tolist()]


def triangles(lower, values):
    """A product and two solutions with lower triangular matrices."""
    out = np.empty((3, *values.shape), np.float32)
    kernels = triangular.lower_product, triangular.lower_solution, triangular.upper_solution
    for kernel, own in zip(kernels, out, strict=True):
        kernel(lower, values, own)
    return out


def boltzmann():
    """Exact, annealed and pseudo-likelihoods of complete rows and rows with gaps."""
    machine = assemble_boltzmann(normal(8, 17, 18), *(normal(9, n) for n in (18, 17, 17)))
    gaps = np.where(normal(10, 5, 17) > 1, np.nan, normal(11, 5, 17) > 0)
    gaps[0] = [*[np.nan] * 16, 1]
    rows = Table(gaps, False, fill_values=np.zeros(17, np.float32))
    complete = Table(np.nan_to_num(gaps).astype(np.uint8), True)
    partition = partition_of(machine, "annealed", n_chains=10, n_temperatures=2)
    estimate, _ = score_undirected(machine, rows, partition, n_chains=2, n_temperatures=2)
    few = assemble_boltzmann(normal(8, 17, 3), *(normal(9, n) for n in (3, 17, 17)))
    counts, step = np.empty(17), [np.empty((17, 18), np.float32), *np.empty((2, 18), np.float32)]
    weighted_counts(complete.data, np.abs(normal(12, 5)), counts)
    moved, sums = (normal(13, 3, 18) > 0).astype(np.uint8), np.empty(3)
    boltzmann_step(
        complete.data, np.abs(normal(12, 5)), machine.weights, machine.visible_intercept,
        machine.hidden_intercept, np.array(KEY, np.uint32), np.arange(3, dtype=np.uint64), 0,
        layer_word(0), layer_word(1), np.ones(3, np.float32), moved, step[0], step[1][:17],
        step[2], sums,
    )  # fmt: skip
    levels = make_mixed_boltzmann((3, 2, 5), 2)
    of_levels = partition_of(levels, "annealed", n_chains=10, n_temperatures=2)
    return [
        partition.value, partition_of(few).value, *estimate.per_sample,
        *pseudo_log_likelihood(machine, complete), *counts, of_levels.value,
        *step[0].ravel(), *step[1][:17], *step[2], *moved.ravel(), *sums,
    ]  # fmt: skip


def sequences():
    machine = make_machine(2, 3)
    rows, found = make_rows(machine, (5, 1), share=0.2)
    means = machine.smooth(rows, found).means
    return [*machine.log_prob(rows, found), *means.ravel()]


def sources():
    """Log-densities, scores and a step of learning of each kind of density of sources."""
    values, found = normal(14, 3, 20).astype(np.float64), []
    given = Samples.of(values, np.ones(20), 0.2).sources(np.eye(3))
    scales = np.array([0.5, 1.0, 2.0])
    means = np.tile([-1.0, 0.0, 1.5], (3, 1))
    for density in (
        Mixture(np.full((3, 3), 1 / 3), means, np.tile(scales, (3, 1))),
        Student(means[0], scales, 5 * scales),
        Logistic(scales),
    ):
        scores = density.scores(given.values, given.samples.shares)
        moved = density.improved(given, 1)
        found += [scores.scores, scores.log_densities, scores.slopes, scores.curved]
        found += [density.log_prob(given.values), *moved.arrays().values()]
    return np.concatenate([np.ravel(part) for part in found])


def sparse_codes():
    """Codes, and log-densities by a short annealing, of a dictionary of three atoms."""
    few = {"n_importance_samples": 20, "n_temperatures": 20}
    model = SparseCoding.from_parameters(normal(15, 3, 5).astype(np.float64), 1.0, **few)
    rows = normal(16, 4, 5).astype(np.float64)
    found = model.log_likelihood(rows, random_state=0)
    return [*model.transform(rows).ravel(), *found.per_sample]


PRODUCT = (normal(0, 5, 37) > 0).astype(np.float32), normal(1, 37, 19), normal(2, 19)
ETA, LOG_WEIGHTS = 20 * normal(3, 2, 21), normal(4, 2, 60).astype(np.float64)
LATERAL = np.triu(normal(5, 21, 21), 1)
TRIANGLES = np.eye(4, dtype=np.float32) + np.tril(normal(6, 2, 4, 4), -1), normal(7, 6, 4)
COUNTER, KEY = (2**32 - 1, 5, 77, 2**31), (2**32 - 2, 3)


def answers_of_kernels():
    mean, error, shapes = np.empty_like(ETA), np.empty_like(ETA), np.empty(2)
    bernoulli.bernoulli_error_real(np.full_like(ETA, 0.5), ETA, np.ones(2, np.float32), error)
    bernoulli.bernoulli_mean(ETA, mean)
    pareto.pareto_shapes(LOG_WEIGHTS, shapes)
    in_order, gaussian = np.empty_like(ETA), np.empty_like(ETA)
    none = np.empty(0, np.float32)
    lateral.means_autoregressive(BERNOULLI, none, LATERAL, ETA.copy(), in_order)
    lateral.means_autoregressive(GAUSSIAN, none, LATERAL / 4, ETA / 20, gaussian)
    return {
        "boltzmann": boltzmann(),
        "sources": sources(),
        "products": products(*PRODUCT).ravel().tolist(),
        "shared": shared_bernoulli(),
        "philox": philox(COUNTER, KEY),
        "wide layer": wide_layer(),
        "near layer": near_layer(),
        "lists": lists(PRODUCT[0].astype(np.uint8)) + lists(PRODUCT[0]),
        "errors": error.ravel().tolist(),
        "means": mean.ravel().tolist(),
        "means in order": [*in_order.ravel().tolist(), *gaussian.ravel().tolist()],
        "shapes": shapes.tolist(),
        "triangles": triangles(*TRIANGLES).ravel().tolist(),
        "sequences": sequences(),
        "sparse codes": sparse_codes(),
    }


def answers():
    """What kernels and fits answer, and the names of the kernels that took part."""
    called, call = set(), Kernel.__call__

    def noticed(kernel, *arguments):
        called.add(id(kernel))
        return call(kernel, *arguments)

    Kernel.__call__ = noticed
    try:
        found = {**answers_of_kernels(), **answers_of_fits()}
    finally:
        Kernel.__call__ = call
    names = [name for name, kernel in every_kernel().items() if id(kernel) in called]
    plain = {name: [float(x) for x in np.ravel(values)] for name, values in found.items()}
    return plain, names, INTERPRETED


@pytest.fixture(scope="module")
def interpreted():
    code = f"from {__name__} import answers\nprint(answers())"
    printed, complaints = run_python(code, ROOT, NUMBA_DISABLE_JIT="1")
    assert complaints == ""
    return ast.literal_eval(printed.replace("nan", "None"))


def test_the_other_process_compiles_nothing_and_calls_every_kernel(interpreted):
    _, names, without_compiler = interpreted
    assert without_compiler
    assert not INTERPRETED
    assert set(names) == set(every_kernel())


def test_answers_are_those_of_compiled_kernels(interpreted):
    compiled, _, _ = answers()
    assert set(interpreted[0]) == set(compiled)
    for name, expected in compiled.items():
        assert_allclose(interpreted[0][name], expected, rtol=2e-5, atol=2e-6, err_msg=name)


def test_answers_are_those_of_naive_twins(interpreted):
    found = interpreted[0]
    expected = naive.product(*PRODUCT)
    assert_allclose(np.reshape(found["products"], (4, 5, 19)), [expected] * 4, atol=2e-5)
    assert found["philox"] == list(naive.philox4x32_10(COUNTER, KEY))
    means = special.expit(ETA.astype(np.float64))
    assert_allclose(np.reshape(found["means"], ETA.shape), means, rtol=4e-7)
    halves = np.full(ETA.shape, 0.5)
    assert_allclose(
        np.reshape(found["errors"], ETA.shape), naive.bernoulli_error(halves, ETA), atol=1e-6
    )
    shapes = [naive.pareto_shape(row) for row in LOG_WEIGHTS]
    assert_allclose(found["shapes"], shapes, rtol=1e-9)
    twins = naive.lower_product, naive.lower_solution, naive.upper_solution
    expected = [twin(*TRIANGLES) for twin in twins]
    assert_allclose(np.reshape(found["triangles"], (3, 6, 4)), expected, rtol=1e-5, atol=1e-6)


# The reference itself


def test_lanes_are_values():
    x = reference.fill(np.float32(1))
    y = x
    y += x
    assert x.values.tolist() == [1.0] * 16
    assert y.values.tolist() == [2.0] * 16


def test_scalars_take_the_type_of_the_lanes():
    third = np.float64(1) / 3
    for lanes in (reference.fill(1), reference.fill_doubles(1)):
        kind = lanes.values.dtype
        for result in (lanes * third, third * lanes, third - lanes, lanes / third):
            assert result.values.dtype == kind
        assert (third * lanes).values[0] == kind.type(third)
        assert reference.minimum(lanes, third).values.dtype == kind
        assert (lanes < third).values.tolist() == [False] * 16
        assert (third < lanes).values.tolist() == [True] * 16


def test_a_product_and_a_sum_are_rounded_once():
    x = reference.fill(1 + 2.0**-12)
    assert reference.multiply_add(x, x, reference.fill(-1)).values[0] == np.float32(
        2.0**-11 + 2.0**-24
    )


@pytest.mark.parametrize("index", [-1, 5, 20, 30])
def test_beyond_an_array_is_an_index_error(index):
    array = np.zeros(20, np.float32)
    for call in (
        lambda: reference.load(array, index),
        lambda: reference.store(array, index, reference.fill(1)),
        lambda: reference.load_first(array, index, 16),
        lambda: reference.store_first(array, index, reference.fill(1), 16),
    ):
        with pytest.raises(IndexError, match=f"16 entries from {index} on, of 20"):
            call()
    assert reference.load_first(array, index, 0).values.tolist() == [0.0] * 16
    assert reference.load_first(array, 19, -3).values.tolist() == [0.0] * 16


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_exponents_and_powers_of_two(kind):
    x = np.array([1.0, 1.5, 2.0, 0.3, 1e-30, 7e30, math.pi, 4, 1, 1, 1, 1, 1, 1, 1, 1], kind)
    n = reference.exponent(reference.Lanes(x))
    assert_allclose(n.values, np.floor(np.log2(x.astype(np.float64))))
    assert_allclose(reference.power_of_two(n).values, 2.0 ** n.values.astype(np.float64))


def test_every_intrinsic_has_a_twin_with_its_parameters():
    """All but the first, the typing context, which Python has not."""
    intrinsics = {
        name: value
        for module in pkgutil.iter_modules(_kernels.__path__)
        for name, value in vars(
            importlib.import_module(f"{_kernels.__name__}.{module.name}")
        ).items()
        if type(value).__name__ == "_Intrinsic"
    }
    assert len(intrinsics) > 20
    for name, value in intrinsics.items():
        twin = getattr(reference, name.strip("_"))
        _, *parameters = inspect.signature(value._defn).parameters
        assert list(inspect.signature(twin).parameters) == parameters, name
