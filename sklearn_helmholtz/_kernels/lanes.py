"""Sixteen numbers side by side: a vector type for kernels, and what can be done with it.

LLVM turns plain loops into vector instructions only where it can prove that arrays do not overlap
and that no order of additions matters. Kernels that live on additions say instead what goes side by
side: a value of type ``lanes`` is one register of AVX-512, two of AVX2, four of SSE or NEON, and
every lane computes what the scalar code would.

Operators and functions take lanes, and scalars of the same kind, which stand for equal lanes.
"""

import operator

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, register_model

LANES = 16
_I1, _I8, _I32, _I64 = (ir.IntType(width) for width in (1, 8, 32, 64))
_FLOAT, _DOUBLE = ir.FloatType(), ir.DoubleType()
_FLAGS = ("contract", "nsz")


class Lanes(types.Type):
    """Sixteen scalars of one Numba type."""

    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(f"lanes({scalar})")


_ELEMENTS = {types.float32: _FLOAT, types.uint32: _I32, types.boolean: _I1}


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, _vector(_ELEMENTS[kind.scalar]))


def _vector(element):
    return ir.VectorType(element, LANES)


floats, words, flags = (Lanes(scalar) for scalar in _ELEMENTS)


def _constant(element, values):
    return ir.Constant(_vector(element), values)


def _spread(builder, value):
    """A scalar in every lane; lanes as they are."""
    if isinstance(value.type, ir.VectorType):
        return value
    empty = ir.Constant(_vector(value.type), ir.Undefined)
    first = builder.insert_element(empty, value, _I32(0))
    return builder.shuffle_vector(first, empty, _constant(_I32, [0] * LANES))


# Arrays. Indices count from the start of a flat array.


def _address(context, builder, array_type, array, index, element):
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), _vector(element).as_pointer())


def _first(builder, count):
    """A mask of the first ``count`` lanes."""
    count = _spread(builder, builder.trunc(count, _I32))
    return builder.icmp_signed("<", _constant(_I32, list(range(LANES))), count)


class _Format:
    """How lanes of one kind of array lie in memory: the element, its alignment, its LLVM name."""

    def __init__(self, element, align, name, kind):
        self.element, self.align, self.name, self.kind = element, align, name, kind


_FORMATS = {
    types.float32: _Format(_FLOAT, 4, "f32", floats),
    types.uint32: _Format(_I32, 4, "i32", words),
    types.uint8: _Format(_I8, 1, "i8", floats),
}


def _call_masked(builder, operation, form, result, arguments):
    """Call LLVM's masked load or store, which touches no memory where its mask is not set."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    name = f"llvm.masked.{operation}.v{LANES}{form.name}.p0"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def _read(builder, form, address, count):
    if count is None:
        return builder.load(address, align=form.align)
    zeros = _constant(form.element, [0] * LANES)
    arguments = [address, _I32(form.align), _first(builder, count), zeros]
    return _call_masked(builder, "load", form, zeros.type, arguments)


def _write(builder, form, address, value, count):
    if count is None:
        builder.store(value, address, align=form.align)
        return
    arguments = [value, address, _I32(form.align), _first(builder, count)]
    _call_masked(builder, "store", form, ir.VoidType(), arguments)


def _load_code(context, builder, signature, arguments):
    form = _FORMATS[signature.args[0].dtype]
    address = _address(context, builder, signature.args[0], *arguments[:2], form.element)
    values = _read(builder, form, address, arguments[2] if len(arguments) > 2 else None)
    return builder.uitofp(values, _vector(_FLOAT)) if form.element == _I8 else values


def _store_code(context, builder, signature, arguments):
    form = _FORMATS[signature.args[0].dtype]
    address = _address(context, builder, signature.args[0], *arguments[:2], form.element)
    value = arguments[2]
    if form.element == _I8:
        value = builder.zext(value, _vector(_I8))
    _write(builder, form, address, value, arguments[3] if len(arguments) > 3 else None)
    return context.get_dummy_value()


@intrinsic
def load(context, array, index):
    """Sixteen neighbours in a flat array: float32 and uint8 as floats, uint32 as words."""
    return _FORMATS[array.dtype].kind(array, types.int64), _load_code


@intrinsic
def load_first(context, array, index, count):
    """The first ``count`` of sixteen neighbours; zero beyond them, where no memory is read."""
    return _FORMATS[array.dtype].kind(array, types.int64, types.int64), _load_code


@intrinsic
def store(context, array, index, value):
    """Write floats or words to an array of their kind, flags to uint8 as zeros and ones."""
    return types.void(array, types.int64, value), _store_code


@intrinsic
def store_first(context, array, index, value, count):
    """Write the first ``count`` lanes; nothing is written beyond them."""
    return types.void(array, types.int64, value, types.int64), _store_code


@intrinsic
def first(context, count):
    """Flags that are set in the first ``count`` lanes."""

    def generate(context, builder, signature, arguments):
        return _first(builder, arguments[0])

    return flags(types.int64), generate


@intrinsic
def load_eight(context, array, index):
    """Eight neighbours in a flat array of uint8 as one number, the first in its low bits."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _I64.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(array, types.int64), generate


