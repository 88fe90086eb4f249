"""Losses of a scheduler, which Dask tells in several ways."""

from contextlib import contextmanager

from .._gradients import LostError
from .library import dask_module


@contextmanager
def losses_told(client):
    """A context in which errors that say that there is no scheduler any more are a `LostError`.

    client : of a cluster, or None where none computes.
    """
    try:
        yield
    except Exception as error:
        if client is None or not _is_lost(client, error):
            raise
        raise LostError(f"The scheduler of Dask cannot be reached: {error}") from error


def _is_lost(client, error):
    """Whether an error is due to a scheduler that is gone, or to a client that was closed."""
    distributed = dask_module("distributed")
    closed = getattr(distributed.client, "ClosedClientError", distributed.CancelledError)
    kinds = closed, distributed.CancelledError, distributed.comm.CommClosedError
    return isinstance(error, kinds) or client.status != "running"
