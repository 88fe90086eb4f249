"""Components of a mixture: clones of an estimator that differ in what chance decides."""

from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import check_is_fitted

from ..estimators.frames import is_mixed_frame
from .densities import check_density, fitted
from .wrapper import LARGEST_SEED


def refuse_transformers(estimator):
    """Refuse a pipeline that transforms rows before their density: each part would have its own."""
    if not isinstance(estimator, Pipeline):
        return
    steps = [step for _, step in estimator.steps[:-1] if step not in (None, "passthrough")]
    if steps:
        raise TypeError(
            f"estimator is a Pipeline with the transformer {type(steps[0]).__name__}: its "
            "densities are not in the units of the data. Use TransformedDensity, or put the "
            "transformer before the mixture."
        )


def different_clones(estimator, n_components, rng, reorders):
    """Clones with random numbers of their own and, from the second on, orders of the columns.

    reorders : whether columns of estimators that can have them in another order are put in one.
    """
    return [
        _seeded(clone(estimator), rng, reorders and number > 0) for number in range(n_components)
    ]


def _seeded(estimator, rng, reorders):
    names = [
        name for name in sorted(estimator.get_params())
        if name == "random_state" or name.endswith("__random_state")
    ]  # fmt: skip
    estimator.set_params(**{name: int(rng.randint(LARGEST_SEED)) for name in names})
    if reorders:
        estimator.set_params(column_order="random")
    if hasattr(estimator, "set_output"):
        estimator.set_output(transform="default")  # whatever the global configuration says
    return estimator


def can_reorder(estimator, rows):
    """Whether an estimator is for its columns in the order given, and could have another."""
    params = estimator.get_params(deep=False)
    order = params.get("column_order")
    if not (isinstance(order, str) and order == "given" and params.get("autoregressive")):
        return False
    visible = params.get("visible")
    return isinstance(visible, str) and visible != "mixed" and not is_mixed_frame(rows)


def fit_all(estimators, rows, weights, n_jobs):
    """The estimators, fitted to the same rows; weights : (n_rows,), or None for 1 each."""
    fit = delayed(_fit_one)
    return Parallel(n_jobs=n_jobs)(
        fit(estimator, rows, weights, number) for number, estimator in enumerate(estimators)
    )


def _fit_one(estimator, rows, weights, number):
    """An estimator fitted to rows, or an error that says which."""
    try:
        return fitted(estimator, rows, weights)
    except ValueError as error:
        raise ValueError(f"Component {number} cannot be learnt: {error}") from error


def check_components(estimators):
    """Refuse given components that are no fitted densities of the same columns."""
    if not len(estimators):
        raise ValueError("estimators must hold one fitted density estimator at least, got none.")
    for number, estimator in enumerate(estimators):
        if not hasattr(estimator, "score_samples"):
            raise TypeError(
                f"estimators must hold density estimators, which have score_samples, but number "
                f"{number} is {estimator!r}."
            )
        check_density(estimator)
        check_is_fitted(estimator)
    first = estimators[0]
    for number, other in enumerate(estimators[1:], 1):
        if other.n_features_in_ != first.n_features_in_:
            raise ValueError(
                f"estimators must be of the same columns, but number 0 has {first.n_features_in_} "
                f"and number {number} has {other.n_features_in_}."
            )
        names = [list(getattr(e, "feature_names_in_", ())) for e in (first, other)]
        if names[0] != names[1]:
            raise ValueError(
                f"estimators must be of the same columns, but number {number} has other names than "
                f"number 0: {names[1]} in place of {names[0]}."
            )
