"""Counters that several threads share inside kernels, where no lock of Python reaches."""

from llvmlite import ir
from llvmlite.binding import address_of_symbol, get_process_triple
from numba import types
from numba.core import cgutils

from .intrinsics import intrinsic

_I32, _I64 = ir.IntType(32), ir.IntType(64)
_ALIGN = 8  # bytes
_YIELD = "sched_yield"  # of POSIX


def _address(context, builder, signature, arguments):
    data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
    return builder.gep(data, [arguments[1]])


@intrinsic
def add(context, array, index, number):
    """Add a number to an entry of an array of int64; what it was before."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        return builder.atomic_rmw("add", address, arguments[2], "seq_cst")

    return types.int64(array, types.int64, types.int64), generate


@intrinsic
def read(context, array, index):
    """An entry of an array of int64 that other threads change."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        return builder.load_atomic(address, "seq_cst", _ALIGN)

    return types.int64(array, types.int64), generate


@intrinsic
def swap(context, array, index, expected, new):
    """Write an entry of an array of int64 where it is what is expected; whether it was."""

    def generate(context, builder, signature, arguments):
        address = _address(context, builder, signature, arguments)
        pair = builder.cmpxchg(address, *arguments[2:], "seq_cst", "seq_cst")
        return builder.extract_value(pair, 1)

    return types.boolean(array, types.int64, types.int64, types.int64), generate


@intrinsic
def pause(context):
    """Do nothing for some tens of cycles, as who waits should: processors then save power."""

    def generate(context, builder, signature, arguments):
        if get_process_triple().startswith(("x86_64", "i686")):
            of_nothing = ir.FunctionType(ir.VoidType(), ())
            builder.call(
                cgutils.get_or_insert_function(builder.module, of_nothing, "llvm.x86.sse2.pause"),
                (),
            )
        return context.get_dummy_value()

    return types.void(), generate


@intrinsic
def give_way(context):
    """Let other threads have the processor, where the system knows how; else do nothing."""

    def generate(context, builder, signature, arguments):
        if address_of_symbol(_YIELD) is not None:  # as where code is linked
            of_nothing = ir.FunctionType(_I32, ())
            builder.call(cgutils.get_or_insert_function(builder.module, of_nothing, _YIELD), ())
        return context.get_dummy_value()

    return types.void(), generate
