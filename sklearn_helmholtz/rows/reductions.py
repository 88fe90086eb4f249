"""Reductions of the rows of a table, which may be one whole or come in chunks."""


def reduced(data, function, add, indices, weights=None, **constants):
    """Whatever a function makes of some rows of a table.

    Of a table in chunks it is made of those of each, where they are, and added in their order.

    function : a pure function of data, numbers of rows, rising, weights of all rows or None, and
    ``constants``; add : a function of a list of its results, one at least.
    """
    if hasattr(data, "reduced"):
        return data.reduced(function, add, indices, weights, **constants)
    return function(data, indices, weights, **constants)
