"""Squares of sixteen rows and columns of a matrix, turned over in registers."""

from numba import types

from .intrinsics import intrinsic
from .kernel import helper
from .lanes import FLOAT, FORMATS, I32, I64, LANES, address_of, constant, read_lanes, write_lanes


def _exchange(builder, rows, width):
    """Swap the off-diagonal squares of a width in a matrix of lanes, which turns it in four steps.

    Lane i of the first row of a pair is its own where ``i & width`` is 0, else of the second.
    """
    places = range(LANES)
    upper = [i if not i & width else LANES + i - width for i in places]
    lower = [i + width if not i & width else LANES + i for i in places]
    for m in places:
        if not m & width:
            pair = rows[m], rows[m + width]
            rows[m], rows[m + width] = (
                builder.shuffle_vector(*pair, constant(I32, chosen)) for chosen in (upper, lower)
            )


def _rows_of(context, builder, kind, array, start, stride):
    """The addresses of sixteen rows in a flat array of float32."""
    for m in range(LANES):
        index = builder.add(start, builder.mul(stride, I64(m)))
        yield address_of(context, builder, kind, array, index, FLOAT)


def _count(builder, m, n_rows, n_columns):
    """Number of neighbours to read of row m, of which only the first rows are there."""
    return builder.select(builder.icmp_signed("<", I64(m), n_rows), n_columns, I64(0))


def _turn(context, builder, signature, arguments):
    """Code of `turn`, and of `turn_first` where there are numbers of rows and columns."""
    form, kinds, counts = FORMATS[types.float32], signature.args, arguments[6:]
    rows = [
        read_lanes(builder, form, address, _count(builder, m, *counts) if counts else None)
        for m, address in enumerate(_rows_of(context, builder, kinds[0], *arguments[:3]))
    ]
    for width in (8, 4, 2, 1):
        _exchange(builder, rows, width)
    targets = _rows_of(context, builder, kinds[3], *arguments[3:6])
    for row, address in zip(rows, targets, strict=True):
        write_lanes(builder, form, address, row)
    return context.get_dummy_value()


@intrinsic
def turn(context, source, s0, source_stride, target, t0, target_stride):
    """Copy sixteen rows of sixteen neighbours in a flat array of float32 to columns of another."""
    places = types.int64, types.int64
    return types.void(source, *places, target, *places), _turn


@intrinsic
def turn_first(context, source, s0, source_stride, target, t0, target_stride, n_rows, n_columns):
    """As `turn`, with zeros for all but the first rows and neighbours; no others are read."""
    places = types.int64, types.int64
    return types.void(source, *places, target, *places, *places), _turn


@helper
def turn_square(matrix, n_rows, n_columns, m0, k0, target, t0, target_stride):
    """Copy sixteen columns from k0 on of the rows from m0 on to rows, zeros past the edges.

    matrix : (n_rows, n_columns), flat; target : flat, all of whose square from t0 on is written.
    """
    start = m0 * n_columns + k0
    if m0 + LANES <= n_rows and k0 + LANES <= n_columns:
        turn(matrix, start, n_columns, target, t0, target_stride)
    else:
        n, k = n_rows - m0, n_columns - k0
        turn_first(matrix, start, n_columns, target, t0, target_stride, n, k)
