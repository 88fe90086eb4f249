"""Settings that ``"auto"`` stands for: they suit the machine and the number of rows.

The numbers were chosen on the validation rows of public data sets (`benchmarks.density`).
"""

import math

import numpy as np

from ..learning import EstimatedPenalty, FixedPenalty
from ..models import choose_family
from .epochs import epochs_for

_RATE, _RATE_OF_AVERAGES = 1e-2, 2e-2
_BATCH, _SMALLEST_BATCH, _BATCHES = 100, 20, 100
# Above so many rows batches grow with the root of the rows, up to the largest; rates follow them up
# to so many times (`benchmarks.large_batches`).
_MANY_ROWS, _LARGEST_BATCH, _STEEPEST = 100_000, 6400, 4.0
# Of machines that stop by themselves: small tables need steps, however many epochs these are. Held-
# out scores of few rows rest for longer than their epochs last (`benchmarks.averaging`).
_EPOCHS, _STEPS, _EPOCH_LIMITS = 100, 20_000, (100, 1000)
# Of autoregressive machines that do not stop: the moves that a table of 1,000 rows gets.
_FEWEST_STEPS = 5000
_PATIENCE, _PATIENT_EPOCHS, _PATIENT_STEPS = 10, 20, 500
# Weights of so many columns go too far in the usual number of epochs, and those of deterministic
# units of however many. A share of fewer rows could not tell when; and more than the most that are
# held out make epochs longer, and tell no more.
_MANY_COLUMNS, _ROWS_TO_STOP_BY = 400, 200
_FEWEST_HELD_OUT, _MOST_HELD_OUT = 1, 1000
_ALPHA = 1e-4
# Of estimated penalties: bound, shape, order of the mean that tells the size, and first bound.
_PRIOR, _LATERAL_PRIOR = (2.0, math.inf, 2, 0.1), (12.0, 4.0)
_STRONGEST_LASSO, _CONCAVITIES, _BINARY_START, _LEAST_BOUND = 15.0, (4.0, 5.0), 0.1, 1.0
_WARMUP = 0.6  # of the epochs, in which the first bound grows to the last


def takes_averages(estimator):
    """Whether the result of training is an average.

    Where a learning rate falls, the parameters settle by themselves (`benchmarks.averaging`). And
    means of weights are not the zeros that an L1 penalty is asked for.
    """
    if estimator.averaging != "auto":
        return estimator.averaging
    settles = estimator.learning_rate != "constant" or estimator.l1_ratio not in ("auto", 0)
    return _is_careful(estimator) or not settles


def _is_careful(estimator):
    """Whether minibatches are small, and weights penalised by what they tell.

    Of machines that learn much from each column: autoregressive ones, and those of mixed columns.
    """
    return estimator.autoregressive or estimator._learns_mixed_units


def learning_rate(estimator, n_together):
    """The first learning rate for minibatches of ``n_together`` rows.

    Parameters at a constant rate circle around an optimum. How widely, a minibatch of more rows
    leaves as it is where the rate grows with the root of the rows for Adam, which divides noise by
    its own deviation (Malladi, Lyu, Panigrahi & Arora 2022), and in proportion to them without.
    """
    if estimator.learning_rate_init != "auto":
        return estimator.learning_rate_init
    if estimator._first_rate is not None:
        return estimator._first_rate
    growth = max(n_together / _BATCH, 1.0)
    if estimator.solver == "adam":
        growth = math.sqrt(growth)
    return _rate_of_small_batches(estimator) * min(growth, _STEEPEST)


def _rate_of_small_batches(estimator):
    """The first learning rate for minibatches of at most 100 rows."""
    if estimator._small_rate is not None:
        return estimator._small_rate
    # Scales make gradients of mixed columns noisier: averages do not make up for twice the rate.
    is_averaged = takes_averages(estimator) and not estimator._learns_mixed_units
    return _RATE_OF_AVERAGES if is_averaged else _RATE


def batch_size(estimator, n_rows):
    """Rows of a minibatch, of a table of so many rows in memory or in chunks.

    Of a large table with the root of its rows, so that there are more steps in an epoch, too: the
    batches that waste no rows are small when training begins, and grow as it goes on and what is
    left to learn shrinks (McCandlish, Kaplan, Amodei & others 2018), which more steps let it do.
    """
    if estimator.batch_size != "auto":
        return estimator.batch_size
    n_rows = int(n_rows)  # weighted rows may be worth any number
    if estimator._largest_batch is not None:
        return min(n_rows, estimator._largest_batch)
    if n_rows > _MANY_ROWS:
        return min(int(_BATCH * math.sqrt(n_rows / _MANY_ROWS)), _LARGEST_BATCH)
    is_small = _is_careful(estimator) or estimator._needs_many_steps
    most = n_rows // _BATCHES if is_small else _BATCH
    return min(max(most, _SMALLEST_BATCH), _BATCH)


def stops_early(estimator, summary):
    """Whether training stops when the objective on held-out rows improves no more.

    summary : a `TableSummary` of all rows to learn from.
    """
    n_rows, n_features = summary.shape
    if estimator.early_stopping != "auto":
        return estimator.early_stopping
    if n_rows < _ROWS_TO_STOP_BY:
        return False
    if n_features >= _MANY_COLUMNS or estimator.n_conditional_units > 0:
        return estimator.max_iter == "auto" or estimator.max_iter > patience(estimator, n_rows)
    return estimator.max_iter == "auto" and _can_go_on(estimator) and _has_bits(estimator, summary)


