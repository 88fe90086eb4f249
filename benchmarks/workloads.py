"""All pieces of work whose speed is compared, by name.

Data are random binary rows, with 19 % ones (as binarised digits have) where no share is named. What
a machine has learnt matters where few particles carry the weight, and where they are near to each
other: trained ones have learnt scikit-learn's digits, enlarged to 28 x 28 pixels, for 360 steps, or
binarised MNIST for 2,500, where its file is at hand. Products of matrices take the same time
whatever is in them. PyTorch's rows are left out where it is missing.
"""

import copy
import functools
import itertools

import numpy as np
import scipy.sparse
from sklearn.datasets import load_digits
from sklearn.neural_network import BernoulliRBM

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz._training import Past, Training, runs_of
from sklearn_helmholtz.layers import Affine
from sklearn_helmholtz.learning import Adam, ImportanceWeighted, ReweightedWakeSleep, WakeSleep
from sklearn_helmholtz.machines import initialise, initialise_gaussian
from sklearn_helmholtz.rows import Batch, Table
from sklearn_helmholtz.units import Bernoulli

from .blas import HAS_TORCH, numpy_blas
from .boltzmann_workloads import boltzmann
from .datasets import load
from .workload import Rival, Workload

if HAS_TORCH:
    from . import torch_rivals

SIZES, DEEP, SMALL = (784, 200, 200), (784, 200, 200, 200), (64, 32)
GAUSSIAN, GAUSSIAN_DEEP, GAUSSIAN_SMALL = (784, 200, 50), (784, 200, 200, 50), (64, 200, 20)
N_PARTICLES, RATE = 10, 3e-3
DIGITS, MNIST = "trained", "trained on MNIST"
N_EPOCHS = {DIGITS: 20, MNIST: 5}
DENSITY, SPARSE_DENSITY = 0.19, 0.005
WIDE, N_WIDE, N_SLICE = 20_000, 10_000, 2000  # features and rows of sparse data; dense rows held


def wake_sleep(sizes, batch, n_steps, target):
    """Steps of wake-sleep against PyTorch."""
    X = _binary(5000, sizes[0])
    batches = _batches(X, batch, n_steps)
    rivals = torch_rivals.wake_sleep(sizes, X, batches, target) if HAS_TORCH else ()
    title = f"wake-sleep step, {_named(sizes)}, batch {batch}"
    return Workload(title, batch * n_steps, "row", _steps(sizes, WakeSleep(), X, batches), rivals)


def reweighted(state=None, folder=None, batch=100, n_steps=5):
    """Steps of reweighted wake-sleep against PyTorch, of a machine that has learnt or not.

    state : what it has learnt, None for nothing; folder : of the file of MNIST.
    """
    rule, target = ReweightedWakeSleep(N_PARTICLES), 4 if state else 3.5
    X = rows_of(state, folder) if state else _binary(5000, DEEP[0])
    start = _learnt(DEEP, state, folder)._model.machine if state else _new(DEEP)
    batches = _batches(X, batch, n_steps)
    rivals = torch_rivals.reweighted(DEEP, X, batches, N_PARTICLES, target) if HAS_TORCH else ()
    units = _named(DEEP) + (f", {state}" if state else "")
    title = f"reweighted step, {N_PARTICLES} particles, {units}, batch {batch}"
    return Workload(title, batch * n_steps, "row", _training(start, rule, X, batches), rivals)


def gaussian(sizes, n_particles, activation="tanh", batch=128, n_steps=10):
    """Steps of the importance-weighted bound of Gaussian latents against PyTorch; K = 1: the VAE.

    Sizes of the data, of the deterministic layers of both nets, and of the latents.
    """
    X, rule = _binary(5000, sizes[0]), ImportanceWeighted(n_particles)
    batches = _batches(X, batch, n_steps)
    rivals = ()
    if HAS_TORCH:
        rivals = torch_rivals.importance_weighted(sizes, X, batches, n_particles, activation, 1.5)
    n_visible, *hidden, n_latents = sizes
    start = initialise_gaussian(
        n_visible, n_latents, tuple(hidden), Bernoulli(), np.zeros(n_visible),
        np.random.default_rng(0), activation=activation, covariance="diag", sees_gaps=False,
    )  # fmt: skip
    drawn = f"{n_particles} particle{'s' * (n_particles > 1)}"
    title = f"Gaussian step, {drawn}, {_named(sizes)} {activation}, batch {batch}"
    return Workload(title, batch * n_steps, "row", _training(start, rule, X, batches), rivals)


