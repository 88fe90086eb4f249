"""The errors that `log_likelihood` states against those it makes, and whether it says when not.

    python -m benchmarks.calibration [--nets 50] [--seeds 200] [--csv FILE]

Draws small nets: 4 to 12 visible and at most 14 hidden units in one to three layers, all weights of
both directions normal with a standard deviation that is log-uniform from 0.2 to 4, so that the
recognition nets know nothing. Estimates log-likelihoods with 200 importance samples under many
random states. Enumeration knows the truth. The columns of each net are

* reliable: in what share of the runs on 30 dreamt rows the estimate was called so;
* fixed: how often ``mean - bias`` +- 1.96 ``monte_carlo_error`` covers the truth for these rows;
* repeated: the same for 30 rows that repeat six dreams;
* fresh: how often ``mean`` +- 1.96 ``standard_error`` covers the negative entropy of the net, the
  sum of p(x) log p(x) over all rows, with 100 rows dreamt anew for each random state;
* error, bias: the mean error of ``mean`` on the 30 rows, and the mean ``bias`` it states;
* many, annealed: the error of one estimate by 5,000 importance samples, or by 20 chains of 200
  temperatures, in units of what it may be, 3 ``monte_carlo_error`` + |``bias``|, and whether it was
  called reliable.
"""

import argparse
import csv
import itertools
import time
import warnings

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

N_ROWS, N_FRESH_ROWS, N_DISTINCT_ROWS = 30, 100, 6
N_SAMPLES, N_MANY_SAMPLES, N_TEMPERATURES = 200, 5000, 200
SMALLEST_SD, LARGEST_SD, MOST_HIDDEN = 0.2, 4.0, 14
WIDTH = 1.96  # of a normal interval of 95 %
SHORT_TAIL, SHORT = 0.5, "k < 1/2"
TARGETS = {
    "fixed": " (targets: pooled 92 to 98 %, single 88 to 99.5 %)",
    "repeated": " (target: pooled 92 to 98 %)",
    "fresh": " (target: 90 to 99 %)",
}
COLUMNS = (
    "net", "units", "weight_sd", "median_k", "median_ess", "reliable", "fixed", "repeated", "fresh",
    "error", "bias", "many_ratio", "many_reliable", "annealed_ratio", "annealed_reliable",
)  # fmt: skip


def random_net(number):
    """A net drawn from the population of nets: the estimator, and the sd of its weights."""
    rng = np.random.default_rng([number, 20])
    n_layers = rng.integers(1, 4)
    n_hidden = rng.integers(n_layers, MOST_HIDDEN + 1)
    cuts = np.sort(rng.choice(np.arange(1, n_hidden), n_layers - 1, replace=False))
    sizes = [rng.integers(4, 13), *np.diff([0, *cuts, n_hidden])]
    sd = np.exp(rng.uniform(np.log(SMALLEST_SD), np.log(LARGEST_SD)))

    def normal(*shape):
        return sd * rng.standard_normal(shape)

    pairs = list(itertools.pairwise(sizes))
    net = HelmholtzMachine.from_parameters(
        [normal(above, below) for below, above in pairs],
        [normal(n) for n in sizes],
        [normal(below, above) for below, above in pairs],
        [normal(above) for _, above in pairs],
        n_importance_samples=N_SAMPLES,
        n_jobs=1,
    )
    return net, sd


def all_rows(n_features):
    """All 2^d rows of zeros and ones, uint8."""
    return ((np.arange(2**n_features)[:, None] >> np.arange(n_features)) & 1).astype(np.uint8)


def truth(net, rows):
    """The exact mean log-likelihood of rows."""
    return net.log_likelihood(rows, method="exact").mean


def negative_entropy(net):
    """The mean log-likelihood of the net's own dreams, by enumeration of all rows."""
    log_p = net.log_likelihood(all_rows(net.n_features_in_), method="exact").per_sample
    return float((np.exp(log_p) * log_p).sum())


def covers(result, value):
    """Whether the interval for exactly these rows holds a value."""
    return abs(result.mean - result.bias - value) <= WIDTH * result.monte_carlo_error


def estimates(net, rows, n_seeds):
    """Importance estimates of the same rows under many random states."""
    return [net.log_likelihood(rows, method="importance", random_state=s) for s in range(n_seeds)]


def nan_median(values):
    """The median of what is not NaN; NaN if all is."""
    values = np.asarray(values)
    seen = values[~np.isnan(values)]
    return float(np.median(seen)) if len(seen) else np.nan