def _can_go_on(estimator):
    """Whether nothing in a training depends on how long it is going to be.

    Penalties of machines that learn much from each column rise with it, and some rates fall.
    """
    return estimator.learning_rate == "constant" and not _is_careful(estimator)


def _has_bits(estimator, summary):
    """Whether all values are 0, 1 or missing, and units binary.

    Densities of real columns can grow without limit around values that nearly all rows share, and
    held-out rows may be too few to tell.
    """
    if estimator._schema is not None:  # of which mixed columns are not asked here
        return True
    return summary.is_whole and choose_family(estimator.visible, summary).is_binary


def n_epochs(estimator, n_rows, stops, encoding):
    """The most epochs of a fit to so many rows.

    stops : whether it stops early; encoding : of the columns.
    """
    if estimator.max_iter != "auto":
        return int(estimator.max_iter)
    if not (stops or (estimator.autoregressive and encoding.family.is_binary)):
        return _EPOCHS
    n_steps = _STEPS if stops else _FEWEST_STEPS
    return epochs_for(n_steps, n_rows, batch_size(estimator, n_rows), _EPOCH_LIMITS)


def patience(estimator, n_rows):
    """Epochs without improvement after which training stops, or its rate falls."""
    if estimator.n_iter_no_change != "auto":
        return estimator.n_iter_no_change
    if estimator.max_iter != "auto":
        return _PATIENCE
    size = batch_size(estimator, n_rows)
    return epochs_for(_PATIENT_STEPS, n_rows, size, (_PATIENT_EPOCHS, _EPOCH_LIMITS[1]))


def n_held_out(estimator, n_rows):
    """Number of the rows that early stopping holds out."""
    n = max(round(estimator.validation_fraction * n_rows), _FEWEST_HELD_OUT)
    return min(n, _MOST_HELD_OUT) if estimator.early_stopping == "auto" else n


def column_variances(encoding):
    """Variances of binary columns in training, (n_features,); None for columns of other kinds."""
    if encoding is None or not encoding.family.is_binary:
        return None
    means = encoding.fill_values.astype(np.float64)
    return means * (1 - means)


def penalties(estimator, n_rows, variances=None):
    """Penalties of connections and of lateral weights.

    n_rows : of the table, None if unknown; variances : of its columns where these are binary.
    """
    is_careful, alpha, ratio = _is_careful(estimator), estimator.alpha, estimator.l1_ratio
    alpha = _ALPHA if alpha == "auto" and not is_careful else alpha
    ratio = float(is_careful) if ratio == "auto" else ratio
    lateral_alpha = alpha if estimator.lateral_alpha is None else estimator.lateral_alpha
    lateral_ratio = ratio if estimator.lateral_l1_ratio is None else estimator.lateral_l1_ratio
    return (
        _penalty(alpha, ratio, n_rows, *_PRIOR),
        _penalty(lateral_alpha, lateral_ratio, n_rows, *_lateral_prior(n_rows, variances)),
    )


def _lateral_prior(n_rows, variances):
    """Bound, shape, order and first bound of the penalty of lateral weights.

    A weight between two binary columns that have nothing to do with each other has at zero a slope
    of the variance ``n v_i v_j`` over a table. The largest of so many slopes is about
    ``sqrt(2 log(n_pairs))`` root mean squares of these (Donoho & Johnstone 1994), and
    ``log(n_pairs) / 3`` more where columns are rare, as Bernstein's inequality has it (Boucheron,
    Lugosi & Massart 2013): a lasso of that strength leaves at zero all that chance makes, and a
    stronger one also the nearly deterministic relations of rare columns, whose slopes are no larger
    than counts of rows. The shape is such that at its strongest it is that at zero, and half of it
    for weights of 1 / 5; where chance makes larger slopes than that, more of what is not kept at
    zero is chance, and the strength is half for weights of up to 1 / 4. As for connections, weights
    that have not learnt yet say nothing of their size: what begins strong would stay so for good.
    """
    if n_rows is None or variances is None or len(variances) < 2:
        return _LATERAL_PRIOR
    log_pairs = math.log(max(len(variances) * (len(variances) - 1) / 2, 2))
    deviation = math.sqrt(n_rows * np.square(variances).mean())
    slope = math.sqrt(2 * log_pairs) * deviation + log_pairs / 3
    lasso, (least, most) = min(slope, _STRONGEST_LASSO), _CONCAVITIES
    concavity = max(most * lasso / slope, least)
    bound = max(lasso - concavity, _LEAST_BOUND)
    return bound, bound / concavity, 1, _BINARY_START


def warmup_fraction(goes_on, stops):
    """The share of the epochs in which penalties that rise do so.

    A machine that has been trained before goes on with them as they should be. A fit that stops
    early does not know its epochs, and could stop while penalties are weak.
    """
    return 0.0 if goes_on or stops else _WARMUP


def _penalty(alpha, l1_ratio, n_rows, *prior):
    if alpha == "auto" and n_rows is not None:
        return EstimatedPenalty(n_rows, l1_ratio, *prior)
    return FixedPenalty(_ALPHA if alpha == "auto" else alpha, l1_ratio)
