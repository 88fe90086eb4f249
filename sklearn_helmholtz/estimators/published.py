"""Fitted parameters as they are published: read-only, and pickled with their version."""

import dataclasses
import inspect
import warnings

import numpy as np

from .._version import __version__

_SENTENCE = (
    "What a fit found is for reading: the model does not follow it when it changes. "
    "Make a model of other parameters with from_parameters."
)
_SEEN = frozenset({"feature_names_in_"})
_COUNTED = frozenset({"n_parameters_"})  # on demand


class ReadOnlyList(list):
    """A list whose items stay as they are: read-only arrays, one for each layer."""

    def _refuse(self, *args, **kwargs):
        raise TypeError(_SENTENCE)

    __setitem__ = __delitem__ = __iadd__ = __imul__ = _refuse
    append = extend = insert = pop = remove = clear = sort = reverse = _refuse

    def __reduce__(self):
        return type(self), (list(self),)


class PublishedMixin:
    """Refuses to set or to delete by hand the attributes that a fit publishes.

    Subclasses name them in ``_published``, parameters and records, and in ``_replaced`` others of
    which nothing stays when another fit takes the place of this. Arrays and lists are read-only,
    also after unpickling, which makes new ones. So are names of features, which scikit-learn sets.
    """

    _published = frozenset()
    _replaced = frozenset()

    def __setattr__(self, name, value):
        self._refuse("set", name)
        super().__setattr__(name, read_only(value) if name in _SEEN else value)

    def __delattr__(self, name):
        self._refuse("deleted", name)
        super().__delattr__(name)

    def _refuse(self, done, name):
        if name in self._published | _COUNTED:
            raise AttributeError(f"{name} of {type(self).__name__} cannot be {done}. {_SENTENCE}")

    def __setstate__(self, state):
        super().__setstate__(state)
        own = (self._published | _SEEN) & vars(self).keys()
        self._publish({name: vars(self)[name] for name in own})

    def _publish(self, attributes):
        """Set fitted attributes: read-only arrays, and lists of such."""
        vars(self).update({name: read_only(value) for name, value in attributes.items()})

    def _become(self, attributes):
        """Become a fitted estimator with some attributes, and with nothing of an earlier one."""
        for name in (self._published | self._replaced) & vars(self).keys():
            del vars(self)[name]
        own = (self._published | _SEEN) & attributes.keys()
        self._publish({name: attributes[name] for name in own})
        vars(self).update({name: attributes[name] for name in attributes.keys() - own})

    _learnt = property(None, _become)  # scikit-learn makes fitted copies by setting attributes


def read_only(value):
    """The same array, or list or dictionary of arrays, which nobody can write to from now on."""
    if isinstance(value, list):
        return ReadOnlyList(read_only(item) for item in value)
    if isinstance(value, dict):
        return {name: read_only(item) for name, item in value.items()}
    if isinstance(value, np.ndarray):
        value.flags.writeable = False
    return value


def sentence_on_versions(name, version):
    """Sentence that an estimator of a class was saved by another version than this."""
    return (
        f"This {name} was saved by sklearn_helmholtz {version} and is loaded by {__version__}: "
        "results may differ. Fit it again, or use the version that saved it."
    )


class VersionedMixin:
    """Writes the version of the package into pickles, and warns where another one reads them.

    Parameters that the other one did not have get their defaults; a model that lacks what this one
    needs is refused.
    """

    def __getstate__(self):
        return {**super().__getstate__(), "_sklearn_helmholtz_version": __version__}

    def __setstate__(self, state):
        state = dict(state)
        version = state.pop("_sklearn_helmholtz_version", "unknown")
        if version != __version__:
            name = type(self).__name__
            _check_layout(name, version, state)
            warnings.warn(sentence_on_versions(name, version), UserWarning, stacklevel=2)
            state = {**self._defaults(), **state}
        super().__setstate__(state)

    def _defaults(self):
        """Parameters of the constructor that have a default, by name."""
        parameters = inspect.signature(type(self)).parameters.values()
        return {p.name: p.default for p in parameters if p.default is not p.empty}


def _check_layout(name, version, value):
    """Refuse values of which a version knew no field that this one needs."""
    if isinstance(value, dict):
        parts = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        missing = [f.name for f in dataclasses.fields(value) if not hasattr(value, f.name)]
        if missing:
            raise ValueError(
                f"This {name} was saved by sklearn_helmholtz {version}, whose "
                f"{type(value).__name__} had no {missing[0]!r}, which {__version__} needs: load it "
                "with the version that saved it, or fit it again. Files of sklearn_helmholtz.save "
                "are read by later versions, too."
            )
        parts = vars(value).values()
    else:
        return
    for part in parts:
        _check_layout(name, version, part)
