"""The reader of an archive: it gives out each field and array once, and trusts none of them."""

import json
import math

import numpy as np

_INFINITE = {"inf": math.inf, "-inf": -math.inf}


def fields_of(text):
    """The fields that JSON holds, or a ValueError."""
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except RecursionError:
        raise ValueError("its header is nested too deeply") from None
    except ValueError as error:
        raise ValueError(f"its header is no JSON of save ({error})") from None


def _refuse_constant(name):
    raise ValueError(f"{name} is no number")


class Reader:
    """Reader of one part of an archive: what the methods of `Writer` wrote.

    A ValueError names the field or array that is missing, or that is not what it has to be.

    fields : of the part, used up; arrays : of all parts, by name, used up.
    """

    def __init__(self, fields, arrays, prefix=""):
        self._arrays, self._prefix, self._parts = arrays, prefix, []
        if not isinstance(fields, dict):
            raise self._wrong("", "hold fields", fields)
        self._fields = dict(fields)

    def _wrong(self, name, wanted, value):
        place = f"its part {(self._prefix + name).strip('.')!r}" if self._prefix + name else "it"
        shown = repr(value)
        shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
        return ValueError(f"{place} must {wanted}, got {shown}")

    def _take(self, name):
        if name not in self._fields:
            raise ValueError(f"its part {self._prefix + name!r} is missing")
        return self._fields.pop(name)

    def is_nothing(self, name):
        """Whether a field says that there is no such thing; it is used up if so."""
        if self._fields.get(name, name) is None:
            del self._fields[name]
            return True
        return False

    def flag(self, name):
        """A truth value."""
        value = self._take(name)
        if not isinstance(value, bool):
            raise self._wrong(name, "be true or false", value)
        return value

    def whole(self, name, low=0, high=2**62):
        """A whole number."""
        value = self._take(name)
        self._check_whole(name, value, low, high)
        return value

    def _check_whole(self, name, value, low, high):
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise self._wrong(name, f"be a whole number from {low} to {high}", value)

    def number(self, name, low=-math.inf, high=math.inf, finite=True):
        """A real number as a float."""
        value = self._take(name)
        value = _INFINITE.get(value, value) if isinstance(value, str) else value
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (finite and abs(value) == math.inf):
            raise self._wrong(name, f"be a number from {low} to {high}", value)
        return float(value)

    def word(self, name, choices=None):
        """A word, which is one of the choices."""
        value = self._take(name)
        if not isinstance(value, str):
            raise self._wrong(name, "be a word", value)
        if choices is not None and value not in choices:
            raise self._wrong(name, f"be one of {list(choices)}", value)
        return value

    def wholes(self, name, low, high):
        """Whole numbers as a tuple."""
        values = self._take(name)
        if not isinstance(values, list):
            raise self._wrong(name, "be a list", values)
        for value in values:
            self._check_whole(name, value, low, high)
        return tuple(values)

    def plain(self, name):
        """Whatever `plain` made, unchecked."""
        return self._take(name)

    def ndim(self, name):
        """The number of dimensions of an array, 0 where there is none."""
        return np.ndim(self._arrays.get(self._prefix + name, 0))

    def array(self, name, dtype, shape, low=-math.inf, high=math.inf, finite=True):
        """An array of a type and a shape, None for a size that is free, whose entries lie between.

        With ``finite=False`` they may be infinite; NaN is refused always.
        """
        place = self._prefix + name
        if place not in self._arrays:
            raise ValueError(f"its array {place!r} is missing")
        array = self._arrays.pop(place)
        fits = len(array.shape) == len(shape) and all(
            wanted in (None, size) for wanted, size in zip(shape, array.shape, strict=True)
        )
        if array.dtype != dtype or not fits:
            raise ValueError(
                f"its array {place!r} must be {np.dtype(dtype)} of the shape "
                f"{tuple('any' if size is None else size for size in shape)}, got {array.dtype} "
                f"of {array.shape}"
            )
        ordinary = np.isfinite(array) if finite else ~np.isnan(array)
        if not (ordinary & (array >= low) & (array <= high)).all():
            raise ValueError(
                f"its array {place!r} must hold numbers from {low:g} to {high:g}, but holds others"
            )
        return array

    def part(self, name):
        """The `Reader` of a part."""
        self._parts.append(Reader(self._take(name), self._arrays, f"{self._prefix}{name}."))
        return self._parts[-1]

    def parts(self, name):
        """The `Reader` of each of some parts."""
        values = self._take(name)
        if not isinstance(values, list):
            raise self._wrong(name, "be a list", values)
        parts = [
            Reader(fields, self._arrays, f"{self._prefix}{name}.{i}.")
            for i, fields in enumerate(values)
        ]
        self._parts += parts
        return parts

    def end(self):
        """Refuse fields that nobody asked for, here and in all parts, and arrays."""
        for part in self._parts:
            part.end()
        unknown = [self._prefix + name for name in self._fields]
        unknown += [] if self._prefix else list(self._arrays)
        if unknown:
            raise ValueError(f"it holds {unknown[0][:60]!r}, which is unknown")
