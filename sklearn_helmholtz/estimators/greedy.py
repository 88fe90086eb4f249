"""Greedy pretraining of deep belief nets: one Boltzmann machine after the other, upward."""

from dataclasses import dataclass, field, replace

import numpy as np

from .. import _keys
from .._keys import Purpose
from .._monitor import Monitor
from .._training import End, Outcome, Past, Training, train
from ..learning import SGD, Ascent, LiftedLearning
from ..machines import boltzmann_above, recognition_chain, stack
from .boltzmann_training import SHARE_OF_REALS, new_boltzmann

_SMOOTHING = 1.0  # row in which units are on half of the time


@dataclass(frozen=True)
class Layerwise:
    """Way in which each machine of a stack learns.

    rule : of all of them; penalties : of their weights; averages : whether each is an average over
    its later steps; n_threads : threads; lines : a function of the number of a layer and a `Plan`
    to what tells of its epochs, or to None.
    """

    rule: object
    penalties: tuple
    averages: bool
    n_threads: int
    lines: object


@dataclass
class Pretrained:
    """Stack of machines that have learnt, or none, and how it went.

    machine : the `DeepBelief` net of them; past : what the last training left, with the number of
    all steps; losses : lists of the mean loss of each epoch, one for each layer; end, interrupt :
    the worst end of a training, and the interrupt to raise again or None.
    """

    machine: object = None
    past: Past | None = None
    losses: list = field(default_factory=list)
    end: End = End.FINISHED
    interrupt: KeyboardInterrupt | None = None

    @property
    def curves(self):
        """The losses as arrays, (n_epochs,) each."""
        return [np.array(losses) for losses in self.losses]

    def outcome(self, later):
        """The `Outcome` of all training together; later : of what came after this."""
        if self.interrupt is not None:
            return Outcome(self.end, self.interrupt)
        return replace(later, end=End.DIVERGED) if self.end is End.DIVERGED else later


def pretrain(n_units, rows, start, plan, way):
    """A `Pretrained` stack.

    Each machine learns states that those below draw from the rows, fresh at each step, and where it
    can begins as the one below it upside down. After an interrupt the others stay as they begin.

    n_units : of all layers, the data first; rows : a `Table`; start : units of the data, their
    intercept, and a seed; plan : the `Plan` of each layer; way : a `Layerwise`.
    """
    units, intercept, seed = start
    rng, found, machines = _keys.generator(seed, Purpose.INITIALISE), Pretrained(), []
    found.past = Past(seed)
    for layer, n_hidden in enumerate(n_units[1:], 1):
        rule, own_plan = way.rule, plan
        if not machines:
            machine = new_boltzmann(n_units[0], n_hidden, units, intercept, rng)
            if machine.units.standardises:
                own_plan = _slower(plan)
        else:
            ascent = _ascent(machines)
            rule = LiftedLearning(way.rule, ascent)
            logits = _logits(ascent.rates(rows.choose(plan.indices), way.n_threads), plan)
            machine = boltzmann_above(machines[-1], n_hidden, logits, rng)
        if found.interrupt is None:
            machine = _learn(machine, rule, rows, own_plan, way, layer, found)
        else:
            found.losses.append([])
        machines.append(machine)
    found.machine = stack(machines)
    return found


def _learn(machine, rule, rows, plan, way, layer, found):
    """The machine after its training, of which ``found`` takes note."""
    past = Past(found.past.seed, found.past.step_number)
    training = Training(machine, rule, SGD(0.0), way.n_threads, past, way.penalties, way.averages)
    log_volume = rows.choose(plan.indices).log_volume if layer == 1 else 0.0
    lines = way.lines(layer, plan)
    monitor = Monitor(None, log_volume=log_volume, report=lines)
    outcome = train(training, rows, plan, monitor)
    if lines is not None:
        lines.end()
    found.past, found.interrupt = training.past, outcome.interrupt
    found.losses.append(monitor.losses)
    if found.end is not End.DIVERGED:
        found.end = outcome.end
    return training.machine


def _ascent(machines):
    """The way from the data to the hidden side of the last of some machines."""
    maps = [machine.recognition_map for machine in machines]
    chain = recognition_chain([m.weights for m in maps], [m.intercept for m in maps])
    return Ascent(machines[0].units, chain)


def _logits(rates, plan):
    """Logits of smoothed rates, float32."""
    n_rows = len(plan.indices)
    rates = (rates * n_rows + 0.5 * _SMOOTHING) / (n_rows + _SMOOTHING)
    return np.float32(np.log(rates) - np.log1p(-rates))


def _slower(plan):
    """The plan of a machine of real features."""
    schedule = plan.schedule
    return replace(plan, schedule=replace(schedule, initial=schedule.initial * SHARE_OF_REALS))
