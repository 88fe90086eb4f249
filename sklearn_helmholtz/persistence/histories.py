"""Histories of training in archives: all that a training needs which goes on."""

import numpy as np

from .. import _tree
from .._training import Past
from ..estimators.history import History
from ..estimators.weights import Weights

_WORD = 2**32 - 1
_SEED_WORDS = 4
_SOLVERS = {
    "adam": ("first_moment", "second_moment", "n_moves"), "sgd": ("velocity",), "lbfgs": (),
}  # fmt: skip


def write_rewards(part, rewards):
    """Write what is carried over of the rewards that are expected, or None."""
    if rewards is None:
        part.nothing("n_rewards")
        return
    means, variances, n_steps = rewards
    part.whole("n_rewards", n_steps)
    part.array("reward_means", means)
    part.array("reward_variances", variances)


def read_rewards(part, machine):
    """Rewards of the layers of a machine that were carried over, or None."""
    if part.is_nothing("n_rewards"):
        return None
    n_layers = len(machine.n_units) - 1
    means = part.array("reward_means", np.float64, (n_layers,))
    variances = part.array("reward_variances", np.float64, (n_layers,), low=0)
    return means, variances, part.whole("n_rewards")


def write_history(part, history, write_carry_over=write_rewards):
    """Write a `History`; write_carry_over : what the rule's memory keeps for other rows."""
    past = history.past
    part.wholes("seed", past.seed)
    part.whole("step_number", past.step_number)
    _write_optimizer(part, history)
    _write_average(part, past.average)
    write_carry_over(part, past.carry_over)
    if history.n_rows is None:
        part.nothing("n_rows")
    else:
        part.number("n_rows", history.n_rows)
        part.flag("is_whole", isinstance(history.n_rows, int))
    write_weights(part, history.weights)


def read_history(part, machine, read_carry_over=read_rewards):
    """The `History` of a machine; read_carry_over : as written."""
    n_parameters = len(_tree.zeros_like(machine).vector)
    seed, step_number = part.wholes("seed", 0, _WORD), part.whole("step_number")
    if len(seed) != _SEED_WORDS:
        raise ValueError(f"its seed has {len(seed)} numbers, and not {_SEED_WORDS}")
    solver, optimizer = _read_optimizer(part, n_parameters)
    average = _read_average(part, n_parameters)
    carried = read_carry_over(part, machine)
    n_rows = None
    if not part.is_nothing("n_rows"):
        n_rows = part.number("n_rows", 0)
        n_rows = int(n_rows) if part.flag("is_whole") else n_rows
    past = Past(seed, step_number, optimizer, average, carried)
    return History(past, solver, n_rows, read_weights(part))


def _write_optimizer(part, history):
    """Write the state of the optimiser by the name of its solver."""
    if history.solver is None:
        part.nothing("solver")
        return
    part.word("solver", history.solver)
    part.flag("has_moved", history.past.optimizer is not None)
    if history.past.optimizer is not None:
        for name, array in zip(_SOLVERS[history.solver], history.past.optimizer, strict=True):
            part.array(name, array)


def _read_optimizer(part, n_parameters):
    """The name of the solver and the state of its optimiser, None for those that there are not."""
    if part.is_nothing("solver"):
        return None, None
    solver = part.word("solver", tuple(_SOLVERS))
    if not part.flag("has_moved"):
        return solver, None
    if not _SOLVERS[solver]:
        raise ValueError(f"its solver {solver} has a state")
    shape = (n_parameters,)
    if solver == "sgd":
        return solver, (part.array("velocity", np.float32, shape, finite=False),)
    first = part.array("first_moment", np.float32, shape, finite=False)
    second = part.array("second_moment", np.float32, shape, low=0, finite=False)
    return solver, (first, second, part.array("n_moves", np.float64, (1,), low=0))


def _write_average(part, average):
    if average is None:
        part.nothing("n_averaged")
        return
    vector, n_moves, n_terms = average
    part.wholes("n_averaged", (n_moves, n_terms))
    part.array("moving", vector)


def _read_average(part, n_parameters):
    if part.is_nothing("n_averaged"):
        return None
    counts = part.wholes("n_averaged", 0, 2**62)
    if len(counts) != 2:
        raise ValueError(f"its average has the counts {counts}")
    return part.array("moving", np.float32, (n_parameters,)), *counts


def write_weights(part, weights):
    """Write `Weights` of rows, or None."""
    if weights is None:
        part.nothing("n_weighed")
        return
    part.whole("n_weighed", weights.n_rows)
    if weights.total is None:
        part.nothing("total_weight")
    else:
        part.number("total_weight", weights.total)


def read_weights(part):
    """`Weights` of rows, or None."""
    if part.is_nothing("n_weighed"):
        return None
    n_rows = part.whole("n_weighed")
    return Weights(
        n_rows, None if part.is_nothing("total_weight") else part.number("total_weight", 0)
    )
