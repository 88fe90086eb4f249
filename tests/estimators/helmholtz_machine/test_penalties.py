"""`alpha` and `l1_ratio`: what they shrink, what they leave, what "auto" makes of them."""

import numpy as np
import pytest

from benchmarks.simple_densities import ChowLiuTree
from sklearn_helmholtz import _training
from sklearn_helmholtz.estimators import defaults
from sklearn_helmholtz.learning import EstimatedPenalty, FixedPenalty
from tests.estimators.helmholtz_machine.builders import DATA, binary_data, machine, same_bits


def test_alpha_shrinks_weights_not_intercepts():
    X = binary_data(100)
    X[:, 0] = np.arange(100) % 10 > 0
    strong = machine((3,), alpha=30, max_iter=100).fit(X)
    weak = machine((3,), alpha=0, max_iter=100).fit(X)
    for name in ("generative_coefs_", "recognition_coefs_"):
        assert np.abs(getattr(strong, name)[0]).mean() < 0.1 * np.abs(getattr(weak, name)[0]).mean()
    assert strong.generative_intercepts_[0][0] > 1


@pytest.mark.parametrize("solver", ["adam", "sgd"])
def test_an_l1_penalty_makes_weights_exactly_zero_but_no_intercepts(solver):
    X = binary_data(300)
    params = {"solver": solver, "learning_rate_init": 1e-2, "max_iter": 60, "batch_size": 20}
    zeros = []
    for alpha, ratio in ((1e-3, 0), (1e-3, 1), (0.01, 0.5), (1.0, 1)):
        model = machine(**params, alpha=alpha, l1_ratio=ratio).fit(X)
        weights = model.generative_coefs_ + model.recognition_coefs_
        zeros.append(np.mean(np.concatenate([w.ravel() for w in weights]) == 0))
        assert all((b != 0).all() for b in model.recognition_intercepts_)
    assert zeros[0] == 0
    assert zeros[1] < zeros[2] < zeros[3] == 1
    independent = np.clip(X.mean(axis=0), 1e-3, 1 - 1e-3)  # all that is left are the intercepts
    expected = (X * np.log(independent) + (1 - X) * np.log1p(-independent)).sum(axis=1).mean()
    assert model.score(X) == pytest.approx(expected, abs=0.05)


def test_the_ridge_has_the_share_that_the_lasso_leaves():
    X = binary_data(100)
    own, lateral = defaults.penalties(machine(alpha=0.2, l1_ratio=0.5), 100)
    assert own.strengths(1.0, 1.0) == lateral.strengths(1.0, 1.0) == (0.1, 0.1, 0)
    ridge = machine(alpha=0.1).fit(X)
    assert same_bits(ridge, machine(alpha=0.1, l1_ratio=0.0).fit(X))
    assert not same_bits(ridge, machine(alpha=0.2, l1_ratio=0.5).fit(X))


def test_penalties_by_default_and_apart():
    """Those of connections and of lateral weights."""

    def penalties(**params):
        return defaults.penalties(machine(**params), 100)

    def estimated(l1_ratio=1.0):
        connections = EstimatedPenalty(100, l1_ratio, 2.0, np.inf, 2, 0.1)
        return connections, EstimatedPenalty(100, l1_ratio, 12.0, 4.0)

    ordered = {"autoregressive": True}
    in_pieces = defaults.penalties(machine(**ordered), None)
    assert in_pieces == (FixedPenalty(1e-4, 1), FixedPenalty(1e-4, 1))
    assert penalties() == (FixedPenalty(1e-4), FixedPenalty(1e-4))
    assert penalties(**ordered) == estimated()
    assert penalties(**ordered, l1_ratio=0) == estimated(0.0)
    assert penalties(**ordered, alpha=0.5) == (FixedPenalty(0.5, 1), FixedPenalty(0.5, 1))
    apart = penalties(alpha=0.5, lateral_alpha=2, lateral_l1_ratio=1)
    assert apart == (FixedPenalty(0.5), FixedPenalty(2, 1))
    assert penalties(**ordered, alpha=1, lateral_alpha="auto") == (
        FixedPenalty(1, 1), estimated()[1]
    )  # fmt: skip


