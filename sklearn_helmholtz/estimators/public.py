"""Methods that users call: what holds for each of them."""

import functools
import inspect

import numpy as np

from .collected import is_collection, lazy_answer


def public(method):
    """A method that users call, of whatever class they know.

    Numbers that all but vanish are no fault, so underflow is no error, whatever `numpy.seterr` says
    of the caller's own. A wrong call is answered in the name of the estimator, not of the base
    class that has the method.
    """

    @functools.wraps(method)
    def call(self, *args, **kwargs):
        with np.errstate(under="ignore"):
            try:
                if is_collection(args[0] if args else kwargs.get("X")):
                    return _of_collection(self, method, *args, **kwargs)
                return method(self, *args, **kwargs)
            except TypeError as error:
                if error.__traceback__.tb_next is not None:  # raised inside, not by the call
                    raise
                raise TypeError(_in_name_of(self, method, str(error))) from None

    return call


def _of_collection(estimator, method, *args, **kwargs):
    """The answer about a collection of Dask, lazy but for methods that know such themselves."""
    if method.__name__ in getattr(estimator, "_reads_collections", ()):
        return method(estimator, *args, **kwargs)
    _, X, *options = inspect.signature(method).bind(estimator, *args, **kwargs).arguments.items()
    return lazy_answer(estimator, method.__name__, X[1], dict(options))


def _in_name_of(estimator, method, message):
    """Python's message about a wrong call, in the name of an estimator's class."""
    name = f"{type(estimator).__name__}.{method.__name__}"
    message = message.replace(method.__qualname__, name)
    if "'sample_weight'" in message:
        message += ": its answers do not depend on weights of rows"
    return f"{message.rstrip('.')}."
