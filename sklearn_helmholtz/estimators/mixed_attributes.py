"""Fitted attributes of mixed tables: kinds, levels and resolutions of columns, names of codes."""

import numpy as np

from ..columns import Layout

MIXED = frozenset(
    {"kinds_", "categories_", "resolution_", "code_names_", "input_names_", "code_means_"}
)


def mixed_attributes(schema, encoding):
    """The fitted attributes by name of a machine of the columns of a `Schema`."""
    layout = encoding.scaling
    attributes = {
        "visible_": "mixed",
        "kinds_": np.array(schema.kinds, dtype=object),
        "categories_": [None if c is None else np.array(c) for c in schema.categories],
        "code_means_": encoding.fill_values.copy(),
    }
    if not isinstance(layout, Layout):  # all columns are bits
        names = np.array([name for name, _ in _labelled(schema)], dtype=object)
        resolutions = np.zeros(len(schema.kinds))
        return {
            **attributes, "resolution_": resolutions, "code_names_": names, "input_names_": names
        }  # fmt: skip
    codes = np.empty(len(layout.code_columns), dtype=object)
    inputs = np.empty(layout.n_inputs, dtype=object)
    for j, (name, levels) in enumerate(_labelled(schema)):
        codes[layout.codes_of(j)] = layout.columns[j].code_names(name, levels)
        inputs[layout.inputs_of(j)] = layout.columns[j].input_names(name, levels)
    return {
        **attributes,
        "resolution_": np.array([column.resolution for column in layout.columns]),
        "code_names_": codes,
        "input_names_": inputs,
    }


def _labelled(schema):
    """Pairs of the name and the levels, as text or None, of each column."""
    names = schema.names or [f"x{j}" for j in range(len(schema.kinds))]
    levels = [None if c is None else [str(level) for level in c] for c in schema.categories]
    return list(zip(map(str, names), levels, strict=True))
