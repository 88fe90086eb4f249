"""Operators on `lanes` in kernels, and functions of sixteen numbers at once.

Operators and functions take lanes, and scalars of the same kind, which stand for equal lanes.
"""

import operator

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from .intrinsics import intrinsic
from .kernel import helper
from .lanes import (
    DOUBLE,
    FLOAT,
    I32,
    I64,
    LANES,
    Lanes,
    constant,
    doubles,
    flags,
    floats,
    spread,
    vector_of,
    words,
)

_FLAGS = ("contract", "nsz")
_BEYOND = np.float32(1e30)  # every value lies below, but not NaN


def _operator(symbol, result=None, **generators):
    """Teach Numba an operator of lanes: ``floats`` and ``words`` say how for each kind.

    Compiled as a builtin: an overload would be a function of its own, compiled for every pair of
    types, and compiling is what a first fit waits for.
    """
    on_floats = generators.get("on_floats")
    kinds = {floats: on_floats, doubles: on_floats, words: generators.get("on_words")}

    @infer_global(symbol)
    class Operator(AbstractTemplate):
        def generic(self, operands, keywords):
            lanes = [one for one in operands if kinds.get(one) is not None]
            if lanes and all(one in (lanes[0], lanes[0].scalar) for one in operands):
                return signature(result or lanes[0], *operands)
            return None

    def generate(context, builder, called, arguments):
        kind = next(one for one in called.args if isinstance(one, Lanes))
        return kinds[kind](builder, *(spread(builder, argument) for argument in arguments))

    for pair in ((Lanes, Lanes), (Lanes, types.Number), (types.Number, Lanes)):
        lower_builtin(symbol, *pair)(generate)


_ADD = {
    "on_floats": lambda b, x, y: b.fadd(x, y, flags=_FLAGS),
    "on_words": lambda b, x, y: b.add(x, y),
}
_operator(operator.add, **_ADD)
_operator(operator.iadd, **_ADD)
_operator(operator.sub, on_floats=lambda b, x, y: b.fsub(x, y, flags=_FLAGS))
_operator(operator.mul, on_floats=lambda b, x, y: b.fmul(x, y, flags=_FLAGS))
_operator(operator.truediv, on_floats=lambda b, x, y: b.fdiv(x, y, flags=("nsz",)))
_operator(operator.xor, on_words=lambda b, x, y: b.xor(x, y))
_operator(operator.lt, flags, on_floats=lambda b, x, y: b.fcmp_ordered("<", x, y))
_operator(operator.gt, flags, on_floats=lambda b, x, y: b.fcmp_ordered(">", x, y))


def _picked(predicate):
    """X where the comparison of y with x fails, NaN included, else y: as Python's min and max."""
    return lambda b, x, y: b.select(b.fcmp_ordered(predicate, y, x), y, x)


def _operands(*operands):
    """The kind of lanes that floats, doubles and scalars make together, and what each counts as."""
    kind = doubles if doubles in operands else floats
    return kind, [one if isinstance(one, Lanes) else kind.scalar for one in operands]


def _binary(name, generate):
    """An intrinsic of two floats, at least one of them lanes."""

    def function(context, x, y):
        def code(context, builder, called, arguments):
            return generate(builder, *(spread(builder, argument) for argument in arguments))

        kind, operands = _operands(x, y)
        return kind(*operands), code

    function.__name__ = name
    return intrinsic(function)


minimum, maximum = _binary("minimum", _picked("<")), _binary("maximum", _picked(">"))


@intrinsic
def select(context, condition, x, y):
    """X in the lanes where a flag is set, y elsewhere."""

    def generate(context, builder, signature, arguments):
        return builder.select(arguments[0], *(spread(builder, one) for one in arguments[1:]))

    kind, operands = _operands(x, y)
    return kind(flags, *operands), generate


def _call(builder, name, arguments):
    """Call LLVM's function of lanes of one kind."""
    kind = arguments[0].type
    width = "f64" if kind.element == DOUBLE else "f32"
    called = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [kind] * len(arguments)),
        f"llvm.{name}.v{LANES}{width}",
    )
    return builder.call(called, arguments)


def _elementwise(name, called):
    """An intrinsic of lanes by a function of LLVM's."""

    def function(context, x):
        def generate(context, builder, signature, arguments):
            return _call(builder, called, arguments)

        return x(x), generate

    function.__name__ = name
    return intrinsic(function)


floor = _elementwise("floor", "floor")
absolute, square_root = _elementwise("absolute", "fabs"), _elementwise("square_root", "sqrt")