def share_of_fresh_rows(net, n_seeds):
    """How often the standard error covers the negative entropy, with new rows every time."""
    goal, hits = negative_entropy(net), 0
    for seed in range(n_seeds):
        rows = net.sample(N_FRESH_ROWS, random_state=seed)
        result = net.log_likelihood(rows, method="importance", random_state=seed)
        hits += abs(result.mean - goal) <= WIDTH * result.standard_error
    return hits / n_seeds


def ratio(result, goal):
    """The error in units of what it may be: 3 ``monte_carlo_error`` + |``bias``|."""
    return abs(result.mean - goal) / (3 * result.monte_carlo_error + abs(result.bias))


def examine(number, n_seeds):
    """A line of the table, as a dictionary, and for each run whether it covers and is reliable."""
    net, sd = random_net(number)
    rows = net.sample(N_ROWS, random_state=number)
    distinct = net.sample(N_DISTINCT_ROWS, random_state=number + 1)
    repeated = np.repeat(distinct, [1, 2, 3, 6, 8, 10], axis=0)
    goal, goal_repeated = truth(net, rows), truth(net, repeated)
    results = estimates(net, rows, n_seeds)
    runs = [(covers(result, goal), result.reliable) for result in results]
    again = [covers(result, goal_repeated) for result in estimates(net, repeated, n_seeds)]
    many = net.log_likelihood(rows, method="importance", n_importance_samples=N_MANY_SAMPLES)
    annealed = net.log_likelihood(rows, method="annealed", n_temperatures=N_TEMPERATURES)
    values = (
        number, "-".join(map(str, net._machine.n_units)), sd,
        nan_median([nan_median(result.pareto_k) for result in results]),
        np.median([result.effective_sample_size for result in results]),
        np.mean([reliable for _, reliable in runs]), np.mean([hit for hit, _ in runs]),
        np.mean(again), share_of_fresh_rows(net, n_seeds),
        np.mean([result.mean for result in results]) - goal,
        np.mean([result.bias for result in results]),
        ratio(many, goal), many.reliable, ratio(annealed, goal), annealed.reliable,
    )  # fmt: skip
    return dict(zip(COLUMNS, values, strict=True)), runs


def line_of(row):
    """A row of the table as text."""
    return [f"{v:.4f}" if isinstance(v, float) else str(v) for v in row.values()]


def pooled(name, rows, column):
    """A sentence on the coverage of some nets together, and on the extremes of single ones."""
    shares = [row[column] for row in rows]
    return (
        f"{name}, {column}: {np.mean(shares):.1%} over {len(rows)} nets, single ones from "
        f"{min(shares):.1%} to {max(shares):.1%}{TARGETS[column] if name == SHORT else ''}"
    )


def report(table, runs):
    """Print what the nets tell together."""
    print()
    classes = {
        SHORT: [row for row in table if row["median_k"] < SHORT_TAIL],
        "k >= 1/2": [row for row in table if row["median_k"] >= SHORT_TAIL],
        "no k": [row for row in table if np.isnan(row["median_k"])],
    }
    for name, rows in classes.items():
        if rows:
            for column in TARGETS:
                print(pooled(name, rows, column))
            print(f"{name}: called reliable in {np.mean([r['reliable'] for r in rows]):.1%}")
    for verdict in (True, False):
        hits = [hit for hit, reliable in itertools.chain(*runs) if reliable == verdict]
        if hits:
            print(f"runs with reliable={verdict}: {np.mean(hits):.1%} of {len(hits)} cover")
    for method in ("many", "annealed"):
        trusted = [row for row in table if row[f"{method}_reliable"]]
        missed = [row["net"] for row in trusted if row[f"{method}_ratio"] > 1]
        print(f"{method}: {len(trusted)} nets called reliable, of which beyond allowance: {missed}")
        wrong = [
            row["net"]
            for row in table
            if not row[f"{method}_reliable"] and row[f"{method}_ratio"] <= 1
        ]
        print(f"{method}: not called reliable although within allowance: {wrong}")


def main():
    """Examine all nets, print, and where asked write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nets", type=int, default=50)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--csv", help="file for the table")
    arguments = parser.parse_args()
    start, table, runs = time.perf_counter(), [], []
    print(" ".join(COLUMNS))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This log-likelihood")
        for number in range(arguments.nets):
            row, of_net = examine(number, arguments.seeds)
            table.append(row)
            runs.append(of_net)
            print(" ".join(line_of(row)), flush=True)
    report(table, runs)
    print(f"{time.perf_counter() - start:.0f} s")
    if arguments.csv:
        with open(arguments.csv, "w", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *map(line_of, table)])


if __name__ == "__main__":
    main()
