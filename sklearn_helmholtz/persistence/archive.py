"""Archives of fitted estimators: plain numbers in a file that runs no code when it is loaded."""

import warnings

import numpy as np
from sklearn.utils.validation import check_is_fitted

from .._version import __version__
from ..estimators import (
    DeepBeliefNet,
    DeepBoltzmannMachine,
    DeterministicHelmholtzMachine,
    FactorAnalysis,
    GaussianHelmholtzMachine,
    HelmholtzMachine,
    IndependentComponents,
    OrdinalFactorAnalysis,
    RestrictedBoltzmannClassifier,
    RestrictedBoltzmannMachine,
    SigmoidBeliefNet,
    SlowFeatureAnalysis,
    SparseCoding,
)
from ..estimators.notices import notify
from ..estimators.published import sentence_on_versions
from . import (
    belief_nets,
    boltzmann_classifiers,
    boltzmann_machines,
    deep_belief_nets,
    deep_boltzmann_machines,
    deterministic_machines,
    factor_models,
    gaussian_machines,
    holders,
    ordinal_models,
    slow_features,
    source_models,
    sparse_models,
)
from .container import read_file, write_file
from .parameters import OUTPUT, read_parameters, write_parameters
from .reader import Reader, fields_of
from .writer import Writer

_FORMAT = 1
_MOST_FEATURES = 2**31
_CLASSES = {
    kind.__name__: kind
    for kind in (
        DeepBeliefNet,
        DeepBoltzmannMachine,
        DeterministicHelmholtzMachine,
        FactorAnalysis,
        GaussianHelmholtzMachine,
        HelmholtzMachine,
        IndependentComponents,
        OrdinalFactorAnalysis,
        RestrictedBoltzmannClassifier,
        RestrictedBoltzmannMachine,
        SigmoidBeliefNet,
        SlowFeatureAnalysis,
        SparseCoding,
    )
}
_NETS = (belief_nets.write_belief_net, belief_nets.read_belief_net, belief_nets.RECORDS)
_BOLTZMANN = (
    boltzmann_machines.write_boltzmann_machine, boltzmann_machines.read_boltzmann_machine,
    boltzmann_machines.RECORDS,
)  # fmt: skip
_DEEP_BELIEF = (
    deep_belief_nets.write_deep_belief_net, deep_belief_nets.read_deep_belief_net,
    deep_belief_nets.RECORDS,
)  # fmt: skip
_LABELLED = (
    boltzmann_classifiers.write_boltzmann_classifier,
    boltzmann_classifiers.read_boltzmann_classifier, boltzmann_classifiers.RECORDS,
)  # fmt: skip
_DEEP = (
    deep_boltzmann_machines.write_deep_boltzmann_machine,
    deep_boltzmann_machines.read_deep_boltzmann_machine, deep_boltzmann_machines.RECORDS,
)  # fmt: skip
_DETERMINISTIC = (
    deterministic_machines.write_deterministic_net, deterministic_machines.read_deterministic_net,
    deterministic_machines.RECORDS,
)  # fmt: skip
_GAUSSIANS = (
    gaussian_machines.write_gaussian_net, gaussian_machines.read_gaussian_net,
    gaussian_machines.RECORDS,
)  # fmt: skip
_FACTORS = (
    factor_models.write_factor_model, factor_models.read_factor_model, factor_models.RECORDS
)  # fmt: skip
_ITEMS = (
    ordinal_models.write_ordinal_model, ordinal_models.read_ordinal_model, ordinal_models.RECORDS
)  # fmt: skip
_SLOW = (
    slow_features.write_slow_features, slow_features.read_slow_features, slow_features.RECORDS
)  # fmt: skip
_SPARSE = (
    sparse_models.write_sparse_model, sparse_models.read_sparse_model, sparse_models.RECORDS
)  # fmt: skip
_SOURCES = (
    source_models.write_source_model, source_models.read_source_model, source_models.RECORDS
)  # fmt: skip
_STATES = {
    "DeepBeliefNet": _DEEP_BELIEF,
    "DeepBoltzmannMachine": _DEEP,
    "DeterministicHelmholtzMachine": _DETERMINISTIC, "FactorAnalysis": _FACTORS,
    "GaussianHelmholtzMachine": _GAUSSIANS, "HelmholtzMachine": _NETS,
    "IndependentComponents": _SOURCES,
    "OrdinalFactorAnalysis": _ITEMS, "RestrictedBoltzmannClassifier": _LABELLED,
    "RestrictedBoltzmannMachine": _BOLTZMANN, "SigmoidBeliefNet": _NETS,
    "SlowFeatureAnalysis": _SLOW,
    "SparseCoding": _SPARSE,
}  # fmt: skip
_ALL = {**_CLASSES, **holders.KINDS}


