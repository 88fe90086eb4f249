"""The benchmark of density estimation: its baselines, what it tries, how it resumes, its page."""

import contextlib
import itertools
import json
import pathlib

import numpy as np
import pytest

from benchmarks import density, density_table
from benchmarks.datasets import TWENTY, UCI, load
from benchmarks.published import CHECKED, PUBLISHED, REPORTED
from benchmarks.simple_densities import ChowLiuTree, LogisticAutoregression
from sklearn_helmholtz import HelmholtzMachine
from tests import cases

ROOT = pathlib.Path(density_table.__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results" / "density"


def dependent_rows(n_rows=400, d=4, seed=0):
    """Rows in which each feature is mostly equal to the one before it."""
    rng = np.random.default_rng(seed)
    X = (rng.random((n_rows, d)) < 0.4).astype(np.uint8)
    for i in range(1, d):
        copied = rng.random(n_rows) < 0.6
        X[copied, i] = X[copied, i - 1]
    return X


def tree_log_likelihood(X, edges, smoothing):
    """Log p of rows under a tree of (parent, child) pairs; the first parent is its root."""
    n, log_p = len(X), 0.0
    root = edges[0][0]

    def share(**values):
        rows = np.all([X[:, int(i[1:])] == v for i, v in values.items()], axis=0)
        return (rows.sum() + smoothing * (4 / 2 ** len(values))) / (n + 4 * smoothing)

    for x in X:
        log_p += np.log(share(**{f"x{root}": x[root]}))
        for i, j in edges:
            both = share(**{f"x{i}": x[i], f"x{j}": x[j]})
            log_p += np.log(both / share(**{f"x{i}": x[i]}))
    return log_p


def test_the_tree_is_the_best_of_all():
    X = dependent_rows(120)
    trees = []
    for pairs in itertools.combinations(itertools.combinations(range(4), 2), 3):
        reached, edges, left = {0}, [], list(pairs)
        while True:
            following = [e for e in left if (e[0] in reached) != (e[1] in reached)]
            if not following:
                break
            i, j = following[0]
            edges.append((i, j) if i in reached else (j, i))
            reached |= {i, j}
            left.remove(following[0])
        if len(reached) == 4:
            trees.append(tree_log_likelihood(X, edges, 1.0) / len(X))
    assert len(trees) == 16
    assert ChowLiuTree().fit(X).score(X) == pytest.approx(max(trees))


@pytest.mark.parametrize("model", [ChowLiuTree(), LogisticAutoregression()])
def test_baselines_are_normalised(model):
    model.fit(dependent_rows())
    assert np.exp(model.score_samples(cases.all_rows(4))).sum() == pytest.approx(1)


def test_the_logistic_autoregression_has_the_conditionals_of_the_data():
    X = dependent_rows(4000)
    score = LogisticAutoregression(C=1e4).fit(X).score(X)
    independent = X.mean(axis=0)
    entropy = -(independent * np.log(independent) + (1 - independent) * np.log1p(-independent))
    _, counts = np.unique(X, axis=0, return_counts=True)
    best = (counts * np.log(counts / len(X))).sum() / len(X)
    assert -entropy.sum() + 0.3 < score <= best + 1e-6
    assert score > best - 0.01  # a chain, which logistic regressions can express


def test_columns_that_are_constant_or_alone_need_no_regression():
    X = dependent_rows()
    X[:, 2] = 1
    assert np.isfinite(LogisticAutoregression().fit(X).score_samples(X)).all()


def test_published_figures_are_there_for_every_set():
    assert set(PUBLISHED) == {*TWENTY, *UCI}
    for name, row in PUBLISHED.items():
        assert set(row) <= {*CHECKED, *REPORTED}
        assert all(-300 < value < -1 for value in row.values()), name


def test_settings_are_tried_in_turn_and_the_best_is_varied():
    fits, seen = [], []
    scores = iter([-5.0, -4.0, -6.0, -3.0, -9.0, -7.0, -8.0])
    while (setting := density.following(fits)) is not None:
        seen.append(setting)
        fits.append({"setting": setting, "valid": next(scores)})
    assert [s["sizes"] for s in seen] == [[100], [200], [40], [200], [200], [200], [200]]
    assert seen[3] == {"sizes": [200], "n_particles": 20}
    assert seen[4] == {"sizes": [200], "n_particles": 20, "n_conditional_units": 50}
    assert seen[5] == {"sizes": [200], "n_particles": 20, "lateral": 1.0}
    assert len(seen) <= 8
    assert density.chosen(fits)["setting"] == seen[3]


@pytest.mark.filterwarnings("ignore:This log-likelihood")
def test_a_run_that_was_cut_off_goes_on(tmp_path, monkeypatch):
    folder = tmp_path / "data"
    folder.mkdir()
    splits = dict(zip(("train", "valid", "test"), np.split(dependent_rows(240), 3), strict=True))
    packed = {name: np.packbits(X, axis=1) for name, X in splits.items()}
    np.savez(folder / "nltcs.npz", n_features=4, **packed)
    data = load(folder, "nltcs")
    assert all((data[name] == splits[name]).all() for name in splits)
    monkeypatch.setattr(density, "_FEWEST_STEPS", 20)
    monkeypatch.setattr(density, "_FEWEST_EPOCHS", 2)
    monkeypatch.setattr(density, "TEST_SAMPLES", 20)
    made, fit = [], HelmholtzMachine.fit

    def count(self, *given, **named):
        made.append(self.hidden_layer_sizes)
        if len(made) == 3:
            raise KeyboardInterrupt
        return fit(self, *given, **named)

    monkeypatch.setattr(HelmholtzMachine, "fit", count)
    with pytest.raises(KeyboardInterrupt):
        density.tune(density.Record(tmp_path, "nltcs"), data, 6)
    record = density.Record(tmp_path, "nltcs")
    assert [f["setting"]["sizes"] for f in record.values["fits"]] == [[100], [200]]
    density.tune(record, data, 6)
    density.evaluate(record, data)
    density.mix(record, data, 0)
    density.compare(record, data)
    assert made[:4] == [(100,), (200,), (40,), (40,)]
    assert len(made) == 3 + 5 + 1 + 4  # what was begun, what was left, the default, the mixture
    records = density_table.read(tmp_path)
    best = density.chosen(records["nltcs"]["fits"])
    assert record.machine().score(data["valid"]) == pytest.approx(best["valid"])
    page = density_table.page(records)
    assert number(records) in page
    before = len(made)
    density.tune(density.Record(tmp_path, "nltcs"), data, 6)
    density.evaluate(density.Record(tmp_path, "nltcs"), data)
    density.mix(density.Record(tmp_path, "nltcs"), data, 0)
    assert len(made) == before


def number(records):
    return f"{records['nltcs']['test']['mean']:.2f}"


@pytest.mark.parametrize("reliable", [True, False])
def test_figures_that_came_with_a_warning_have_a_dagger(reliable):
    record = json.loads((RESULTS / "nltcs.json").read_text())
    for which in ("test", "mixture", "default"):
        record[which]["reliable"] = reliable
    makers = density_table.scores, density_table.details
    found = [make(["nltcs"], {"nltcs": record}).count("\N{DAGGER}") for make in makers]
    assert found == ([0, 0] if reliable else [1, 3])


def test_date_and_cores_of_a_record_are_those_of_its_machines(tmp_path, monkeypatch):
    class Later:
        @staticmethod
        def today():
            return "2030-01-01"

    def occasion():
        values = density.Record(tmp_path, "nltcs").values
        return values["date"], values["cores"]

    monkeypatch.setattr(density.joblib, "cpu_count", lambda: 3)
    record = density.Record(tmp_path, "nltcs")
    record.add(fits=[])
    begun = record.values["date"]
    monkeypatch.setattr(density, "date", Later)
    monkeypatch.setattr(density.joblib, "cpu_count", lambda: 5)
    record.add(chow_liu=-7.0)
    assert occasion() == (begun, 3) != ("2030-01-01", 3)
    record.add(default={"mean": -6.0})
    assert occasion() == ("2030-01-01", 5)


def test_the_page_is_made_of_the_results_beside_it():
    page = ROOT / "doc" / "benchmarks" / "density.rst"
    assert page.read_text() == density_table.page(density_table.read(RESULTS))


def test_the_readme_has_the_verdict_of_the_results():
    readme, records = (ROOT / "README.md").read_text(), density_table.read(RESULTS)
    verdict = density_table.verdicts(records)[0]
    assert "better than or level with ID-SPN on 13" in verdict
    assert "with the best of all columns on 13 (" in verdict
    said = " ".join(readme.split())
    assert (
        "mixtures of `HelmholtzMachine(autoregressive=True)` are ahead of, or level with, "
        "every model that could be run or read on 13 of 14 standard sets"
    ) in said


def test_no_setting_is_begun_after_the_minutes_are_used_up(tmp_path):
    record = density.Record(tmp_path, "nltcs")
    record.add(minutes=6.1)
    density.tune(record, {"train": dependent_rows()}, 6)
    assert record.values["fits"] == []


@pytest.mark.parametrize(("minutes", "begun"), [(5.7, 0), (5.5, 1)])
def test_no_variant_is_begun_that_would_not_end_in_time(minutes, begun, tmp_path, monkeypatch):
    fits = [
        {"setting": {"sizes": list(sizes)}, "valid": valid, "seconds": seconds}
        for sizes, valid, seconds in zip(density.SIZES, (-3, -1, -2), (50, 13, 99), strict=True)
    ]
    record = density.Record(tmp_path, "nltcs")
    record.add(minutes=minutes, fits=fits)
    fitted = []

    def fit(self, X, X_val):
        fitted.append(self.n_particles)
        raise KeyboardInterrupt

    monkeypatch.setattr(HelmholtzMachine, "fit", fit)
    with contextlib.suppress(KeyboardInterrupt):
        density.tune(record, {"train": dependent_rows(), "valid": dependent_rows()}, 6)
    assert fitted == [20] * begun


@pytest.mark.filterwarnings("ignore:This log-likelihood")
def test_a_better_machine_is_scored_again(tmp_path, monkeypatch):
    monkeypatch.setattr(density, "TEST_SAMPLES", 20)
    X, record = dependent_rows(60), density.Record(tmp_path, "nltcs")
    data = {"train": X, "test": X}
    scores = []
    for max_iter in (1, 20):
        machine = HelmholtzMachine(3, autoregressive=True, max_iter=max_iter, random_state=0)
        record.keep(machine.fit(X))
        record.add(**{} if "mixture" in record.values else {"mixture": {"mean": max_iter}})
        for _ in range(2):  # the second time there is nothing to do
            density.evaluate(record, data)
            scores.append(record.values["test"]["mean"])
        assert record.values["mixture"] == {"mean": max_iter}  # not that of the machine before
    assert scores[0] == scores[1] < scores[2] == scores[3]


@pytest.mark.parametrize(("minutes", "n"), [(0, 5), (9, 6)])
def test_a_mixture_is_of_one_setting_and_differs_in_seeds_and_orders(
    minutes, n, tmp_path, monkeypatch
):
    monkeypatch.setattr(density, "MOST_COMPONENTS", 6)
    monkeypatch.setattr(density, "TEST_SAMPLES", 20)
    monkeypatch.setattr(density, "_FEWEST_STEPS", 20)
    monkeypatch.setattr(density, "_FEWEST_EPOCHS", 2)
    X, record, fitted = dependent_rows(60), density.Record(tmp_path, "nltcs"), []
    setting = {"sizes": [3], "n_conditional_units": 2, "lateral": 0.1}
    given = density.parameters(setting, 60)
    record.keep(HelmholtzMachine(**given).fit(X, X_val=X))
    record.add(fits=[{"setting": setting, "valid": -1.0}])
    fit = HelmholtzMachine.fit
    monkeypatch.setattr(
        HelmholtzMachine,
        "fit",
        lambda self, *args, **kw: fitted.append(fit(self, *args, **kw)) or self,
    )
    density.mix(record, {"train": X, "valid": X, "test": X}, minutes)
    assert [m.random_state for m in fitted] == list(range(1, n))
    assert record.values["n_components"] == n
    assert {m.column_order for m in fitted} == {"random"}
    assert all(
        m.get_params().items() >= (given | {"random_state": m.random_state}).items() for m in fitted
    )
    single = [m.score(X) for m in [record.machine(), *fitted]]
    assert np.mean(single) <= record.values["mixture_valid"] <= max(single) + np.log(n)


def test_the_share_of_the_epochs_after_which_scores_are_near_the_best():
    assert density.share_near(np.array([-20.0, -10.04, -10.0, -11.0])) == 0.5
    assert density.share_near(np.array([-20.0, -10.06, -10.0, np.nan])) == 0.75