@intrinsic
def multiply_add(context, x, y, z):
    """``x y + z``, rounded once where the processor can; x and y may be scalars.

    Where a sum has two products, the compiler may fuse either: this says which.
    """

    def generate(context, builder, signature, arguments):
        return _call(builder, "fmuladd", [spread(builder, argument) for argument in arguments])

    kind, operands = _operands(x, y, z)
    return kind(*operands), generate


@intrinsic
def fill(context, x):
    """A float32 in every lane."""

    def generate(context, builder, signature, arguments):
        return spread(builder, arguments[0])

    return floats(types.float32), generate


@intrinsic
def fill_doubles(context, x):
    """A float64 in every lane."""

    def generate(context, builder, signature, arguments):
        return spread(builder, arguments[0])

    return doubles(types.float64), generate


@intrinsic
def total(context, x):
    """The sum of the lanes in float64: halves are added until one number is left."""

    def generate(context, builder, signature, arguments):
        value, width = arguments[0], LANES
        if signature.args[0] == floats:
            value = builder.fpext(value, vector_of(DOUBLE))
        while width > 1:
            width //= 2
            low, high = (
                builder.shuffle_vector(
                    value, value, ir.Constant(ir.VectorType(I32, width), list(part))
                )
                for part in (range(width), range(width, 2 * width))
            )
            value = builder.fadd(low, high)
        return builder.extract_element(value, I32(0))

    return types.float64(x), generate


_LAYOUTS = {floats: (I32, FLOAT, 127, 23), doubles: (I64, DOUBLE, 1023, 52)}
# Of each kind: words of its width, its element, the bias of its exponent, and the bits below that.


@intrinsic
def power_of_two(context, n):
    """2 to the power of whole numbers n, from -126 to 127 for floats, to 1023 for doubles."""

    def generate(context, builder, signature, arguments):
        word, element, bias, below = _LAYOUTS[n]
        whole = builder.fptosi(arguments[0], vector_of(word))
        biased = builder.add(whole, constant(word, [bias] * LANES))
        bits = builder.shl(biased, constant(word, [below] * LANES))
        return builder.bitcast(bits, vector_of(element))

    return n(n), generate


@intrinsic
def exponent(context, x):
    """The whole n for which x is 2^n times a number in [1, 2); x positive and normal."""

    def generate(context, builder, signature, arguments):
        word, element, bias, below = _LAYOUTS[x]
        bits = builder.bitcast(arguments[0], vector_of(word))
        n = builder.lshr(bits, constant(word, [below] * LANES))
        n = builder.sub(n, constant(word, [bias] * LANES))
        return builder.sitofp(n, vector_of(element))

    return x(x), generate


@intrinsic
def multiply_wide(context, x, y):
    """The high and the low words of 32 x 32 bit products of words and one word.

    Even and odd lanes are multiplied apart, as vector units do it.
    """

    def generate(context, builder, signature, arguments):
        pairs = ir.VectorType(I64, LANES // 2)
        low_half = ir.Constant(pairs, [0xFFFFFFFF] * (LANES // 2))
        shift = ir.Constant(pairs, [32] * (LANES // 2))
        both = builder.bitcast(arguments[0], pairs)
        factor = builder.and_(builder.bitcast(spread(builder, arguments[1]), pairs), low_half)
        even = builder.mul(builder.and_(both, low_half), factor)
        odd = builder.mul(builder.lshr(both, shift), factor)
        high = builder.or_(builder.lshr(even, shift), builder.and_(odd, builder.not_(low_half)))
        low = builder.mul(arguments[0], spread(builder, arguments[1]))
        parts = [builder.bitcast(high, vector_of(I32)), low]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(words, 2)(words, types.uint32), generate


@intrinsic
def count_from(context, start):
    """The words start, start + 1, ..., start + 15."""

    def generate(context, builder, signature, arguments):
        return builder.add(spread(builder, arguments[0]), constant(I32, list(range(LANES))))

    return words(types.uint32), generate


@intrinsic
def fill_words(context, x):
    """A word of 32 bits in every lane."""

    def generate(context, builder, signature, arguments):
        return spread(builder, arguments[0])

    return words(types.uint32), generate


@intrinsic
def fraction(context, x):
    """The high 24 bits of words as multiples of 2^-24 in [0, 1)."""

    def generate(context, builder, signature, arguments):
        high = builder.lshr(arguments[0], constant(I32, [8] * LANES))
        # below 2^24: signed and unsigned agree, and the signed conversion is one instruction
        value = builder.sitofp(high, vector_of(FLOAT))
        return builder.fmul(value, constant(FLOAT, [2.0**-24] * LANES))

    return floats(words), generate


@helper
def is_seen(x):
    """Flags of floats that are values: what is missing is NaN, which no comparison holds for."""
    return x < _BEYOND
