"""Sixteen numbers side by side: a vector type for kernels, and its way to memory and back.

LLVM turns plain loops into vector instructions only where it can prove that arrays do not overlap
and that no order of additions matters. Kernels that live on additions say instead what goes side by
side: a value of type ``lanes`` is one register of AVX-512, two of AVX2, four of SSE or NEON, and
every lane computes what the scalar code would; doubles take twice as many registers. `arithmetic`
has what can be done with them.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import register_model

from .intrinsics import intrinsic
from .reference import LANES

I1, I8, I32, I64 = (ir.IntType(width) for width in (1, 8, 32, 64))
FLOAT, DOUBLE = ir.FloatType(), ir.DoubleType()


class Lanes(types.Type):
    """Sixteen scalars of one Numba type."""

    def __init__(self, scalar):
        self.scalar = scalar
        super().__init__(f"lanes({scalar})")


_ELEMENTS = {
    types.float32: FLOAT, types.uint32: I32, types.boolean: I1, types.float64: DOUBLE,
}  # fmt: skip


@register_model(Lanes)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager, kind):
        super().__init__(manager, kind, vector_of(_ELEMENTS[kind.scalar]))


def vector_of(element):
    """LLVM's type of lanes."""
    return ir.VectorType(element, LANES)


floats, words, flags, doubles = (Lanes(scalar) for scalar in _ELEMENTS)


def constant(element, values):
    """Lanes that are known when compiling."""
    return ir.Constant(vector_of(element), values)


def spread(builder, value):
    """A scalar in every lane; lanes as they are."""
    if isinstance(value.type, ir.VectorType):
        return value
    empty = ir.Constant(vector_of(value.type), ir.Undefined)
    first = builder.insert_element(empty, value, I32(0))
    return builder.shuffle_vector(first, empty, constant(I32, [0] * LANES))


# Arrays. Indices count from the start of a flat array.


def address_of(context, builder, array_type, array, index, element):
    """The address of lanes in an array, from an entry on."""
    data = context.make_array(array_type)(context, builder, array).data
    return builder.bitcast(builder.gep(data, [index]), vector_of(element).as_pointer())


def _first(builder, count):
    """A mask of the first ``count`` lanes."""
    count = spread(builder, builder.trunc(count, I32))
    return builder.icmp_signed("<", constant(I32, list(range(LANES))), count)


class _Format:
    """Layout of lanes of one kind in memory: the element, its alignment, its LLVM name."""

    def __init__(self, element, align, name, kind):
        self.element, self.align, self.name, self.kind = element, align, name, kind


FORMATS = {
    types.float32: _Format(FLOAT, 4, "f32", floats),
    types.uint32: _Format(I32, 4, "i32", words),
    types.uint8: _Format(I8, 1, "i8", floats),
    types.float64: _Format(DOUBLE, 8, "f64", doubles),
}


def _call_masked(builder, operation, form, result, arguments):
    """Call LLVM's masked load or store, which touches no memory where its mask is not set."""
    kind = ir.FunctionType(result, [argument.type for argument in arguments])
    name = f"llvm.masked.{operation}.v{LANES}{form.name}.p0"
    return builder.call(cgutils.get_or_insert_function(builder.module, kind, name), arguments)


def read_lanes(builder, form, address, count=None):
    """Lanes in memory; only the first ones, and zeros, with a count."""
    if count is None:
        return builder.load(address, align=form.align)
    zeros = constant(form.element, [0] * LANES)
    arguments = [address, I32(form.align), _first(builder, count), zeros]
    return _call_masked(builder, "load", form, zeros.type, arguments)


def write_lanes(builder, form, address, value, count=None):
    """Write lanes to memory; only the first ones with a count."""
    if count is None:
        builder.store(value, address, align=form.align)
        return
    arguments = [value, address, I32(form.align), _first(builder, count)]
    _call_masked(builder, "store", form, ir.VoidType(), arguments)


def _load_code(context, builder, signature, arguments):
    form = FORMATS[signature.args[0].dtype]
    address = address_of(context, builder, signature.args[0], *arguments[:2], form.element)
    values = read_lanes(builder, form, address, arguments[2] if len(arguments) > 2 else None)
    return builder.uitofp(values, vector_of(FLOAT)) if form.element == I8 else values


def _store_code(context, builder, signature, arguments):
    form = FORMATS[signature.args[0].dtype]
    address = address_of(context, builder, signature.args[0], *arguments[:2], form.element)
    value = arguments[2]
    if form.element == I8:
        value = builder.zext(value, vector_of(I8))
    write_lanes(builder, form, address, value, arguments[3] if len(arguments) > 3 else None)
    return context.get_dummy_value()


@intrinsic
def load(context, array, index):
    """Sixteen neighbours in a flat array: floats of float32 or uint8, doubles, words of uint32."""
    return FORMATS[array.dtype].kind(array, types.int64), _load_code


@intrinsic
def load_first(context, array, index, count):
    """The first ``count`` of sixteen neighbours; zero beyond them, where no memory is read."""
    return FORMATS[array.dtype].kind(array, types.int64, types.int64), _load_code


@intrinsic
def load_same(context, array, index):
    """One entry of a flat array of float32 in every lane.

    An index of Numba's own may count from the end, which every access would have to ask.
    """

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        return spread(builder, builder.load(builder.gep(data, [arguments[1]])))

    return floats(array, types.int64), generate


@intrinsic
def store(context, array, index, value):
    """Write lanes to an array of their kind, flags to uint8 as zeros and ones."""
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
def gather_flags(context, values):
    """Sixteen flags as the low bits of a word, the first lane lowest."""

    def generate(context, builder, signature, arguments):
        bits = builder.bitcast(arguments[0], ir.IntType(LANES))
        return builder.zext(bits, I32)

    return types.uint32(flags), generate


@intrinsic
def load_eight(context, array, index):
    """Eight neighbours in a flat array of uint8 as one number, the first in its low bits."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        address = builder.bitcast(builder.gep(data, [arguments[1]]), I64.as_pointer())
        return builder.load(address, align=1)

    return types.uint64(array, types.int64), generate


def ask_for(builder, address, writes=False):
    """Ask for the cache line at an address, which may be any."""
    address = builder.bitcast(address, I8.as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [address.type, I32, I32, I32])
    function = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(function, [address, I32(int(writes)), I32(3), I32(1)])


@intrinsic
def prefetch(context, array, index):
    """Ask for the cache line of an entry that will be read soon; any index will do."""

    def generate(context, builder, signature, arguments):
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        ask_for(builder, builder.gep(data, [arguments[1]]))
        return context.get_dummy_value()

    return types.void(array, types.int64), generate
