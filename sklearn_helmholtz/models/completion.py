"""Answers about single rows: posteriors, imputations and conditional draws."""

from functools import partial

import numpy as np

from .._threads import run_blocks
from ..inference import (
    ExactPosterior,
    ImportancePosterior,
    MeanFieldPosterior,
    MovedPosterior,
    RecognitionPosterior,
)
from ..rows import content_keys, rows_of_a_block
from ..units import Ability

N_SWEEPS = 20  # of a sampler between the choice of a particle and the draw it becomes
MOST_ROWS = 64  # of a block whose rows take long for the numbers that they hold
_MODE_COMPONENTS = 64  # of a mixture: the heaviest, of which the mode is looked for


def posteriors(model, rows, method, seed, n_samples, n_pool, n_sweeps, n_threads, derived=None):
    """Means and samples of each hidden layer, effective sample sizes, and the method used.

    The first three are one list of arrays, an entry for each row. derived : a function of states of
    the last layer, whose means come after those of the layers, or None.
    """
    machine = model.machine

    def answer(found, x, addresses):
        means, samples, sizes = found.infer(x, addresses, n_samples)
        if derived is not None:
            means = [*means, found.expect(derived, x, addresses, n_samples)]
        return *means, *(h.reshape(len(x), n_samples, -1) for h in samples), sizes

    results, parts = [], _parts(model, rows, method)
    for name, numbers in parts:
        found = _posterior(machine, name, seed, n_samples, n_pool, n_sweeps)
        entries = max(found.entries_per_row, n_samples * max(machine.n_units))
        most_rows = MOST_ROWS if name == "mean-field" else None
        part, addresses = rows.choose(numbers), numbers.astype(np.uint64)
        task = partial(answer, found)
        results.append(by_blocks(task, part, addresses, entries, n_threads, most_rows))
    return _join(results, [numbers for _, numbers in parts]), parts[-1][0]


def imputations(model, rows, strategy, seed, n_imputations, n_pool, n_threads):
    """Values for all that is missing, row by row, (n_missing, n_imputations) in the user's units.

    strategy : ``"mean"``, ``"median"``, ``"mode"`` or ``"sample"``.
    """
    machine = model.machine
    fill = _ways_to_fill(machine)[strategy]
    encoding = model.encoding
    restore = encoding.restore
    if strategy == "mean" and machine.visible.units.answers_by_column:
        restore = np.asarray  # they are in the user's units, and means lie on no grid
    counts = rows.count_missing()
    incomplete = np.flatnonzero(counts)
    if not len(incomplete):
        return np.empty((0, n_imputations))

    def complete(found, x, addresses):
        addresses = addresses if fill is _draws else content_keys(x.values)
        filled = restore(fill(machine, found, x, addresses, n_imputations))
        filled = filled.reshape(len(x), n_imputations, -1)
        return (filled.transpose(0, 2, 1)[encoding.given(np.isnan(x.toarray()))],)

    n_held = max(n_imputations, 0 if strategy in ("mean", "sample") else _MODE_COMPONENTS)
    results, places = [], []
    otherwise = _way_to_draw(machine) if fill is _draws else "importance"
    for name, part in _parts(model, rows.choose(incomplete), "auto", otherwise):
        found = _posterior(machine, name, seed, n_imputations, n_pool, N_SWEEPS)
        entries = max(found.entries_per_row, n_held * max(machine.n_units))
        part, addresses = incomplete[part], incomplete[part].astype(np.uint64)
        task = partial(complete, found)
        results.append(by_blocks(task, rows.choose(part), addresses, entries, n_threads))
        places.append(np.repeat(part, counts[part]))
    return _join(results, places)[0]


def _ways_to_fill(machine):
    """Functions that fill in what is missing, by strategy."""
    names = "mean", "median", "mode"
    if machine.visible.units.answers_by_column:
        return {"sample": _draws, **{name: partial(_by_column, name) for name in names}}
    medians, modes = (partial(_of_mixtures, f"mixture_{name}s") for name in names[1:])
    return {"sample": _draws, "mean": _means, "median": medians, "mode": modes}


def _by_column(strategy, machine, found, x, addresses, n_imputations):
    return found.answers(x, addresses, strategy)


