"""Epochs of restricted Boltzmann machines, by persistent contrastive divergence with one sweep.

This library follows log Z and averages parameters as it learns, which the others do not.
"""

import functools

import numpy as np
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz._training import Past, Training
from sklearn_helmholtz.learning import SGD, PersistentLearning
from sklearn_helmholtz.machines import initialise_boltzmann
from sklearn_helmholtz.rows import Table, minibatches

from .blas import HAS_TORCH, numpy_blas, torch_blas
from .workload import Rival, Workload

if HAS_TORCH:
    import torch

    from .torch_boltzmann import TorchBoltzmann

RATE, DECAY, DENSITY = 0.01, 1e-3, 0.19


def boltzmann(n_hidden, batch, targets, n_rows=5000, n_visible=784):
    """An epoch on binary rows.

    targets : against BernoulliRBM in float32 and in float64, and against PyTorch.
    """
    X = (np.random.default_rng(0).random((n_rows, n_visible)) < DENSITY).astype(np.uint8)

    def scikit_learn(dtype):
        rbm = BernoulliRBM(n_hidden, learning_rate=RATE, batch_size=batch, n_iter=1, random_state=0)
        data = X.astype(dtype)
        return lambda: rbm.fit(data)

    rivals = [
        Rival("BernoulliRBM float32", lambda _: scikit_learn(np.float32), targets[0], numpy_blas()),
        Rival("BernoulliRBM float64", lambda _: scikit_learn(np.float64), targets[1], numpy_blas()),
    ]
    if HAS_TORCH:
        by_torch = functools.partial(_by_torch, X, n_hidden, batch)
        rivals.append(Rival("PyTorch by hand", by_torch, targets[2], torch_blas()))
    title = f"PCD-1 epoch, {n_visible}-{n_hidden}, {n_rows:,} rows, batch {batch}"
    make = functools.partial(_epoch, X, n_hidden, batch)
    return Workload(title, n_rows, "row", make, tuple(rivals), n_threads=1, thrift=2)


def _epoch(X, n_hidden, batch, n_threads):
    """A turn of this library."""
    rows, rng = Table(X, is_binary=True), np.random.default_rng(0)
    start = initialise_boltzmann(X.shape[1], n_hidden, np.zeros(X.shape[1]), rng)
    optimizer = SGD(0.0, decay=DECAY)
    training = Training(
        start, PersistentLearning(), optimizer, n_threads, Past((0,)), averages=True
    )
    training.begin(rows, batch)

    def run():
        for indices in minibatches(training.permutation(len(X)), batch):
            training.step(rows, indices, RATE)

    return run


def _by_torch(X, n_hidden, batch, n_threads):
    """A turn of PyTorch."""
    data = torch.from_numpy(X.astype(np.float32))
    machine = TorchBoltzmann(X.shape[1], n_hidden, batch, DECAY)

    def run():
        for indices in torch.randperm(len(data)).split(batch):
            machine.step(data[indices], RATE)

    return run


def boltzmann_difference(n_visible=64, n_hidden=40, n_rows=50):
    """Difference of a step of PyTorch from this library's gradient in its place.

    Of the weights after it, relative to the largest change.
    """
    torch.manual_seed(0)
    machine = TorchBoltzmann(n_visible, n_hidden, n_rows, decay=0.0)
    for _ in range(3):
        machine.step((torch.rand(n_rows, n_visible) < 0.3).float(), 0.5)
    x, before = (torch.rand(n_rows, n_visible) < 0.3).float(), machine.weights.clone()
    intercept = machine.hidden_intercept.clone()
    machine.step(x, 0.5)
    W, c, v = before.double().numpy(), intercept.double().numpy(), machine.moved.double().numpy()
    rows, chains = (data.T @ (1 / (1 + np.exp(-c - data @ W))) for data in (x.double().numpy(), v))
    expected = 0.5 * (rows - chains) / n_rows
    found = (machine.weights - before).double().numpy()
    return float(np.abs(found - expected).max() / np.abs(expected).max())