def scoring(n_rows, n_particles, state=None, folder=None):
    """Importance-sampled log p(x) against PyTorch, by a machine that has learnt or not."""
    X = rows_of(state, folder)[:n_rows] if state else _binary(n_rows, SIZES[0])
    target = 4.5 if state else 6

    def make(n_threads):
        params = {"n_jobs": n_threads, "n_importance_samples": n_particles}
        if state:
            machine = copy.deepcopy(_learnt(SIZES, state, folder)).set_params(**params)
        else:
            machine = _machine(SIZES, n_threads, n_importance_samples=n_particles)
        return lambda: machine.score_samples(X)

    rivals = torch_rivals.scoring(SIZES, X, n_particles, target) if HAS_TORCH else ()
    units = _named(SIZES) + (f", {state}" if state else "")
    title = f"scores, {n_rows:,} rows, {n_particles:,} particles, {units}"
    return Workload(title, n_rows * n_particles, "particle", make, rivals, thrift=5)


def sampling(n_samples=10_000):
    """Ancestral samples against PyTorch."""

    def make(n_threads):
        machine = _machine(SIZES, n_threads)
        return lambda: machine.sample(n_samples, random_state=0)

    rivals = torch_rivals.sampling(SIZES, n_samples, 4) if HAS_TORCH else ()
    return Workload(f"{n_samples:,} samples, {_named(SIZES)}", n_samples, "sample", make, rivals)


def epoch(n_rows=10_000, batch=128):
    """One epoch of `fit` against a Boltzmann machine's.

    Its data come as float32, which suits it best, and as float64, which most people have.
    """
    X = _binary(n_rows, SIZES[0])

    def make(n_threads):
        machine = _untrained(batch, n_threads)
        return lambda: machine.fit(X)

    def boltzmann(dtype):
        rbm = BernoulliRBM(SIZES[1], batch_size=batch, n_iter=1, random_state=0)
        data = X.astype(dtype)
        return lambda: rbm.fit(data)

    rivals = (
        Rival("BernoulliRBM float32", lambda n_threads: boltzmann(np.float32), 8, numpy_blas()),
        Rival("BernoulliRBM float64", lambda n_threads: boltzmann(np.float64), None, numpy_blas()),
    )
    title = f"epoch of fit, {_named(SIZES[:2])}, {n_rows:,} rows, batch {batch}"
    return Workload(title, n_rows, "row", make, rivals, thrift=2)


def product(density, target, n_rows=1000, n_calls=10):
    """Binary rows times a matrix against NumPy's product of float32."""
    X, rng = _binary(n_rows, SIZES[0], density), np.random.default_rng(1)
    weights = rng.standard_normal(SIZES[:2], np.float32)
    intercept = np.zeros(SIZES[1], np.float32)

    def numpy_product(n_threads):
        data, out = X.astype(np.float32), np.empty((n_rows, SIZES[1]), np.float32)
        return lambda: [np.dot(data, weights, out=out) for _ in range(n_calls)]

    def make(n_threads):
        return lambda: [binary_product(X, weights, intercept) for _ in range(n_calls)]

    rivals = (Rival("numpy float32 dot", numpy_product, target, numpy_blas()),)
    title = f"product {n_rows:,}x{SIZES[0]} @ {SIZES[0]}x{SIZES[1]}, {density:.0%} ones"
    return Workload(title, n_rows * n_calls, "row", make, rivals, n_threads=1)


def binary_product(states, weights, intercept):
    """``intercept + states @ weights`` for states of zeros and ones, uint8."""
    return Affine(weights, intercept).forward(states)