@pytest.mark.parametrize(("n", "shares"), [(400, (0.05, 0.3)), (2000, (0.01, 0.06))])
def test_lateral_weights_of_binary_columns_are_bounded_by_what_chance_makes(n, shares):
    """The largest slope that weights of unrelated columns have at zero, of tables of many rows."""
    rng = np.random.default_rng(0)
    means = rng.uniform(*shares, 40)
    largest = []
    for _ in range(20):
        X = (rng.random((n, 40)) < means) - means
        slopes = X.T @ X
        largest.append(np.abs(slopes[np.triu_indices(40, 1)]).max())
    estimator = machine(autoregressive=True)
    _, lateral = defaults.penalties(estimator, n, means * (1 - means))
    lasso = lateral.strengths(0.0, 0.0)[1] * n
    assert np.mean(largest) < lasso < 1.35 * np.mean(largest)
    assert lateral.strengths(0.0, 0.0)[2] == pytest.approx(5)  # half of it for weights of 1 / 5
    begins = lateral.strengths(0.0, 0.0, progress=0.0)[1] * n
    assert begins == pytest.approx(0.1 * (1 + 1 / lateral.shape))
    for n_rows, bound, concavity in ((1, 1.0, 5.0), (10**6, 11.0, 4.0)):
        prior = defaults.penalties(estimator, n_rows, means * (1 - means))[1]
        assert prior == EstimatedPenalty(n_rows, 1.0, bound, bound / concavity, 1, 0.1)
    assert defaults.penalties(estimator, 400, np.array([0.2]))[1].strongest == 12


def test_binary_columns_tell_their_variances():
    binary, real = (machine(autoregressive=True).fit(X)._model.encoding for X in DATA.values())
    means = DATA["bernoulli"].mean(axis=0)
    np.testing.assert_allclose(defaults.column_variances(binary), means * (1 - means), rtol=1e-6)
    assert defaults.column_variances(real) is None


def one_hot_rows(n_rows, n_levels=4, seed=0):
    """Levels of three columns as indicators: nearly deterministic relations of rare columns."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, n_levels, (n_rows, 3))
    codes[:, 1] = np.where(rng.random(n_rows) < 0.9, codes[:, 0], codes[:, 1])
    return np.eye(n_levels)[codes].reshape(n_rows, -1)


def test_rare_relations_that_hardly_ever_fail_are_learnt_from_few_rows():
    train, test = one_hot_rows(100), one_hot_rows(500, seed=1)
    model = machine((5,), autoregressive=True, max_iter=100).fit(train)
    tree = ChowLiuTree(0.5).fit(train.astype(int)).score(test.astype(int))
    assert model.score(test) > tree + 1


def test_fits_that_stop_early_let_the_penalty_go_before_the_end():
    train, test = one_hot_rows(300, 12), one_hot_rows(500, 12, seed=1)
    model = machine((5,), autoregressive=True, early_stopping=True, max_iter=300)
    tree = ChowLiuTree(0.5).fit(train.astype(int)).score(test.astype(int))
    found = model.fit(train).score(test)
    assert found > tree + 0.5
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EstimatedPenalty, "rises", False)
        assert model.fit(train).score(test) < found - 0.5


def bounds_of_penalties(model, monkeypatch, X):
    """How far penalties have grown in each epoch that training begins."""
    seen, original = [], _training.Training.set_penalties

    def set_penalties(training, *grown):
        seen.extend(grown)
        return original(training, *grown)

    with monkeypatch.context() as patched:
        patched.setattr(_training.Training, "set_penalties", set_penalties)
        model.fit(X)
    return seen


def test_learnt_penalties_grow_in_a_first_fit_that_does_not_stop_early(monkeypatch):
    X = binary_data(60)
    model = machine(max_iter=5, autoregressive=True, warm_start=True, early_stopping=False)
    assert bounds_of_penalties(model, monkeypatch, X) == pytest.approx([1 / 3, 2 / 3, 1, 1, 1])
    assert bounds_of_penalties(model, monkeypatch, X) == [1] * 5
    stopping = machine(max_iter=5, autoregressive=True, early_stopping=True)
    assert bounds_of_penalties(stopping, monkeypatch, X) == [1] * 5
    stalled = {"max_iter": 9, "n_iter_no_change": 2, "tol": 1e9, "early_stopping": True}
    stalled = machine(**stalled, autoregressive=True, warm_start=True)
    assert bounds_of_penalties(stalled, monkeypatch, X) == [1, 1, 1, 0.5, 1]
    assert bounds_of_penalties(stalled, monkeypatch, X) == [1, 1]
    growing = machine(max_iter=5, autoregressive=True, early_stopping=False).fit(X)
    monkeypatch.setattr(defaults, "_PRIOR", (2.0, np.inf, 2))
    assert not same_bits(
        growing, machine(max_iter=5, autoregressive=True, early_stopping=False).fit(X)
    )
