"""The benchmark of calibration asks the right questions, and a small version of it holds."""

import itertools

import numpy as np
import pytest

from benchmarks import calibration
from benchmarks.calibration import covers, estimates, random_net, truth
from sklearn_helmholtz import HelmholtzMachine
from tests import cases, exact

pytestmark = pytest.mark.filterwarnings("ignore:This log-likelihood:UserWarning")
GOOD = [3, 8, 14, 26, 36]  # nets whose weights have short tails, or very few states
BAD = [1, 28, 31]  # and long ones
N_SEEDS = 60


def params_of(net):
    return cases.params_of(net._machine)


def test_nets_are_those_that_the_benchmark_describes():
    nets = [random_net(number) for number in range(50)]
    sizes = [net._machine.n_units for net, _ in nets]
    assert {len(units) - 1 for units in sizes} == {1, 2, 3}
    assert max(sum(units[1:]) for units in sizes) == 14
    assert {units[0] for units in sizes} <= set(range(4, 13))
    spreads = np.array([sd for _, sd in nets])
    assert 0.2 < spreads.min() < 0.25
    assert 3 < spreads.max() < 4
    coefs = [(net.generative_coefs_, net.recognition_coefs_, sd) for net, sd in nets]
    for down, up, sd in coefs:
        values = np.concatenate([array.ravel() for array in (*down, *up)]) / sd
        assert abs(values.std() - 1) < 4 / np.sqrt(2 * len(values))


def test_truths_are_those_of_the_oracle():
    net = random_net(34)[0]
    rows = cases.all_rows(net.n_features_in_)
    log_p = exact.log_likelihood(params_of(net), rows.astype(float))
    entropy = (np.exp(log_p) * log_p).sum()
    assert calibration.negative_entropy(net) == pytest.approx(entropy, rel=1e-9)
    assert truth(net, rows) == pytest.approx(log_p.mean(), rel=1e-9)
    assert sorted(map(tuple, calibration.all_rows(3))) == sorted(map(tuple, cases.all_rows(3)))


def runs(number, rows):
    """For each random state whether the interval covers, and whether it is called reliable."""
    net = random_net(number)[0]
    goal = exact.log_likelihood(params_of(net), rows.astype(float)).mean()
    results = estimates(net, rows, N_SEEDS)
    return np.array([(covers(result, goal), result.reliable) for result in results])


def test_intervals_of_fixed_rows_cover_what_enumeration_tells():
    table = [runs(n, random_net(n)[0].sample(30, random_state=n)) for n in GOOD]
    shares = [part[:, 0].mean() for part in table]
    assert 0.92 <= np.mean(shares) <= 0.98
    assert min(shares) >= 0.87
    assert np.mean([part[:, 1].mean() for part in table]) > 0.95


def test_intervals_of_repeated_rows_cover_what_enumeration_tells():
    counts = [1, 2, 3, 6, 8, 10]
    shares = []
    for number in GOOD:
        rows = np.repeat(random_net(number)[0].sample(6, random_state=number), counts, axis=0)
        shares.append(runs(number, rows)[:, 0].mean())
    assert 0.91 <= np.mean(shares) <= 0.985


def test_nets_whose_weights_have_long_tails_are_not_called_reliable():
    for number in BAD:
        rows = random_net(number)[0].sample(30, random_state=number)
        assert runs(number, rows)[:, 1].mean() < 0.05


def test_standard_errors_with_fresh_rows_cover_the_negative_entropy():
    shares = [
        calibration.share_of_fresh_rows(random_net(number)[0], N_SEEDS // 2) for number in GOOD
    ]
    assert 0.9 <= np.mean(shares) <= 0.99


def test_reliable_estimates_by_many_samples_and_by_annealing_are_right():
    for number, method in itertools.product((*GOOD, *BAD), ("importance", "annealed")):
        net = random_net(number)[0]
        rows = net.sample(30, random_state=number)
        result = net.log_likelihood(
            rows,
            method=method,
            n_importance_samples=20 if method == "annealed" else 2000,
            n_temperatures=100,
        )
        goal = exact.log_likelihood(params_of(net), rows.astype(float)).mean()
        assert not result.reliable or calibration.ratio(result, goal) < 1


def test_a_line_of_the_table_is_complete():
    row, of_runs = calibration.examine(20, 2)
    assert tuple(row) == calibration.COLUMNS
    assert len(of_runs) == 2
    assert row["units"] == "6-2"
    assert len(calibration.line_of(row)) == len(calibration.COLUMNS)
    assert isinstance(random_net(0)[0], HelmholtzMachine)
