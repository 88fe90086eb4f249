"""Tiles of products of real numbers: some rows by sixteen columns, whose sums stay in registers.

Every row adds in the order of `tables`, however many share a tile: the products of a group of 4
inputs from left to right, 8 groups of a span from left to right, and each span to the running sum.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils

from .intrinsics import intrinsic
from .lanes import (
    FLOAT,
    FORMATS,
    I64,
    LANES,
    ask_for,
    constant,
    floats,
    read_lanes,
    spread,
    vector_of,
    write_lanes,
)
from .tables import GROUP, N_GROUPS, WIDTH

_FLAGS = ("contract", "nsz")
_FORM = FORMATS[types.float32]


def _height(context):
    """Rows of a tile, for whose sums and products the processor has registers.

    Lanes are one of the 32 registers of AVX-512, two of the 16 of AVX2, four of the 32 of NEON. The
    key of Numba's cache has the features as well: code for one processor never meets another.
    """
    features = context.codegen().magic_tuple()[2]
    return 8 if "+avx512f" in features.split(",") else 3


@intrinsic
def tile_height(context):
    """Rows of a tile of `multiply_tile`."""

    def generate(context, builder, signature, arguments):
        return I64(_height(context))

    return types.int64(), generate


def _lanes_at(builder, address):
    """The address of lanes whose first has an address."""
    return builder.bitcast(address, vector_of(FLOAT).as_pointer())


class _Tile:
    """Code of a tile; rows : addresses of each row's first value; panel : of its first lanes."""

    def __init__(self, builder, rows, panel):
        self.builder, self.rows, self.panel = builder, rows, panel

    def variables(self):
        """Lanes of each row that change."""
        return [cgutils.alloca_once(self.builder, vector_of(FLOAT)) for _ in self.rows]

    def add(self, variables, values):
        """Add to lanes that change."""
        for variable, value in zip(variables, values, strict=True):
            total = self.builder.fadd(self.builder.load(variable), value, flags=_FLAGS)
            self.builder.store(total, variable)

    def add_spans(self, n_groups, sums):
        """Add the products of all groups to the running sums."""
        builder, eight, of_span = self.builder, I64(N_GROUPS), self.variables()
        n_spans = builder.sdiv(builder.add(n_groups, I64(N_GROUPS - 1)), eight)
        with cgutils.for_range(builder, n_spans) as span:
            first = builder.mul(span.index, eight)
            left = builder.sub(n_groups, first)
            count = builder.select(builder.icmp_signed("<", left, eight), left, eight)
            for variable in of_span:
                builder.store(constant(FLOAT, [0.0] * LANES), variable)
            with cgutils.for_range(builder, count) as group:
                self.add(of_span, self._products(builder.add(first, group.index)))
            self.add(sums, [builder.load(variable) for variable in of_span])

    def _products(self, group):
        """The sum of the products of a group's inputs, of each row."""
        first, sums = self.builder.mul(group, I64(GROUP)), None
        for i in range(GROUP):
            k = self.builder.add(first, I64(i))
            x, values = self._of_panel(k), [self._value(row, k) for row in self.rows]
            if sums is None:
                sums = [self.builder.fmul(value, x, flags=_FLAGS) for value in values]
            else:
                sums = [
                    self._multiply_add(value, x, before)
                    for value, before in zip(values, sums, strict=True)
                ]
        return sums

    def _of_panel(self, k):
        """The lanes of an input."""
        address = self.builder.gep(self.panel, [self.builder.mul(k, I64(WIDTH))])
        return read_lanes(self.builder, _FORM, _lanes_at(self.builder, address))

    def _value(self, row, k):
        """The value of an input in a row, in every lane."""
        return spread(self.builder, self.builder.load(self.builder.gep(row, [k])))

    def _multiply_add(self, *operands):
        kind = vector_of(FLOAT)
        name, called = f"llvm.fmuladd.v{LANES}f32", ir.FunctionType(kind, [kind] * 3)
        function = cgutils.get_or_insert_function(self.builder.module, called, name)
        return self.builder.call(function, operands)


class _Target:
    """Code of the sums in memory; sums start at ``start`` where they are fresh."""

    def __init__(self, builder, addresses):
        self.builder = builder
        self.addresses = [_lanes_at(builder, address) for address in addresses]

    def begin(self, variables, fresh, start):
        """Set the running sums."""
        with self.builder.if_else(fresh) as (anew, on):
            with anew:
                for variable in variables:
                    self.builder.store(start, variable)
            with on:
                for variable, address in zip(variables, self.addresses, strict=True):
                    self.builder.store(read_lanes(self.builder, _FORM, address), variable)

    def end(self, variables):
        """Write the running sums."""
        for variable, address in zip(variables, self.addresses, strict=True):
            write_lanes(self.builder, _FORM, address, self.builder.load(variable))


def _code(height_of):
    """The code of a tile whose height is a function of the context."""

    def generate(context, builder, signature, arguments):
        def rows_of(array, start, stride, n_rows):
            kind = signature.args[array]
            data = context.make_array(kind)(context, builder, arguments[array]).data
            places = [builder.add(start, builder.mul(stride, I64(m))) for m in range(n_rows)]
            return [builder.gep(data, [place]) for place in places]

        _, v, stride, n_groups, _, p, fresh, start, _, s, sums_stride = arguments
        height = height_of(context)
        tile = _Tile(builder, rows_of(0, v, stride, height), *rows_of(4, p, stride, 1))
        places = rows_of(8, s, sums_stride, 2 * height)
        for address in places[height:]:  # the next tile's, which are seldom at hand by themselves
            ask_for(builder, address, writes=True)
        target, sums = _Target(builder, places[:height]), tile.variables()
        target.begin(sums, fresh, start)
        tile.add_spans(n_groups, sums)
        target.end(sums)
        return context.get_dummy_value()

    return generate


def _signature(values, panel, sums):
    place = types.int64, types.int64
    inputs = values, *place, types.int64, panel, types.int64
    return types.void(*inputs, types.boolean, floats, sums, *place)


@intrinsic
def multiply_tile(
    context, values, v, stride, n_groups, panel, p, fresh, start, sums, s, sums_stride
):  # fmt: skip
    """Add to sixteen sums of each row of a tile what its values make of a panel.

    values : flat; row m of the tile has those of ``n_groups`` groups from ``v + m * stride`` on;
    panel : flat, WIDTH columns of each input, of which the sixteen from p on take part;
    fresh, start : whether all sums are ``start`` before, rather than what is in memory;
    sums : flat; row m has its sixteen from ``s + m * sums_stride`` on.
    """
    return _signature(values, panel, sums), _code(_height)


@intrinsic
def multiply_row(
    context, values, v, stride, n_groups, panel, p, fresh, start, sums, s, sums_stride
):  # fmt: skip
    """As `multiply_tile`, for a row by itself."""
    return _signature(values, panel, sums), _code(lambda context: 1)
