"""Sizes of the arguments of a kernel by name, and their check before it is called.

Compiled code believes every shape, and reads beyond an array that is too small. So a declaration
names sizes, ``"n k"`` for ``(n, k)``, and sizes of one name must be equal: ``reads(float32,
"n k"), reads(float32, "k m"), writes(float32, "n m")`` declares a product. In full, a size is

=========  =====================================================
``n``      equal to every other n
``n+1``    one more than n
``n/r``    r, of which n is a whole multiple: rows that n rows share
``n/_``    the same, where no other array has r
``2``      that number
``_``      anything
=========  =====================================================
"""

import inspect
import re
from typing import NamedTuple

_SIZE = re.compile(r"(?:([a-z]\w*)/)?([a-z]\w*|\d+|_)(?:\+(\d+))?")


class Declared(NamedTuple):
    """An array argument of a kernel: its Numba type, and the sizes along its axes."""

    type: object
    sizes: tuple


class _Size(NamedTuple):
    """A declared size: ``name`` or a number, ``more`` than which it is, and what it divides."""

    name: str
    more: int
    whole: str | None

    @classmethod
    def read(cls, text):
        match = _SIZE.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} declares no size: n, n+1, n/r, n/_, 2 and _ do")
        whole, name, more = match.groups()
        return cls(name, int(more or 0), whole)


def sizes_of(dimensions):
    """The sizes, as text, that a string of them or a number of axes declares."""
    return ("_",) * dimensions if isinstance(dimensions, int) else tuple(dimensions.split())


class Shapes:
    """Declared shapes of a kernel's arguments.

    declared : for each argument its sizes, None where it is no array.
    """

    def __init__(self, declared):
        self._declared = declared
        self._sizes = [
            (i, axis, _Size.read(text))
            for i, sizes in enumerate(declared)
            for axis, text in enumerate(sizes or ())
        ]
        self.agree = self._compare()

    def _compare(self):
        """A function of the arguments: whether their shapes are those declared.

        One expression, made as text as `namedtuple` makes its methods: a loop would cost a small
        net more than one per cent of its training.
        """
        chains, conditions = {}, []
        for i, axis, size in self._sizes:
            if size.name != "_":
                chains.setdefault(size.name, []).append(_expression(i, axis, size))
        for name, places in chains.items():
            equal = [name] * name.isdigit() + places
            if len(equal) > 1:
                conditions.append(" == ".join(equal))
        for i, axis, size in self._sizes:
            if size.whole:
                n, r = chains[size.whole][0], _expression(i, axis, size)
                conditions.append(f"not ({n}) % (({r}) or ({n}) + 1)")  # as `_divides`
        arguments = ", ".join(f"a{i}" for i in range(len(self._declared)))
        return eval(f"lambda {arguments}: {' and '.join(conditions) or True}")

    def complaint(self, function, arguments):
        """The sentence that says which argument of a function has a shape that does not fit."""
        names, known = list(inspect.signature(function).parameters), self._known(arguments)
        for i, axis, size in self._sizes:
            own = arguments[i].shape[axis] - size.more
            reasons = []
            for name, fits in ((size.name, _equal), (size.whole, _divides)):
                home, other = known.get(name, (i, own))
                if not fits(own, other):
                    whose = f" in {names[home]} of shape {arguments[home].shape}"
                    reasons.append(f"{name} is {other}{whose * (home != i)}")
            if reasons:
                declared = f"({', '.join(self._declared[i])})"
                found = f"{names[i]} has the shape {arguments[i].shape}"
                return f"{_name(function)}: {found}, not {declared}, where {reasons[0]}"
        raise AssertionError("shapes that agree")

    def _known(self, arguments):
        """For each name, the first argument that has it and the size there; or the number."""
        known = {None: (0, 0)}
        for i, axis, size in self._sizes:
            if size.name.isdigit():
                known[size.name] = i, int(size.name)
            elif size.name != "_":
                known.setdefault(size.name, (i, arguments[i].shape[axis] - size.more))
        return known


def _equal(size, other):
    return size == other


def _divides(size, whole):
    return whole % (size or whole + 1) == 0  # nothing is a multiple of nothing alone


def _expression(i, axis, size):
    """The text of a size, less what it has ``more``; `len` takes a third of the time of a shape."""
    text = f"a{i}.shape[{axis}]" if axis else f"len(a{i})"
    return f"{text} - {size.more}" if size.more else text


def _name(function):
    return f"{function.__module__.rpartition('.')[2]}.{function.__name__.lstrip('_')}"
