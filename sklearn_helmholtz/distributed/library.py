"""Dask itself, which is imported where it is needed."""

import importlib
import sys


def dask_module(name="dask"):
    """A module of Dask, or an ImportError that says how to install it."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Lazy collections need Dask, of which {name} cannot be imported: install it with "
            "`pip install 'sklearn-helmholtz[distributed]'`."
        ) from error


def is_in_task():
    """Whether this is a task of a worker, which must not wait for tasks of its kind."""
    if "distributed" not in sys.modules:
        return False
    try:
        sys.modules["distributed"].get_worker()
    except ValueError:
        return False
    return True


def current_client():
    """The client of `distributed` that computes now, or None where a local scheduler does."""
    if "distributed" not in sys.modules:
        return None
    get = dask_module("dask.base").get_scheduler()
    client = getattr(get, "__self__", None)
    return client if isinstance(client, sys.modules["distributed"].Client) else None
