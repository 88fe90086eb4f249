"""Counters that several threads share inside kernels, where no lock of Python reaches."""

from llvmlite import ir
from numba import types

from .intrinsics import intrinsic

_I64 = ir.IntType(64)
_ALIGN = 8  # bytes


def _address(context, builder, signature, arguments):
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]])


@intrinsic
def count(context, array, index):
    """Add 1 to an entry of an array of int64; what it was before. No two threads get the same."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        return builder.atomic_rmw("add", address, _I64(1), "seq_cst")

    return types.int64(array, types.int64), generate


@intrinsic
def read(context, array, index):
    """An entry of an array of int64 that other threads count up."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        return builder.load_atomic(address, "seq_cst", _ALIGN)

    return types.int64(array, types.int64), generate