def _way_to_draw(machine):
    """The method of draws where nothing is enumerated: Markov chains, if machines allow them."""
    if machine.can(Ability.ELLIPTICAL, missing=True):
        return "elliptical"
    return "gibbs" if machine.can(Ability.GIBBS, missing=True) else "importance"


def _means(machine, found, x, addresses, n_imputations):
    return found.expected_data(x, addresses)


def _of_mixtures(name, machine, found, x, addresses, n_imputations):
    """Medians or modes of the distribution of each value, by a method of the units."""
    units = machine.visible.units
    if not units.seeks_modes:
        means = found.expected_data(x, addresses)
        return getattr(units, name)(np.ones((len(x), 1)), means[:, None], None)
    weights, means, variances = found.data_components(x, addresses, _MODE_COMPONENTS)
    return getattr(units, name)(weights, means.astype(np.float64), variances)


def _draws(machine, found, x, addresses, n_imputations):
    return found.complete(x, addresses, n_imputations)[1]


def conditional_draws(model, rows, n_draws, seed, n_pool, n_threads):
    """Draws of the hidden layers and of the data, both given some of the data of one row.

    The data are in the user's units. Each draw has particles and a chain of its own.
    """
    machine = model.machine
    addresses = np.arange(n_draws, dtype=np.uint64)
    ((method, _),) = _parts(model, rows, "auto", _way_to_draw(machine))
    found = _posterior(machine, method, seed, 1, n_pool, N_SWEEPS)
    *hidden, data = _draw_given(machine, found, rows, addresses, n_threads)
    return hidden, model.encoding.restore(data)


def _draw_given(machine, found, rows, addresses, n_threads):
    """Draws of the hidden layers and of the data for each address, from one row."""
    row, entries = rows.take(np.arange(1)), found.entries_per_row
    rows = rows.choose(np.zeros(len(addresses), np.int64))
    if found.method != "exact":

        def complete(x, addresses):
            hidden, data = found.complete(x, addresses, 1)
            return *hidden, data

        return by_blocks(complete, rows, addresses, entries, n_threads)
    hidden = found.sample(row, addresses, 1)  # at once: the row is the same for all

    def draw(x, addresses):
        return (found.draw_data(row, hidden[0][addresses], addresses, 1),)

    return *hidden, *by_blocks(draw, rows, addresses, max(machine.n_units), n_threads)


def _parts(model, rows, method, otherwise="importance"):
    """Pairs of a method and the numbers of the rows that it is for, the exact one first.

    otherwise : what ``"auto"`` means for rows that are not enumerated.
    """
    exactly = model.enumerated(rows, method)
    pairs = ("exact", exactly), (otherwise if method == "auto" else method, ~exactly)
    return [(name, np.flatnonzero(which)) for name, which in pairs if which.any()]


def _posterior(machine, method, seed, n_samples, n_pool, n_sweeps):
    """The (approximate) posterior p(h | x) of a method."""
    if method == "exact":
        return ExactPosterior(machine, seed)
    if method == "recognition":
        return RecognitionPosterior(machine, seed, n_samples)
    if method == "mean-field":
        return MeanFieldPosterior(machine, seed, n_samples)
    if method in ("gibbs", "elliptical"):
        return MovedPosterior(machine, seed, n_samples, n_pool, n_sweeps)
    return ImportancePosterior(machine, seed, n_pool)


def by_blocks(function, rows, addresses, entries_per_row, n_threads, most_rows=None):
    """The arrays that a function makes of all rows, block by block and side by side.

    Blocks are small enough for the numbers that it holds of each row, and have ``most_rows`` at
    most: only between blocks are rows shared among threads, and can a call be interrupted.
    """
    size = rows_of_a_block(entries_per_row, most_rows or len(rows))
    starts = range(0, len(rows), size)
    results = [None] * len(starts)

    def run(number):
        place = np.arange(starts[number], min(starts[number] + size, len(rows)))
        results[number] = function(rows.take(place), addresses[place])

    run_blocks(run, len(starts), n_threads)
    return [np.concatenate(arrays) for arrays in zip(*results, strict=True)]


def _join(results, places):
    """Lists of arrays of several parts of the rows as one, in the order of their places."""
    order = np.argsort(np.concatenate(places), kind="stable")
    return [np.concatenate(arrays)[order] for arrays in zip(*results, strict=True)]
