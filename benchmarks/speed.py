"""Training speed, side by side in one process: this library, PyTorch and BernoulliRBM.

    python -m benchmarks.speed [--repeats 15] [--json FILE]

Prints microseconds per training row for wake-sleep at 784-200-200 with minibatches of 128, medians
over repeats that take turns, on 1 and on 2 threads, and the ratio to this library. PyTorch is a
dependency of this benchmark only; without it, its rows are left out. The data are random binary
rows with 19 % ones, as in binarised digits: the work of a step does not depend on what it learns.
"""

import argparse
import json
import platform
import statistics
import time

import numba
import numpy as np
import sklearn
from sklearn.neural_network import BernoulliRBM
from threadpoolctl import threadpool_limits

import sklearn_helmholtz
from sklearn_helmholtz._batches import Rows
from sklearn_helmholtz._training import Training
from sklearn_helmholtz.learning import Adam, WakeSleep
from sklearn_helmholtz.machines import initialise
from sklearn_helmholtz.units import Bernoulli

N_UNITS, BATCH, DENSITY = (784, 200, 200), 128, 0.19
REST = 0.3  # seconds in which the threads of whoever ran before stop spinning


def ours(X, n_threads):
    """A function that takes one wake-sleep step on the rows numbered ``indices``."""
    machine = initialise(N_UNITS, Bernoulli(), np.zeros(N_UNITS[0]), np.random.default_rng(0))
    training = Training(machine, WakeSleep(), Adam(1e-4), (0,), n_threads)
    rows = Rows(X, binary=True)
    return lambda indices: training.step(rows, indices, 3e-3)


def torch_steps(X, n_threads):
    """The same step in PyTorch, without autograd."""
    import torch

    from benchmarks.torch_wake_sleep import TorchWakeSleep

    torch.set_num_threads(n_threads)
    model, data = TorchWakeSleep(N_UNITS), torch.from_numpy(X.astype(np.float32))
    return lambda indices: model.step(data[torch.from_numpy(indices)])


def rbm_steps(X, n_threads):
    """One step of persistent contrastive divergence for an RBM with 200 hidden units, float32."""
    rbm = BernoulliRBM(N_UNITS[1], batch_size=BATCH, random_state=0)
    data = X.astype(np.float32)
    rbm.partial_fit(data[:BATCH])

    def step(indices):
        with threadpool_limits(n_threads):
            rbm.partial_fit(data[indices])

    return step


def measure(steppers, n_rows, repeats, n_steps=20):
    """Median microseconds per row of each stepper, taking turns."""
    rng = np.random.default_rng(1)
    batches = [rng.choice(n_rows, BATCH, replace=False) for _ in range(n_steps)]
    times = {name: [] for name in steppers}
    for _ in range(repeats + 1):
        for name, step in steppers.items():
            time.sleep(REST)
            start = time.perf_counter()
            for batch in batches:
                step(batch)
            times[name].append((time.perf_counter() - start) / (n_steps * BATCH) * 1e6)
    return {name: statistics.median(values[1:]) for name, values in times.items()}


def main():
    """Run the benchmark, print the table and write it as JSON where asked to."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--json")
    arguments = parser.parse_args()
    X = (np.random.default_rng(0).random((5000, N_UNITS[0])) < DENSITY).astype(np.uint8)
    makers = {
        "sklearn_helmholtz": ours,
        "PyTorch, no autograd": torch_steps,
        "BernoulliRBM": rbm_steps,
    }
    try:
        import torch  # noqa: F401
    except ImportError:
        print("PyTorch is not installed: its rows are left out.")
        del makers["PyTorch, no autograd"]
    result = {
        "versions": versions(),
        "n_units": N_UNITS,
        "batch_size": BATCH,
        "microseconds_per_row": {},
    }
    print(f"Wake-sleep {'-'.join(map(str, N_UNITS))}, batch {BATCH}: microseconds per training row")
    print("(BernoulliRBM: 784-200, one step of persistent contrastive divergence)")
    print(f"{'threads':>7}  {'':22}{'us/row':>8}{'ratio':>8}")
    for n_threads in (1, 2):
        steppers = {name: make(X, n_threads) for name, make in makers.items()}
        medians = measure(steppers, len(X), arguments.repeats)
        result["microseconds_per_row"][n_threads] = medians
        for name, value in medians.items():
            ratio = value / medians["sklearn_helmholtz"]
            print(f"{n_threads:>7}  {name:22}{value:8.1f}{ratio:8.2f}")
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(result, file, indent=2)


def versions():
    """What was measured."""
    found = {
        "python": platform.python_version(),
        "sklearn_helmholtz": sklearn_helmholtz.__version__,
    }
    found |= {module.__name__: module.__version__ for module in (numba, np, sklearn)}
    try:
        import torch

        found["torch"] = torch.__version__
    except ImportError:
        pass
    return found


if __name__ == "__main__":
    main()
