"""The 4x4 bars problem of Hinton, Dayan, Frey & Neal (1995): exact divergences over random starts.

    python -m benchmarks.bars [--starts 20] [--csv FILE]

Images are vertical bars with probability 2/3, else horizontal ones; each of the four bars is on
with probability 0.2. The training rows hold this distribution exactly. A machine 16-8-1 learns it
by wake-sleep, by reweighted wake-sleep, and, as a yardstick, by gradient ascent on the exact
log-likelihood, from the same starts and with the same schedule: one row a step, a rate that falls
to zero along half a cosine. Printed are the quantiles of KL(data || model) in bits, exact by
enumeration, over the starts; and the divergence of the start that has the best training bound.

The problem is one of local optima. Exact ascent with far larger rates finds better ones
(`--exact-rate`); sampled gradients do not bear such rates.
"""

import argparse
import csv
import itertools
import time

import joblib
import numpy as np
from numba import njit

from sklearn_helmholtz import HelmholtzMachine
from sklearn_helmholtz.datasets import Bars

N_PIXELS, N_CAUSES = 16, 8
STEPS, RATE = 500_000, 0.2
TARGET_RATIO, TARGET_BEST = 1.25, 0.35
QUANTILES = (0, 0.25, 0.5, 0.75, 1)
_NEXT_START = 1000  # between the seeds of restarts
_COMMON = {
    "hidden_layer_sizes": (N_CAUSES, 1), "solver": "sgd", "momentum": 0.0, "batch_size": 1,
    "learning_rate": "cosine", "learning_rate_init": RATE, "alpha": 0.0, "warm_start": True,
    "n_jobs": 1,
}  # fmt: skip
RULES = {
    "wake-sleep": {"algorithm": "wake-sleep"},
    "reweighted wake-sleep": {"algorithm": "reweighted-wake-sleep", "n_particles": 5},
}


def bars():
    """Rows that hold the distribution exactly, (1875, 16) uint8."""
    states = np.array(list(itertools.product((0, 1), repeat=4)))
    counts, none = 4 ** (4 - states.sum(axis=1)), np.zeros_like(states)
    vertical, horizontal = np.hstack([states, none]), np.hstack([none, states])
    images = Bars().draw(np.vstack([vertical, horizontal]))
    return np.repeat(images, np.concatenate([2 * counts, counts]), axis=0)


def divergence(machine, rows):
    """KL(data || model) in bits, exactly, for rows that hold the distribution of the data."""
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    p = counts / counts.sum()
    result = machine.log_likelihood(distinct, method="exact").per_sample
    return float((p * (np.log(p) - result)).sum() / np.log(2))


def start(seed, rows):
    """Starts as the estimator makes them: Glorot weights, marginal logits for the pixels."""
    rng = np.random.default_rng(seed)

    def glorot(n_in, n_out):
        limit = np.sqrt(6 / (n_in + n_out))
        return rng.uniform(-limit, limit, (n_in, n_out))

    mean = rows.mean(axis=0)
    hidden = [np.zeros(N_CAUSES), np.zeros(1)]
    return {
        "generative_coefs": [glorot(N_CAUSES, N_PIXELS), glorot(1, N_CAUSES)],
        "generative_intercepts": [np.log(mean / (1 - mean)), *hidden],
        "recognition_coefs": [glorot(N_PIXELS, N_CAUSES), glorot(N_CAUSES, 1)],
        "recognition_intercepts": hidden,
    }


def learn(seed, rows, steps, rule):
    """Divergence (bits) and training bound (nats) of a machine after learning by a rule."""
    params = {**_COMMON, **RULES[rule], "random_state": seed}
    machine = HelmholtzMachine.from_parameters(**start(seed, rows), **params)
    machine.set_params(max_iter=max(round(steps / len(rows)), 1)).fit(rows)
    return divergence(machine, rows), -float(machine.free_energy(rows).mean())


def learn_again(seed, rows, steps, rule, restarts):
    """As `learn`, from several starts: the result of each, the first being that of `learn`."""
    return [learn(seed + _NEXT_START * k, rows, steps, rule) for k in range(restarts)]


def best_by_bound(results):
    """The result with the highest training bound."""
    return max(results, key=lambda result: result[1])


def ascend(seed, rows, steps, rate):
    """Divergence (bits) and log-likelihood (nats) after ascent on the exact log-likelihood."""
    given = start(seed, rows)
    W, V = (np.array(coefs) for coefs in given["generative_coefs"])
    b, c, d = (np.array(intercept) for intercept in given["generative_intercepts"])
    rng = np.random.default_rng(seed)
    epochs = max(round(steps / len(rows)), 1)
    order = np.concatenate([rng.permutation(len(rows)) for _ in range(epochs)])
    _ascend(rows.astype(np.float64), order, rate, W, V[0], b, c, d)
    machine = HelmholtzMachine.from_parameters(
        [W, V], [b, c, d], given["recognition_coefs"], given["recognition_intercepts"]
    )
    return divergence(machine, rows), machine.score(rows)


