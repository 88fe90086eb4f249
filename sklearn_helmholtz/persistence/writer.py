"""The writer of an archive: fields of plain values, and arrays by name."""

import json
import math

import numpy as np


class Writer:
    """Writer of one part of an archive: numbers, words and lists as fields, and arrays apart.

    Each kind of field has a method of the same name in `Reader`.
    """

    def __init__(self, arrays=None, prefix=""):
        self._fields, self._prefix = {}, prefix
        self._arrays = {} if arrays is None else arrays

    @property
    def arrays(self):
        """Arrays of all parts, by name."""
        return self._arrays

    def text(self):
        """Fields of this part, and of those below, as JSON."""
        return json.dumps(self._fields, allow_nan=False)

    def nothing(self, name):
        """Write that there is no such thing."""
        self._fields[name] = None

    def flag(self, name, value):
        """Write a truth value."""
        self._fields[name] = bool(value)

    def whole(self, name, value):
        """Write a whole number."""
        self._fields[name] = int(value)

    def number(self, name, value):
        """Write a real number, which may be infinite."""
        value = float(value)
        self._fields[name] = value if math.isfinite(value) else str(value)

    def word(self, name, value):
        """Write a word."""
        self._fields[name] = str(value)

    def wholes(self, name, values):
        """Write whole numbers."""
        self._fields[name] = [int(value) for value in values]

    def plain(self, name, value):
        """Write what `plain` made."""
        self._fields[name] = value

    def array(self, name, value):
        """Write an array of numbers."""
        self._arrays[self._prefix + name] = np.asarray(value)

    def part(self, name):
        """The `Writer` of a part."""
        part = Writer(self._arrays, f"{self._prefix}{name}.")
        self._fields[name] = part._fields
        return part

    def parts(self, name, n_parts):
        """The `Writer` of each of some parts."""
        parts = [Writer(self._arrays, f"{self._prefix}{name}.{i}.") for i in range(n_parts)]
        self._fields[name] = [part._fields for part in parts]
        return parts
