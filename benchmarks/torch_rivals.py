"""The rivals of this library that are written in PyTorch."""

import numpy as np
import torch

from .blas import torch_blas
from .torch_autograd import AutogradMachine
from .torch_machines import Reweighted, WakeSleep
from .torch_net import Net
from .torch_scoring import Scorer, sample
from .torch_wake_sleep import TorchWakeSleep
from .workload import Rival

TUNED, BY_HAND, AUTOGRAD = "PyTorch, tuned", "PyTorch by hand", "PyTorch autograd"


def wake_sleep(sizes, X, batches, target):
    """Steps of wake-sleep on minibatches of the rows of X: tuned, by hand and with autograd."""

    def tuned(n_threads):
        machine = WakeSleep(Net(sizes), len(batches[0]))
        return _steps(X, batches, machine.step)

    def by_hand(n_threads):
        machine = TorchWakeSleep(sizes)
        return _steps(X, batches, lambda data, rows: machine.step(data[rows]))

    def autograd(n_threads):
        machine = AutogradMachine(sizes)
        return _steps(X, batches, lambda data, rows: machine.wake_sleep_step(data[rows]))

    return (
        Rival(TUNED, tuned, target, torch_blas()),
        Rival(BY_HAND, by_hand, target, torch_blas()),
        Rival(AUTOGRAD, autograd, None, torch_blas()),
    )


def reweighted(sizes, X, batches, n_particles, target):
    """Steps of reweighted wake-sleep on minibatches, tuned and with autograd."""

    def tuned(n_threads):
        machine = Reweighted(Net(sizes), len(batches[0]), n_particles)
        return _steps(X, batches, machine.step)

    def autograd(n_threads):
        machine = AutogradMachine(sizes)
        return _steps(
            X, batches, lambda data, rows: machine.reweighted_step(data[rows], n_particles)
        )

    return (
        Rival(TUNED, tuned, target, torch_blas()),
        Rival(AUTOGRAD, autograd, None, torch_blas()),
    )


def scoring(sizes, X, n_particles, target):
    """Importance-sampled log p(x) of the rows of X."""

    def make(n_threads):
        scorer, data = Scorer(Net(sizes), n_particles), _tensor(X)
        return lambda: scorer.score(data)

    return (Rival(TUNED, make, target, torch_blas()),)


def sampling(sizes, n_samples, target):
    """Ancestral samples."""

    def make(n_threads):
        net = Net(sizes)
        return lambda: sample(net, n_samples)

    return (Rival(TUNED, make, target, torch_blas()),)


def _steps(X, batches, step):
    data, batches = _tensor(X), [torch.from_numpy(batch) for batch in batches]

    def run():
        for batch in batches:
            step(data, batch)

    return run


def _tensor(X):
    return torch.from_numpy(X.astype(np.float32))
