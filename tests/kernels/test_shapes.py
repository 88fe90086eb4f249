"""Shapes of what is passed to kernels: those declared are taken, all others are refused by name."""

import numpy as np
import pytest
from numba import float32

from sklearn_helmholtz._kernels import bernoulli, dense, random, sparse, tables
from sklearn_helmholtz._kernels.kernel import Kernel, kernel, reads, writes
from sklearn_helmholtz._kernels.shapes import Shapes
from sklearn_helmholtz.layers import Affine
from sklearn_helmholtz.rows import Lists


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


def agree(declared, *shapes):
    sizes = [None if text is None else tuple(text.split()) for text in declared]
    arguments = [shape if shape is None else zeros(*shape) for shape in shapes]
    return Shapes(sizes).agree(*arguments)


@pytest.mark.parametrize(
    ("declared", "fitting", "others"),
    [
        (["n k", "k m"], [(2, 3), (3, 4)], [[(2, 3), (4, 3)], [(2, 3), (0, 4)]]),
        (["n n"], [(3, 3)], [[(3, 4)]]),
        (["2 3", "3"], [(2, 3), (3,)], [[(3, 2), (3,)], [(2, 3), (2,)]]),
        (["n+1", "n"], [(4,), (3,)], [[(3,), (3,)], [(4,), (5,)]]),
        (["n", None, "n"], [(4,), None, (4,)], [[(4,), None, (3,)]]),
        (["n/_ m", "n m"], [(2, 3), (6, 3)], [[(4, 3), (6, 3)], [(2, 4), (6, 3)]]),
        (["n/_", "n"], [(0,), (0,)], [[(0,), (3,)], [(6,), (3,)]]),
        (["n/_", "n"], [(3,), (0,)], []),
        (["n/e", "n", "e"], [(2,), (6,), (2,)], [[(2,), (6,), (6,)], [(4,), (6,), (4,)]]),
        (["n/_+1", "n"], [(4,), (6,)], [[(3,), (5,)], [(1,), (5,)]]),
        (["_ _", "_"], [(2, 3), (4,)], []),
    ],
)
def test_sizes_of_one_name_are_equal(declared, fitting, others):
    assert agree(declared, *fitting)
    for shapes in others:
        assert not agree(declared, *shapes)


@pytest.mark.parametrize("text", ["n-1", "N", "n/", "/n", "n+m", "2n", "n*2"])
def test_what_declares_no_size_is_refused(text):
    with pytest.raises(ValueError, match="declares no size"):
        reads_and_compares(text)


def reads_and_compares(text):
    return kernel(reads(float32, text))(lambda array: None)


@kernel(
    reads(float32, "n/e k"), reads(float32, "k+1 3"), writes(float32, "n"), writes(float32, "e"),
)  # fmt: skip
def related(first, second, third, fourth):
    """Do nothing."""


@pytest.mark.parametrize(
    ("shapes", "sentence"),
    [
        (
            [(2, 5), (5, 3), (6,), (2,)],
            r"second has the shape \(5, 3\), not \(k\+1, 3\), "
            r"where k is 5 in first of shape \(2, 5\)",
        ),
        (
            [(2, 5), (6, 4), (6,), (2,)],
            r"second has the shape \(6, 4\), not \(k\+1, 3\), where 3 is 3",
        ),
        (
            [(4, 5), (6, 3), (6,), (4,)],
            r"first has the shape \(4, 5\), not \(n/e, k\), where n is 6 in third of shape \(6,\)",
        ),
        (
            [(2, 5), (6, 3), (6,), (3,)],
            r"fourth has the shape \(3,\), not \(e\), where e is 2 in first of shape \(2, 5\)",
        ),
    ],
)
def test_errors_name_the_kernel_the_argument_and_the_sizes(shapes, sentence):
    with pytest.raises(ValueError, match=rf"^test_shapes\.related: {sentence}$"):
        related(*(zeros(*shape) for shape in shapes))
    assert related._compiled is None  # it is checked first


def test_arrays_of_other_dimensions_and_other_things_are_for_numba_to_refuse():
    out = zeros(2, 4)
    for argument in (zeros(2), zeros(2, 3, 4), None, 3.0, [[1.0, 2.0]]):
        with pytest.raises(TypeError):
            dense.dense_product(argument, zeros(3, 4), zeros(4), out)
    with pytest.raises(TypeError, match="argument"):
        dense.dense_product(zeros(2, 3), zeros(3, 4), zeros(4))


def test_a_kernel_made_without_sizes_checks_nothing():
    ill_sized = zeros(1, 1), zeros(1, 1), zeros(1), zeros(1)
    with pytest.raises(ValueError, match="related"):
        related(*ill_sized)
    Kernel(related._function, related.signature)(*ill_sized)


@pytest.mark.parametrize(
    ("product", "dtype"), [(dense.dense_product, np.float32), (tables.table_product, np.uint8)]
)
def test_products_refuse_what_does_not_fit(product, dtype):
    fitting = [zeros(5, 3, dtype=dtype), zeros(3, 7), zeros(7), zeros(5, 7)]
    product(*fitting)
    for place, shape in ((0, (5, 2)), (1, (40, 7)), (2, (6,)), (3, (5, 8)), (3, (6, 7))):
        arguments = list(fitting)
        arguments[place] = zeros(*shape, dtype=arguments[place].dtype)
        with pytest.raises(ValueError, match=f"{product.__name__.strip('_')}: "):
            product(*arguments)


def test_rows_that_share_are_whole_multiples():
    states, log_prob = zeros(6, 3, dtype=np.uint8), np.zeros(6)
    bernoulli.bernoulli_log_prob_binary(states, zeros(2, 3), log_prob)
    with pytest.raises(ValueError, match="where n is 6 in log_prob"):
        bernoulli.bernoulli_log_prob_binary(states, zeros(4, 3), log_prob)


def test_a_key_is_two_words():
    with pytest.raises(ValueError, match=r"philox_words: key has the shape \(1,\), not \(2\)"):
        random.philox_words(
            zeros(64, dtype=np.uint32), zeros(1, dtype=np.uint32), zeros(64, dtype=np.uint32)
        )


def test_lists_are_as_many_as_rows():
    rows = Lists.from_dense(np.eye(4, dtype=np.float32))
    with pytest.raises(ValueError, match="out has the shape"):
        sparse.sparse_product(*rows.lists, zeros(4, 2), zeros(2), zeros(5, 2))


@pytest.mark.parametrize("form", ["binary", "real", "sparse"])
def test_an_affine_map_refuses_parents_of_another_width(form):
    by_forward = by_gradient = "parents have 3 columns, but the weights are for 40"
    affine = Affine(zeros(40, 7), zeros(7))
    parents = zeros(2, 3, dtype=np.uint8 if form == "binary" else np.float32)
    parents = Lists.from_dense(parents) if form == "sparse" else parents
    with pytest.raises(ValueError, match=by_forward):
        affine.forward(parents)
    with pytest.raises(ValueError, match=by_gradient):
        affine.gradient(parents, zeros(2, 7), affine)
