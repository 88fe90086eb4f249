"""Reductions: results of a function of each chunk, gathered, or added up in a fixed tree."""

from .library import current_client, dask_module

_FAN_IN = 8  # terms that a task adds
_LARGE = {"distributed.admin.large-graph-warning-threshold": "1 GB"}  # with weights of rows


def by_chunk(function, *lists, **constants):
    """A list of Delayed of a pure function of each chunk and what goes with it.

    lists : a chunk, or something else, for each call, by place; constants : the same for all, by
    name.
    """
    task = dask_module("dask").delayed(function, pure=True)
    return [task(*given, **constants) for given in zip(*lists, strict=True)]


def summed(terms, add):
    """A Delayed of the sum of Delayed terms, always added in the same order.

    add : a function of a list of terms, which has at least one.
    """
    task = dask_module("dask").delayed(add, pure=True)
    while len(terms) > 1:
        groups = (terms[i : i + _FAN_IN] for i in range(0, len(terms), _FAN_IN))
        terms = [task(group) for group in groups]
    return terms[0]


def computed(tasks):
    """The results of Delayed tasks as a list, by the scheduler that Dask is set to."""
    dask = dask_module("dask")
    if current_client() is None:  # settings of a cluster come with its module
        return list(dask.compute(*tasks))
    with dask.config.set(_LARGE):
        return list(dask.compute(*tasks))