@intrinsic
def prefetch(context, array, index):
    """Ask for the cache line of an entry that will be read soon; any index will do."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), _I8.as_pointer())
        kind = ir.FunctionType(ir.VoidType(), [address.type, _I32, _I32, _I32])
        function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
        builder.call(function, [address, _I32(0), _I32(3), _I32(1)])
        return context.get_dummy_value()

    return types.void(array, types.int64), generate


# Arithmetic


def _operator(symbol, result=None, **generators):
    """Teach Numba an operator of lanes: ``floats`` and ``words`` say how for each kind.

    Compiled as a builtin: an overload would be a function of its own, compiled for every pair of
    types, and compiling is what a first fit waits for.
    """
    kinds = {floats: generators.get("on_floats"), words: generators.get("on_words")}

    @infer_global(symbol)
    class Operator(AbstractTemplate):
        def generic(self, operands, keywords):
            lanes = [one for one in operands if kinds.get(one) is not None]
            if lanes and all(one in (lanes[0], lanes[0].scalar) for one in operands):
                return signature(result or lanes[0], *operands)
            return None

    def generate(context, builder, called, arguments):
        kind = next(one for one in called.args if isinstance(one, Lanes))
        return kinds[kind](builder, *(_spread(builder, argument) for argument in arguments))

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


def _picked(predicate):
    """X where the comparison of y with x fails, NaN included, else y: as Python's min and max."""
    return lambda b, x, y: b.select(b.fcmp_ordered(predicate, y, x), y, x)


def _binary(generate):
    """An intrinsic of two floats, at least one of them lanes."""

    @intrinsic
    def function(context, x, y):
        def code(context, builder, called, arguments):
            return generate(builder, *(_spread(builder, argument) for argument in arguments))

        operands = [one if isinstance(one, Lanes) else types.float32 for one in (x, y)]
        return floats(*operands), code

    return function


minimum, maximum = _binary(_picked("<")), _binary(_picked(">"))


@intrinsic
def select(context, condition, x, y):
    """X in the lanes where a flag is set, y elsewhere."""

    def generate(context, builder, signature, arguments):
        return builder.select(arguments[0], *(_spread(builder, one) for one in arguments[1:]))

    return floats(flags, x, y), generate


def _elementwise(name):
    @intrinsic
    def function(context, x):
        def generate(context, builder, signature, arguments):
            kind = _vector(_FLOAT)
            called = cgutils.get_or_insert_function(
                builder.module, ir.FunctionType(kind, [kind]), f"llvm.{name}.v{LANES}f32"
            )
            return builder.call(called, arguments)

        return floats(floats), generate

    return function


floor, absolute, square_root = _elementwise("floor"), _elementwise("fabs"), _elementwise("sqrt")


