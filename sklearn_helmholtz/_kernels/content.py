"""The key of a row: a hash of what it holds, so that its random numbers go wherever it goes."""

import numpy as np
from llvmlite import ir
from numba import float32, int32, int64, types, uint8, uint64

from .intrinsics import intrinsic
from .kernel import helper, kernel, reads, writes

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2 = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31, _S32 = np.uint64(30), np.uint64(27), np.uint64(31), np.uint64(32)
_NAN_BITS = np.uint64(0x7FC00000)


@intrinsic
def _float_as_bits(context, value):
    """The bits of a float32 as an int32."""

    def generate(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], ir.IntType(32))

    return types.int32(types.float32), generate


@helper
def _entry(column, value):
    """The term of one non-zero entry in the key of its row; NaN counts as one fixed pattern."""
    bits = uint64(_float_as_bits(value)) & uint64(0xFFFFFFFF)
    if value != value:
        bits = _NAN_BITS
    return _mix(_mix(uint64(column) + _GOLDEN) + bits)


@helper
def _mix(z):
    """The finaliser of splitmix64 (Steele, Lea & Flood 2014): every bit reaches every bit."""
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


def _content_keys(values, keys):
    """Sum over a row's non-zero entries of mix(column, bits of the value as float32), mod 2^64.

    values : (n_rows, n_columns); keys : (n_rows,) uint64.
    """
    for m in range(values.shape[0]):
        row = values[m]
        total = uint64(0)
        for j in range(values.shape[1]):
            value = float32(row[j])
            entry = _entry(j, value)
            total += entry if value != 0 else uint64(0)
        keys[m] = total


@kernel(reads(int64, "n+1"), reads(int32, "t"), reads(float32, "t"), writes(uint64, "n"))
def content_keys_sparse(indptr, indices, values, keys):
    """The same keys for rows given as lists of their entries (`sparse`), of which some may be 0."""
    for m in range(keys.shape[0]):
        total = uint64(0)
        for t in range(indptr[m], indptr[m + 1]):
            if values[t] != 0:
                total += _entry(indices[t], values[t])
        keys[m] = total


content_keys_binary, content_keys_real = (
    kernel(reads(scalar, "n _"), writes(uint64, "n"), variant=f"_{scalar}")(_content_keys)
    for scalar in (uint8, float32)
)