def save(estimator, path):
    """Write a fitted estimator to a file of plain arrays, which `load` reads without running code.

    A pickle runs whatever its author wrote; this file holds numbers and words only, and `load`
    checks each of them. It has everything: parameters, model, records of training, and what
    `partial_fit` and ``warm_start`` go on from.

    Parameters
    ----------
    estimator : HelmholtzMachine, GaussianHelmholtzMachine, DeterministicHelmholtzMachine, \
            SigmoidBeliefNet, RestrictedBoltzmannMachine, RestrictedBoltzmannClassifier, \
            DeepBeliefNet, DeepBoltzmannMachine, FactorAnalysis, OrdinalFactorAnalysis, \
            IndependentComponents, SlowFeatureAnalysis or SparseCoding
        A fitted estimator; or a fitted `DensityMixture`, `LatentImputer`, `LatentAnomalyDetector`,
        `LatentClassifier` or `GenerativeClassifier` that holds such, and whose parameter
        ``estimator`` is written as one to be fitted.

    path : str or path-like
        Of the file. One that is there is replaced once the new one is whole.

    Raises
    ------
    TypeError
        Where the estimator is of another class, a subclass among them, or holds an estimator that
        is: `TransformedDensity` and densities of scikit-learn need pickle or skops.
    ValueError
        Where it is not fitted, or has a parameter, a level or a class that is neither a number nor
        a word: a ``random_state`` that is a RandomState, for example.

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
    _check_kinds(estimator)
    check_is_fitted(estimator)
    archive = Writer()
    archive.whole("format", _FORMAT)
    archive.word("version", __version__)
    _write_fitted(archive, estimator)
    text = archive.text()
    _check_loads(type(estimator).__name__, text, archive.arrays)
    _tell_of_others(estimator)
    write_file(path, text, archive.arrays)


def _check_kinds(estimator):
    """Refuse estimators of other classes than are written, and those that hold such."""
    name = type(estimator).__name__
    if _ALL.get(name) is not type(estimator):
        raise TypeError(
            f"save writes {', '.join(_ALL)}, got a {name}. Use pickle, or skops with "
            "TRUSTED_TYPES; of a search, save best_estimator_."
        )
    for held in holders.estimators_in(estimator)[1:]:
        if _CLASSES.get(type(held).__name__) is not type(held):
            raise TypeError(
                f"save writes estimators that hold {', '.join(_CLASSES)}, but this {name} holds a "
                f"{type(held).__name__}. Use pickle, or skops with TRUSTED_TYPES."
            )


def _write_fitted(part, estimator, place="estimator"):
    """Write a fitted estimator; place : where it stands in the one that is saved."""
    name = type(estimator).__name__
    write_parameters(part, estimator, place)
    part.whole("n_features", estimator.n_features_in_)
    names = getattr(estimator, "feature_names_in_", None)
    part.plain("feature_names", None if names is None else [str(label) for label in names])
    if name in holders.KINDS:
        holders.STATES[name][0](part.part("model"), estimator, _write_fitted)
    else:
        _STATES[name][0](part.part("model"), estimator)


def _check_loads(name, text, arrays):
    """Refuse to write what nobody could load, such as labels that are tuples."""
    try:
        _read(Reader(fields_of(text), dict(arrays)))
    except ValueError as error:
        raise ValueError(f"This {name} cannot be saved: {str(error).rstrip('.')}.") from error


def _tell_of_others(estimator):
    """Warn of attributes that are not written, of the estimator and of those that it holds."""
    told = set()
    for one in holders.estimators_in(estimator):
        name = type(one).__name__
        _, _, records = {**_STATES, **holders.STATES}[name]
        published = getattr(one, "_published", frozenset())
        known = {*one.get_params(deep=False), *records, *published, OUTPUT}
        told.update((name, other) for other in vars(one).keys() - known)
    for name in sorted({name for name, _ in told}):
        others = sorted(other for owner, other in told if owner == name)
        notify(
            f"save does not write {', '.join(others)} of this {name}: callbacks and attributes "
            "that its fit does not set have to be set again after loading."
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
    estimator : estimator of a class that `save` writes
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
    save : The other direction.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from sklearn.datasets import load_digits
    >>> from sklearn_helmholtz import FactorAnalysis, load, save
    >>> X = load_digits().data[:, 10:13]
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "factors.npz"
    ...     save(FactorAnalysis(1).fit(X), path)
    ...     factors = load(path)
    >>> factors.score_samples(X).shape
    (1797,)
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
    estimator = _read_fitted(archive, _ALL)
    archive.end()
    return estimator, version


def _read_fitted(part, kinds=_CLASSES):
    """The fitted estimator, whose class is one of some."""
    estimator = read_parameters(part, kinds, _CLASSES)
    name = type(estimator).__name__
    n_features = part.whole("n_features", 1, _MOST_FEATURES)
    names = _read_names(part, n_features)
    if name in holders.KINDS:
        read = holders.STATES[name][1]
        read(part.part("model"), estimator, n_features, names, _read_fitted)
    else:
        _STATES[name][1](part.part("model"), estimator, n_features, names)
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
