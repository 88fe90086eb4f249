"""The rivals of this library that are written in PyTorch."""

import functools

import numpy as np
import torch

from .blas import torch_blas
from .torch_autograd import AutogradMachine
from .torch_lean import LEAN, LeanReweighted, LeanWakeSleep
from .torch_plain_net import PlainNet
from .torch_programs import BY_HAND, TUNED
from .torch_variational import Autoencoder
from .workload import Rival

AUTOGRAD = "PyTorch autograd"


def wake_sleep(sizes, X, batches, target):
    """Steps of wake-sleep on minibatches of the rows of X: tuned, by hand, lean, with autograd."""

    def steps(programs):
        machine = programs.wake_sleep(programs.net(sizes), len(batches[0]))
        return _steps(X, batches, machine.step)

    def autograd(n_threads):
        machine = AutogradMachine(sizes)
        return _steps(X, batches, lambda data, rows: machine.wake_sleep_step(data[rows]))

    return (*_without_autograd(steps, target), *_others(X, batches, LeanWakeSleep, sizes, autograd))


def reweighted(sizes, X, batches, n_particles, target):
    """Steps of reweighted wake-sleep on minibatches: tuned, by hand, lean, and by autograd."""

    def steps(programs):
        machine = programs.reweighted(programs.net(sizes), len(batches[0]), n_particles)
        return _steps(X, batches, machine.step)

    def autograd(n_threads):
        machine = AutogradMachine(sizes)
        return _steps(
            X, batches, lambda data, rows: machine.reweighted_step(data[rows], n_particles)
        )

    lean = functools.partial(LeanReweighted, n_particles=n_particles)
    return (*_without_autograd(steps, target), *_others(X, batches, lean, sizes, autograd))


def importance_weighted(sizes, X, batches, n_particles, activation, target):
    """Steps of a machine of Gaussian latents on minibatches of the rows of X: with autograd."""

    def autograd(n_threads):
        machine = Autoencoder(sizes, activation)
        return _steps(X, batches, lambda data, rows: machine.step(data[rows], n_particles))

    return (Rival(AUTOGRAD, autograd, target, torch_blas()),)


def scoring(sizes, X, n_particles, target):
    """Importance-sampled log p(x) of the rows of X: tuned and by hand."""

    def scores(programs):
        score, data = programs.scorer(programs.net(sizes), n_particles), _tensor(X)
        return lambda: score(data)

    return _without_autograd(scores, target)


def sampling(sizes, n_samples, target):
    """Ancestral samples: tuned and by hand."""

    def samples(programs):
        net = programs.net(sizes)
        return lambda: programs.sample(net, n_samples)

    return _without_autograd(samples, target)


def _without_autograd(make, target):
    """Rivals by a function that makes a turn of a style of programs."""
    return tuple(
        Rival(programs.name, lambda n_threads, programs=programs: make(programs), target,
              torch_blas())
        for programs in (TUNED, BY_HAND)
    )  # fmt: skip


def _others(X, batches, lean, sizes, autograd):
    """The rivals that do less than this library, and that leave more to PyTorch."""

    def steps(n_threads):
        return _steps(X, batches, lean(PlainNet(sizes)).step)

    return Rival(LEAN, steps, None, torch_blas()), Rival(AUTOGRAD, autograd, None, torch_blas())


def _steps(X, batches, step):
    data, batches = _tensor(X), [torch.from_numpy(batch) for batch in batches]

    def run():
        for batch in batches:
            step(data, batch)

    return run


def _tensor(X):
    return torch.from_numpy(X.astype(np.float32))