@intrinsic
def multiply_add(context, x, y, z):
    """``x y + z``, rounded once where the processor can; x and y may be scalars.

    Where a sum has two products, the compiler may fuse either: this says which.
    """

    def generate(context, builder, signature, arguments):
        kind = _vector(_FLOAT)
        called = cgutils.get_or_insert_function(
            builder.module, ir.FunctionType(kind, [kind] * 3), f"llvm.fmuladd.v{LANES}f32"
        )
        return builder.call(called, [_spread(builder, argument) for argument in arguments])

    operands = [one if isinstance(one, Lanes) else types.float32 for one in (x, y, z)]
    return floats(*operands), generate


@intrinsic
def fill(context, x):
    """A float32 in every lane."""

    def generate(context, builder, signature, arguments):
        return _spread(builder, arguments[0])

    return floats(types.float32), generate


@intrinsic
def total(context, x):
    """The sum of the lanes in float64: halves are added until one number is left."""

    def generate(context, builder, signature, arguments):
        value, width = builder.fpext(arguments[0], _vector(_DOUBLE)), LANES
        while width > 1:
            width //= 2
            low, high = (
                builder.shuffle_vector(
                    value, value, ir.Constant(ir.VectorType(_I32, width), list(part))
                )
                for part in (range(width), range(width, 2 * width))
            )
            value = builder.fadd(low, high)
        return builder.extract_element(value, _I32(0))

    return types.float64(floats), generate


# Bits


@intrinsic
def power_of_two(context, n):
    """2 to the power of whole numbers n from -126 to 127."""

    def generate(context, builder, signature, arguments):
        n = builder.fptosi(arguments[0], _vector(_I32))
        bits = builder.shl(
            builder.add(n, _constant(_I32, [127] * LANES)), _constant(_I32, [23] * LANES)
        )
        return builder.bitcast(bits, _vector(_FLOAT))

    return floats(floats), generate


@intrinsic
def exponent(context, x):
    """The whole n for which x is 2^n times a number in [1, 2); x positive and normal."""

    def generate(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], _vector(_I32))
        n = builder.lshr(bits, _constant(_I32, [23] * LANES))
        n = builder.sub(n, _constant(_I32, [127] * LANES))
        return builder.sitofp(n, _vector(_FLOAT))

    return floats(floats), generate


@intrinsic
def multiply_wide(context, x, y):
    """The high and the low words of 32 x 32 bit products of words and one word.

    Even and odd lanes are multiplied apart, as vector units do it.
    """

    def generate(context, builder, signature, arguments):
        pairs = ir.VectorType(_I64, LANES // 2)
        low_half = ir.Constant(pairs, [0xFFFFFFFF] * (LANES // 2))
        shift = ir.Constant(pairs, [32] * (LANES // 2))
        both = builder.bitcast(arguments[0], pairs)
        factor = builder.and_(builder.bitcast(_spread(builder, arguments[1]), pairs), low_half)
        even = builder.mul(builder.and_(both, low_half), factor)
        odd = builder.mul(builder.lshr(both, shift), factor)
        high = builder.or_(builder.lshr(even, shift), builder.and_(odd, builder.not_(low_half)))
        low = builder.mul(arguments[0], _spread(builder, arguments[1]))
        parts = [builder.bitcast(high, _vector(_I32)), low]
        return context.make_tuple(builder, signature.return_type, parts)

    return types.UniTuple(words, 2)(words, types.uint32), generate


@intrinsic
def count_from(context, start):
    """The words start, start + 1, ..., start + 15."""

    def generate(context, builder, signature, arguments):
        return builder.add(_spread(builder, arguments[0]), _constant(_I32, list(range(LANES))))

    return words(types.uint32), generate


@intrinsic
def fill_words(context, x):
    """A word of 32 bits in every lane."""

    def generate(context, builder, signature, arguments):
        return _spread(builder, arguments[0])

    return words(types.uint32), generate


@intrinsic
def fraction(context, x):
    """The high 24 bits of words as multiples of 2^-24 in [0, 1)."""

    def generate(context, builder, signature, arguments):
        high = builder.lshr(arguments[0], _constant(_I32, [8] * LANES))
        # below 2^24: signed and unsigned agree, and the signed conversion is one instruction
        value = builder.sitofp(high, _vector(_FLOAT))
        return builder.fmul(value, _constant(_FLOAT, [2.0**-24] * LANES))

    return floats(words), generate
