"""Archives of fitted estimators: plain numbers in a file that runs no code when it is loaded."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._version import __version__
from ..estimators import FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet
from ..estimators.notices import notify
from ..estimators.published import sentence_on_versions
from . import belief_nets, factor_models
from .container import read_file, write_file
from .plain import plain, value_of
from .reader import Reader, fields_of
from .writer import Writer

_FORMAT = 1
_MOST_FEATURES = 2**31
_CLASSES = {kind.__name__: kind for kind in (FactorAnalysis, HelmholtzMachine, SigmoidBeliefNet)}
_NETS = (belief_nets.write_belief_net, belief_nets.read_belief_net, belief_nets.RECORDS)
_FACTORS = (
    factor_models.write_factor_model, factor_models.read_factor_model, factor_models.RECORDS
)  # fmt: skip
_STATES = {"FactorAnalysis": _FACTORS, "HelmholtzMachine": _NETS, "SigmoidBeliefNet": _NETS}
_OUTPUTS = ("default", "pandas", "polars")
_OUTPUT = "_sklearn_output_config"


def save(estimator, path):
    """Write a fitted estimator to a file of plain arrays, which `load` reads without running code.

    A pickle runs whatever its author wrote; this file holds numbers and words only, and `load`
    checks each of them. It has everything: parameters, model, records of training, and what
    `partial_fit` and ``warm_start`` go on from.

    Parameters
    ----------
    estimator : HelmholtzMachine, SigmoidBeliefNet or FactorAnalysis
        A fitted estimator.

    path : str or path-like
        Of the file. One that is there is replaced once the new one is whole.

    Raises
    ------
    TypeError
        Where the estimator is of another class, a subclass among them.
    ValueError
        Where it is not fitted, or has a parameter or a level that is neither a number nor a word: a
        ``random_state`` that is a RandomState, for example.

    Warns
    -----
    UserWarning
        Of callbacks and other attributes that are not written.

    See Also
    --------
    load : The other direction.

    Notes
    -----
    The file is a `.npz` of :func:`numpy.savez`, whose member ``header`` is JSON, as UTF-8. Other
    members are arrays such as ``model.machine.generation.0.weights``, the weights down to the data,
    in the units of the machine: `numpy.load` reads them with ``allow_pickle=False``.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sklearn_helmholtz import HelmholtzMachine, load, save
    >>> X = np.random.default_rng(0).integers(0, 2, (100, 6))
    >>> machine = HelmholtzMachine(3, max_iter=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(machine, os.path.join(folder, "machine.npz"))
    ...     again = load(os.path.join(folder, "machine.npz"))
    >>> bool((again.score_samples(X) == machine.score_samples(X)).all())
    True
    """
    name = type(estimator).__name__
    if _CLASSES.get(name) is not type(estimator):
        raise TypeError(f"save writes {', '.join(_CLASSES)}, got a {name}. Pickle it, or save the "
                        "estimator that it holds.")  # fmt: skip
    check_is_fitted(estimator)
    write, _, records = _STATES[name]
    archive = Writer()
    archive.whole("format", _FORMAT)
    archive.word("version", __version__)
    archive.word("class", name)
    _write_parameters(archive, estimator)
    archive.whole("n_features", estimator.n_features_in_)
    names = getattr(estimator, "feature_names_in_", None)
    archive.plain("feature_names", None if names is None else [str(label) for label in names])
    archive.word("output", getattr(estimator, _OUTPUT, {}).get("transform", "default"))
    write(archive.part("model"), estimator)
    text = archive.text()
    _check_loads(name, text, archive.arrays)
    _tell_of_others(estimator, records)
    write_file(path, text, archive.arrays)


def _write_parameters(archive, estimator):
    """Write the parameters of the constructor."""
    found = {}
    for name, value in estimator.get_params(deep=False).items():
        try:
            found[name] = plain(value, name)
        except ValueError as error:
            raise ValueError(
                f"This {type(estimator).__name__} cannot be saved: {error} Set another value "
                f"before: `estimator.set_params({name}=...)` changes nothing that was learnt."
            ) from None
    archive.plain("parameters", found)


def _check_loads(name, text, arrays):
    """Refuse to write what nobody could load, such as labels that are tuples."""
    try:
        _read(Reader(fields_of(text), dict(arrays)))
    except ValueError as error:
        raise ValueError(f"This {name} cannot be saved: {str(error).rstrip('.')}.") from error


def _tell_of_others(estimator, records):
    """Warn of attributes that are not written."""
    known = {*estimator.get_params(deep=False), *records, *estimator._published, _OUTPUT}
    others = sorted(vars(estimator).keys() - known)
    if others:
        notify(
            f"save does not write {', '.join(others)} of this {type(estimator).__name__}: "
            "callbacks and attributes that its fit does not set have to be set again after loading."
        )


def load(path):
    """Read an estimator that `save` wrote.

    Nothing of the file is run, and nothing of it is trusted: the class is one of a short list,
    parameters are checked as a fit checks them, and arrays by type, shape and value.

    Parameters
    ----------
    path : str or path-like
        Of the file.

    Returns
    -------
    estimator : HelmholtzMachine, SigmoidBeliefNet or FactorAnalysis
        A fitted estimator, which answers as the one that was saved, to the bit, and goes on
        learning where it ended.

    Raises
    ------
    ValueError
        Where the file is damaged, was not written by `save`, or has a newer format than is known.
    OSError
        Where there is no file that can be read.

    Warns
    -----
    UserWarning
        Where another version of the package wrote the file.

    See Also
    --------
    save : The other direction, with an example.
    """
    try:
        header, arrays = read_file(path)
        estimator, version = _read(Reader(fields_of(header), arrays))
    except (OSError, ImportError):  # there is no file, or no library for its tables
        raise
    except ValueError as error:
        raise ValueError(f"{path} cannot be loaded: {str(error).rstrip('.')}.") from error
    except Exception as error:  # whatever arithmetic makes of forged numbers
        raise ValueError(f"{path} cannot be loaded: its values make no model ({error}).") from error
    if version != __version__:
        message = sentence_on_versions(type(estimator).__name__, version)
        warnings.warn(message, UserWarning, stacklevel=2)
    return estimator


def _read(archive):
    """The estimator and the version of the package that wrote it."""
    form = archive.whole("format", 1)
    version = archive.word("version")
    if form > _FORMAT:
        raise ValueError(
            f"it was written in the format {form} by sklearn_helmholtz {version[:40]}, and "
            f"{__version__} knows formats up to {_FORMAT}. Load it with a newer version"
        )
    name = archive.word("class", tuple(_CLASSES))
    _, read, _ = _STATES[name]
    estimator = _read_parameters(archive, _CLASSES[name])
    n_features = archive.whole("n_features", 1, _MOST_FEATURES)
    names = _read_names(archive, n_features)
    output = archive.word("output", _OUTPUTS)
    read(archive.part("model"), estimator, n_features, names)
    archive.end()
    if output != "default":
        estimator.set_output(transform=output)
    return estimator, version


def _read_parameters(archive, kind):
    """A new estimator with the parameters, as its own rules allow them."""
    found = archive.plain("parameters")
    if not isinstance(found, dict):
        raise ValueError("its parameters are no fields")
    unknown = found.keys() - kind._get_param_names()
    if unknown:
        raise ValueError(f"it has the unknown parameter {min(unknown)!r} of {kind.__name__}")
    estimator = kind(**{name: value_of(value, f"its {name}") for name, value in found.items()})
    estimator._validate_params()
    return estimator


def _read_names(archive, n_features):
    """Names of the features, (n_features,), or None."""
    if archive.is_nothing("feature_names"):
        return None
    names = archive.plain("feature_names")
    is_list = isinstance(names, list) and all(isinstance(name, str) for name in names)
    if not is_list or len(names) != n_features:
        raise ValueError(f"its feature_names are no list of {n_features} words")
    return np.array(names, dtype=object)
