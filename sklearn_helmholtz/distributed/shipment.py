"""Estimators on their way to workers, with the version of the package that they need."""

import copy
import hashlib
import pickle
import pydoc
from dataclasses import dataclass

from .._version import __version__
from .library import current_client, dask_module

_VERSION = f"{__name__.partition('.')[0]}._version.__version__"


class VersionError(RuntimeError):
    """A worker that has another version of the package than its client, or none."""


@dataclass(frozen=True)
class Shipment:
    """Shipment of an estimator, whose content is pickled.

    It is opened once in each process: whoever holds it holds the same estimator.
    """

    content: bytes
    version: str
    estimator: object

    @classmethod
    def of(cls, estimator):
        """The `Shipment` of an estimator, as it is now.

        Its tasks take one thread each unless it was told otherwise, and tell nothing.
        """
        copied = copy.copy(estimator)
        quiet = {"n_jobs": 1 if getattr(copied, "n_jobs", 0) is None else None, "verbose": 0}
        vars(copied).update(
            {k: v for k, v in quiet.items() if v is not None and hasattr(copied, k)}
        )
        return cls(dask_module("cloudpickle").dumps(copied), __version__, copied)

    def __reduce__(self):
        return opened, (self.version, self.content)


def opened(version, content):
    """The `Shipment` that has come from a client of a version, or a VersionError."""
    if version != __version__:
        raise VersionError(_sentence("This process", __version__, version))
    return Shipment(content, version, pickle.loads(content))


def shipped(estimator):
    """A Delayed of the `Shipment` of an estimator: one key, which each worker gets once.

    Schedulers know how to make it again, whichever workers are lost.
    """
    check_workers()
    shipment = Shipment.of(estimator)
    name = f"sklearn-helmholtz-{hashlib.sha256(shipment.content).hexdigest()[:32]}"
    return dask_module("dask").delayed(shipment, name=name, traverse=False)


def check_workers():
    """Refuse workers of a cluster that have another version of this package, or none."""
    client = current_client()
    if client is None or client.asynchronous:
        return
    for worker, version in client.run(pydoc.locate, _VERSION).items():
        if version != __version__:
            raise VersionError(_sentence(f"The worker {worker}", version, __version__))


def _sentence(who, version, wanted):
    has = "has no sklearn_helmholtz" if version is None else f"has sklearn_helmholtz {version}"
    return (
        f"{who} {has}, but the client that asks has {wanted}: install {wanted} on all workers, "
        "since results are those of a version."
    )