def scaling(batch, n_steps, target):
    """An unbroken run of wake-sleep steps, as `fit` does them, on two threads against one.

    A turn is to last about a second: one of some milliseconds would measure how long threads that
    have rested take to wake up, and how long the system leaves both on one processor.
    """
    X = _binary(5000, SIZES[0])
    make = _steps(SIZES, WakeSleep(), X, _batches(X, batch, n_steps))
    rivals = (Rival("itself, 1 thread", lambda n_threads: make(1), target),)
    title = f"2 threads, run of {n_steps} wake-sleep steps, {_named(SIZES)}, batch {batch}"
    return Workload(title, batch * n_steps, "row", make, rivals, n_threads=2, thrift=2)


def sparse_transform():
    """`transform` of sparse rows against the same number of dense ones, in slices."""
    X = _sparse(N_WIDE)

    def make(n_threads, dtype=None):
        machine = _untrained(100, n_threads).fit(X[:200])
        if dtype is None:
            return lambda: machine.transform(X)
        part = X[:N_SLICE].astype(dtype).toarray()
        return lambda: [machine.transform(part) for _ in range(N_WIDE // N_SLICE)]

    rivals = (
        Rival("itself, dense float32", lambda n_threads: make(n_threads, np.float32), 10),
        Rival("itself, dense uint8", lambda n_threads: make(n_threads, np.uint8), 3),
    )
    title = f"transform of CSR, {N_WIDE:,} x {WIDE:,}, {SPARSE_DENSITY:.1%} ones, to {SIZES[1]}"
    return Workload(title, N_WIDE, "row", make, rivals, thrift=3)


def sparse_fit(n_rows=1000, batch=100):
    """One epoch of `fit` on sparse rows against the same rows dense."""
    X = _sparse(n_rows)

    def make(n_threads, data=X):
        machine = _untrained(batch, n_threads)
        return lambda: machine.fit(data)

    dense = X.toarray()
    rivals = (Rival("itself, dense uint8", lambda n_threads: make(n_threads, dense), 1),)
    title = f"epoch of fit on CSR, {n_rows:,} x {WIDE:,}, hidden {SIZES[1]}, batch {batch}"
    return Workload(title, n_rows, "row", make, rivals, thrift=3)


def workloads(score_rows, score_particles, folder=None):
    """Functions that make the workloads, by name, in the order of the table.

    folder : of the file of MNIST, for those who need it, or None.
    """
    made = {
        "wake-sleep": lambda: wake_sleep(SIZES, 128, 20, 3),
        "reweighted": reweighted,
        "reweighted-trained": lambda: reweighted(DIGITS),
        "reweighted-mnist": lambda: reweighted(MNIST, folder),
        "small": lambda: wake_sleep(SMALL, 100, 200, 2),
        "gaussian": lambda: gaussian(GAUSSIAN, 1),
        "gaussian-5": lambda: gaussian(GAUSSIAN, 5),
        "gaussian-deep": lambda: gaussian(GAUSSIAN_DEEP, 1),
        "gaussian-deep-5": lambda: gaussian(GAUSSIAN_DEEP, 5),
        "gaussian-relu": lambda: gaussian(GAUSSIAN, 1, "relu"),
        "gaussian-small": lambda: gaussian(GAUSSIAN_SMALL, 1, n_steps=50),
        "gaussian-small-5": lambda: gaussian(GAUSSIAN_SMALL, 5, n_steps=20),
        "scoring": lambda: scoring(score_rows, score_particles),
        "scoring-trained": lambda: scoring(score_rows, score_particles, DIGITS),
        "scoring-mnist": lambda: scoring(score_rows, score_particles, MNIST, folder),
        "sampling": sampling,
        "epoch": epoch,
        "product-13": lambda: product(0.13, 2.5),
        "product-50": lambda: product(0.5, 2),
        "boltzmann-200-100": lambda: boltzmann(200, 100, (2.5, 4, 2)),
        "boltzmann-500-100": lambda: boltzmann(500, 100, (2, 3.5, 1.7)),
        "boltzmann-500-1000": lambda: boltzmann(500, 1000, (3, 5, 2.7)),
        "threads-128": lambda: scaling(128, 400, 1.6),
        "threads-1024": lambda: scaling(1024, 64, 1.87),
        "sparse-transform": sparse_transform,
        "sparse-fit": sparse_fit,
    }
    return {name: made[name] for name in made if folder or not name.endswith("-mnist")}


def _steps(sizes, rule, X, batches):
    """A function of the number of threads that makes a turn of training steps of a binary net."""
    return _training(_new(sizes), rule, X, batches)


def _new(sizes):
    """A binary net that has learnt nothing."""
    return initialise(sizes, Bernoulli(), np.zeros(sizes[0]), np.random.default_rng(0))


def _training(start, rule, X, batches):
    """The same, of any machine."""
    rows = Table(X, is_binary=True)

    def make(n_threads):
        if (fused := rule.fused(start)) is not None:
            fused.prepare()
            fused.runs.compile()
        training = Training(start, rule, Adam(1e-4), n_threads, Past((0,)))
        return lambda: _make_steps(training, rows, batches)

    return make


def _make_steps(training, rows, batches):
    """Steps as `fit` makes them: as many as it may in a call of a kernel, or one by one."""
    most = training.most_together(rows, len(batches[0]))
    for run in runs_of(map(Batch.of, batches), most):
        if most == 1:
            training.step(rows, run[0], RATE)
        else:
            training.steps(rows, run, [RATE] * len(run))


def large_digits():
    """Scikit-learn's digits as binary rows of 28 x 28 pixels, uint8.

    Pixels are three by three, with a margin, and black by chance where they are grey.
    """
    grey = load_digits().images.repeat(3, axis=1).repeat(3, axis=2) / 16
    grey = np.pad(grey, ((0, 0), (2, 2), (2, 2))).reshape(len(grey), -1)
    return (np.random.default_rng(0).random(grey.shape) < grey).astype(np.uint8)


def rows_of(state, folder):
    """The rows that a machine has learnt."""
    return large_digits() if state == DIGITS else load(folder, "binarized_mnist")["train"]


@functools.lru_cache(maxsize=1)
def _learnt(sizes, state, folder):
    """A machine that has learnt digits."""
    machine = HelmholtzMachine(
        sizes[1:], n_particles=N_PARTICLES, learning_rate_init=RATE, max_iter=N_EPOCHS[state],
        early_stopping=False, random_state=0,
    )  # fmt: skip
    return machine.fit(rows_of(state, folder))


def _untrained(batch, n_threads):
    return HelmholtzMachine(
        SIZES[1], algorithm="wake-sleep", learning_rate_init=RATE, batch_size=batch, max_iter=1,
        n_jobs=n_threads, random_state=0,
    )  # fmt: skip


def _machine(sizes, n_threads, **params):
    """A machine with random parameters."""
    rng = np.random.default_rng(0)

    def matrices(shapes):
        return [rng.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)) for shape in shapes]

    pairs = list(itertools.pairwise(sizes))
    return HelmholtzMachine.from_parameters(
        matrices([(above, below) for below, above in pairs]), [np.zeros(n) for n in sizes],
        matrices(pairs), [np.zeros(n) for n in sizes[1:]], n_jobs=n_threads, **params,
    )  # fmt: skip


def _binary(n_rows, n_features, density=DENSITY):
    return (np.random.default_rng(0).random((n_rows, n_features)) < density).astype(np.uint8)


def _sparse(n_rows):
    """Random binary rows as CSR, uint8."""
    rng, n_ones = np.random.default_rng(0), int(SPARSE_DENSITY * WIDE)
    columns = [np.sort(rng.choice(WIDE, n_ones, replace=False)) for _ in range(n_rows)]
    starts = np.arange(n_rows + 1) * n_ones
    ones = np.ones(n_rows * n_ones, np.uint8)
    return scipy.sparse.csr_array((ones, np.concatenate(columns), starts), shape=(n_rows, WIDE))


def _batches(X, batch, n_steps):
    rng = np.random.default_rng(1)
    return [rng.choice(len(X), batch, replace=False) for _ in range(n_steps)]


def _named(sizes):
    return "-".join(map(str, sizes))