@njit(cache=True, error_model="numpy")
def _ascend(rows, order, rate, W, V, b, c, d):
    """One row a step along d log p(x), by enumeration of h_1 and of the one unit above.

    W : (8, 16), V : (8,) weights; b : (16,), c : (8,), d : (1,) intercepts; all change in place.
    """
    n_causes, n_pixels = W.shape
    n_states = 2**n_causes
    eta, log_p = np.empty((n_states, n_pixels)), np.empty((2, n_states))
    for t in range(len(order)):
        x, step = rows[order[t]], rate * 0.5 * (1 + np.cos(np.pi * t / len(order)))
        eta[0] = b
        top = 1 / (1 + np.exp(-d[0]))
        log_p[0, 0], log_p[1, 0] = np.log1p(-top), np.log(top)
        for k in range(2):
            for j in range(n_causes):
                log_p[k, 0] -= np.log1p(np.exp(c[j] + k * V[j]))
        for j in range(n_causes):
            n = 2**j
            for s in range(n):
                for i in range(n_pixels):
                    eta[n + s, i] = eta[s, i] + W[j, i]
                for k in range(2):
                    log_p[k, n + s] = log_p[k, s] + c[j] + k * V[j]
        for s in range(n_states):
            total = 0.0
            for i in range(n_pixels):
                a, sign = eta[s, i], 1 - 2 * x[i]
                grown = np.exp(-abs(a))
                total -= max(sign * a, 0.0) + np.log1p(grown)
                eta[s, i] = x[i] - (1 / (1 + grown) if a > 0 else grown / (1 + grown))
            log_p[0, s] += total
            log_p[1, s] += total
        weight = np.exp(log_p - log_p.max())
        weight /= weight.sum()
        for k in range(2):
            share = weight[k].sum()
            for j in range(n_causes):
                on = 0.0
                for s in range(n_states):
                    if (s >> j) & 1:
                        on += weight[k, s]
                error = on - share / (1 + np.exp(-c[j] - k * V[j]))
                log_p[k, j] = error  # kept until all errors are known
        d[0] += step * (weight[1].sum() - top)
        for j in range(n_causes):
            c[j] += step * (log_p[0, j] + log_p[1, j])
            V[j] += step * log_p[1, j]
        for s in range(n_states):
            w = step * (weight[0, s] + weight[1, s])
            if w > 0:
                for i in range(n_pixels):
                    b[i] += w * eta[s, i]
                for j in range(n_causes):
                    if (s >> j) & 1:
                        for i in range(n_pixels):
                            W[j, i] += w * eta[s, i]


def report(name, results, seconds):
    """Print the quantiles over starts; return a row of the table."""
    divergences, bounds = np.array(results).T
    quantiles = np.quantile(divergences, QUANTILES)
    chosen = divergences[np.argmax(bounds)]
    print(
        f"{name:30}" + "".join(f"{q:8.3f}" for q in quantiles) + f"{chosen:10.3f}{seconds:8.0f}",
        flush=True,
    )
    return [name, *(f"{q:.4f}" for q in quantiles), f"{chosen:.4f}", f"{seconds:.0f}"]


def main():
    """Run all rules from all starts, print and, where asked, write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument(
        "--exact-rate", type=float, default=4.0, help="of a second, tuned yardstick"
    )
    parser.add_argument("--restarts", type=int, default=5, help="of wake-sleep, for each start")
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    rows, steps, best = bars(), arguments.steps, f"wake-sleep, best of {arguments.restarts}"
    parallel = joblib.Parallel(n_jobs=-1)
    exact = f"exact ascent, rate {RATE}"
    jobs = {
        "wake-sleep": (learn_again, (rows, steps, "wake-sleep", arguments.restarts)),
        exact: (ascend, (rows, steps, RATE)),
        "reweighted wake-sleep": (learn, (rows, steps, "reweighted wake-sleep")),
        f"exact ascent, rate {arguments.exact_rate}": (ascend, (rows, steps, arguments.exact_rate)),
    }
    header = ["rule", "min", "25%", "median", "75%", "max", "chosen", "seconds"]
    print(f"KL(data || model) in bits over {arguments.starts} starts, {steps} steps")
    print(f"{'':30}" + "".join(f"{name:>8}" for name in header[1:6]) + f"{'chosen':>10}{'s':>8}")
    table = []
    for name, (function, given) in jobs.items():
        begin = time.perf_counter()
        calls = [joblib.delayed(function)(seed, *given) for seed in range(arguments.starts)]
        results, seconds = parallel(calls), time.perf_counter() - begin
        if function is learn_again:
            first = [several[0] for several in results]
            table.append(report(name, first, seconds / arguments.restarts))
            name, results = best, [best_by_bound(several) for several in results]
        table.append(report(name, results, seconds))
    medians = {row[0]: float(row[3]) for row in table}
    bests = {row[0]: float(row[1]) for row in table}
    for rule in (*RULES, best):
        print(
            f"{rule}: median {medians[rule] / medians[exact]:.2f} times that of {exact} (target "
            f"{TARGET_RATIO}), best start {bests[rule]:.3f} (target {TARGET_BEST})"
        )
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([header, *table])


if __name__ == "__main__":
    main()
