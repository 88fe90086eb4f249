"""Figures that pages quote in a sentence are those of the committed tables.

Tables that are shown as such come from their files (``csv-table``); here is what stands in text.
"""

import csv
import pathlib

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results"


def rows(name):
    """The rows of a table of results, as dictionaries."""
    with (RESULTS / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def text(page):
    """A page, with single blanks."""
    return " ".join((ROOT / "doc" / page).read_text("utf-8").split())


def number(cell):
    """A number that may have commas."""
    return float(cell.replace(",", ""))


def epoch(model, n_rows, n_columns, data="binary", column="Epoch (s)"):
    """Seconds of one line of the table of epochs."""
    (found,) = [
        number(line[column])
        for line in rows("how_long_epochs.csv")
        if (line["Model"], line["Data"]) == (f"``{model}``", data)
        and (number(line["Rows"]), number(line["Columns"])) == (n_rows, n_columns)
    ]
    return found


def losses_by_gaps():
    loss = {line["data"]: float(line["loss"]) for line in rows("missing.csv")}
    return (
        f"falls by {loss['nltcs']:.3f} nats on nltcs and by {loss['plants']:.2f} on plants",
        "guide/missing_values.rst",
    )


def coverage():
    found = [(float(line["median_k"]), float(line["fixed"])) for line in rows("calibration.csv")]
    short = [hits for k, hits in found if k < 0.5]
    long = [hits for k, hits in found if k >= 0.5]
    return (
        f"below 1/2 ({len(short)} nets), intervals of 95 % for exactly these rows held the truth "
        f"in {np.mean(short):.0%} of the runs; where it was above ({len(long)} nets), in "
        f"{np.mean(long):.0%}.".replace("%", " %").replace("  %", " %"),
        "trust.rst",
    )


def factor_speed():
    large = [
        number(line["Ratio"])
        for line in rows("factor_analysis_speed.csv")
        if line["Who"].startswith("scikit-learn") and "200 x 20," not in line["Data"]
    ]
    return f"took {min(large):.0f} to {max(large):.0f} times as long", "guide/factor_analysis.rst"


def threads():
    ratio = {
        number(line["Work"].split("batch ")[1].split(" ")[0]): number(line["Ratio"])
        for line in rows("speed.csv")
        if line["Threads"] == "2"
    }
    return (
        f"{ratio[128]} times as fast at batches of 128 rows and {ratio[1024]} times at 1,024",
        "how_long.rst",
    )


def hundred_epochs():
    seconds = 100 * epoch("HelmholtzMachine(100)", 10_000, 100)
    return f"take about {seconds:.0f} seconds of one core for 100", "how_long.rst"


def digits_of_the_demo():
    (found,) = [
        line["test"] for line in rows("gaussian_digits.csv") if line["model"].startswith("binary")
    ]
    return f"{float(found):.2f} for these digits", "getting_started.rst"


def independent_pixels():
    (found,) = [
        line["test"] for line in rows("digits_best.csv") if line["family"] == "IndependentBernoulli"
    ]
    return f"Independent pixels have {found.split()[0]} there", "faq.rst"


def census_of_categories():
    found = [line for line in rows("categorical_boltzmann.csv") if line["set"] == "uci_adult"]
    gains = [float(line["test"]) - float(line["binary, AIS"]) for line in found]
    assert all(abs(float(line["test"]) - float(line["autoregressive"])) < 0.1 for line in found)
    words = {2: "two"}[round(np.mean(gains))]
    return f"gains {words} nats, and draws level with the best", "guide/boltzmann_machines.rst"


def deep_machines_of_digits():
    table = rows("deep_boltzmann.csv")

    def tests(model):
        return np.array([float(line["test"]) for line in table if line["model"] == model])

    deep = tests("DBM, 64-64, pretrained, mean-field")
    assert np.all(np.abs(deep - tests("RBM, 64 units")) < 0.11)  # "level"
    behind = tests("RBM, 128 units") - deep
    return (
        f"and {min(behind):.1f} to {max(behind):.1f} nats behind one of as many weights",
        "guide/deep_nets.rst",
    )


def lost_by_slow_features():
    (lost,) = {f"{float(line['Lost to the truth']):.2f}" for line in rows("slow_features.csv")}
    return f"loses {lost} nats per held-out step to the truth", "guide/slow_features.rst"


QUOTED = (
    losses_by_gaps, coverage, factor_speed, threads, hundred_epochs, digits_of_the_demo,
    independent_pixels, census_of_categories, deep_machines_of_digits,
    lost_by_slow_features,
)  # fmt: skip


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda function: function.__name__)
def test_sentences_quote_the_tables(quoted):
    sentence, page = quoted()
    assert sentence in text(page)


def test_what_is_said_of_centred_steps():
    table, differences = rows("boltzmann.csv"), {}
    for name in {line["set"] for line in table}:
        means = [
            np.mean([
                float(line["lower"])
                for line in table
                if (line["set"], line["model"]) == (name, model)
            ])
            for model in ("defaults", "defaults, not centred")
        ]  # fmt: skip
        differences[name] = means[0] - means[1]
    better = [gain for gain in differences.values() if gain > 0.5]
    worse = {name: -gain for name, gain in differences.items() if gain < -0.15}
    assert (len(differences), len(better), len(worse)) == (9, 5, 2)
    assert (round(min(better), 1), round(max(better))) == (0.6, 4)
    assert {name: round(loss, 1) for name, loss in worse.items()} == {
        "uci_adult": 0.2,
        "digits": 0.4,
    }
    assert (
        "five of nine public sets are better by it, by 0.6 to 4 nats; two are level, and two "
        "worse, by 0.2 and, on scikit-learn's digits, 0.4"
    ) in text("guide/boltzmann_machines.rst")


def test_words_about_seconds_are_those_of_the_table():
    base = epoch("HelmholtzMachine(100)", 10_000, 100)
    columns = epoch("HelmholtzMachine(100)", 10_000, 1000) / base
    units = epoch("HelmholtzMachine(400)", 10_000, 100) / base
    assert f"{columns:.0f}" == "6"
    assert f"{units:.0f}" == "3"
    assert "columns take about six times as long, four times as many units three" in text(
        "how_long.rst"
    )
    lateral = "HelmholtzMachine(50, autoregressive=True)"
    mixed = epoch(lateral, 1000, 30, "mixed, gaps")
    assert 0.7 < mixed / epoch(lateral, 10_000, 100) < 1.4
    score = "Score of 1,000 rows (s)"
    epochs = [
        epoch(*case, column=score) / (epoch(*case) * 1000 / case[1])
        for case in (
            ("HelmholtzMachine(100)", 10_000, 100), ("HelmholtzMachine(100)", 1000, 100),
            ("HelmholtzMachine(100)", 10_000, 1000), (lateral, 10_000, 100),
        )
    ]  # fmt: skip
    assert 10 < np.median(epochs) < 20
    assert "as 10 to 20 epochs cost" in text("guide/choosing.rst")


def test_what_is_said_of_imputers_and_detectors():
    imputers = rows("small_tables_imputers.csv")
    ours = imputers[0]
    for table in ("wine", "breast cancer", "diabetes"):
        best = min(float(line[table]) for line in imputers)
        assert float(ours[table]) == best
    detector, plain, forest = rows("small_tables_odd_rows.csv")
    assert detector["complete rows"] == plain["complete rows"]
    gaps = "half with few values"
    assert float(detector[gaps]) > float(plain[gaps]) > float(forest[gaps])


def test_results_that_pages_show_exist():
    for page in (ROOT / "doc").rglob("*.rst"):
        for line in page.read_text("utf-8").splitlines():
            if line.strip().startswith((":file:", ".. literalinclude::")):
                assert (page.parent / line.split()[-1]).exists(), f"{page.name}: {line}"


def planted(case, seed):
    """Lines of the table of planted dictionaries by model."""
    chosen = [r for r in rows("sparse_planted.csv") if (r["case"], r["seed"]) == (case, seed)]
    return {line["model"].partition(",")[0]: line for line in chosen}


def test_what_is_said_of_planted_dictionaries():
    cases = {(line["case"], line["seed"]) for line in rows("sparse_planted.csv")}
    for case, seed in cases:
        found = planted(case, seed)
        ours, gap = found["SparseCoding"], float(found["truth"]["over the normal"])
        won = float(ours["over the normal"])
        if case == "complete":
            assert float(ours["under the truth"]) <= 0.05
            assert abs(float(ours["noise"]) / 0.2 - 1) <= 0.05
            assert float(ours["atoms"]) > float(found["FastICA"]["atoms"])
            assert 0 < float(found["DictionaryLearning"]["over the normal"]) < won / 2
        elif case == "overcomplete":
            assert won > 0.7 * gap
            assert won > 0.2
            assert float(ours["noise"]) > 0.3
            assert float(found["MiniBatchDictionaryLearning"]["over the normal"]) < 0
        else:
            fewer = planted("overcomplete", seed)["SparseCoding"]
            assert float(ours["test"]) > float(fewer["test"])
            assert float(ours["atoms"]) > float(fewer["atoms"])


def test_what_is_said_of_the_cost_of_codes():
    found = rows("sparse_cost.csv")
    (two_dozen,) = [r for r in found if (r["atoms"], r["temperatures"]) == ("24", "300")]
    assert 10 < float(two_dozen["ms a row"]) < 100
    assert all(100 < float(line["ns a draw"]) < 200 for line in found)


def test_what_is_said_of_photographs():
    found = {}
    for line in rows("sparse_patches.csv"):
        found.setdefault(line["model"], []).append(float(line["over the normal"]))
    (mixture,), (factors,) = found["GaussianMixture"], found["FactorAnalysis"]
    assert abs(factors) < 0.1
    square, over = found["SparseCoding"]
    assert mixture > square > over > 1
    assert abs(square - found["FastICA, Laplace densities"][0]) < 0.5


def test_what_is_said_of_rates_of_large_minibatches():
    page, behind = text("benchmarks/large_batches.rst"), {}
    table = rows("large_batches_rates.csv")
    for line in table:
        (small,) = (
            other
            for other in table
            if (other["learner"], other["batch"]) == (line["learner"], "100")
        )
        key = int(line["batch"]), float(line["power"])
        for look in ("epoch 3", "last epoch"):
            scores = float(small[look]), float(line[look])
            worse = 100 * (scores[0] - scores[1]) / -scores[0]
            if "sgd" not in line["learner"]:
                behind.setdefault((*key, look), []).append(worse)
    ends = {key: (round(min(worse), 1), round(max(worse), 1)) for key, worse in behind.items()}
    assert {len(worse) for worse in behind.values()} == {4}
    assert ends[400, 0.5, "last epoch"][1] <= 0.1
    assert "within 0.1 % of those of 100 rows, or better, for all four learners" in page
    assert ends[400, 1, "last epoch"] == (0.2, 0.4)
    assert "With a rate in proportion (1) they are behind by 0.2 to 0.4 %" in page
    assert ends[400, 0, "last epoch"][1] == 0.7
    assert ends[400, 0.5, "epoch 3"] == (0.3, 1.0)
    assert "behind with the root as well, by 0.3 to 1.0 %" in page
    assert ends[1600, 0.5, "epoch 3"][0] > 0.3
    assert ends[6400, 0.5, "epoch 3"][0] > 1.0


def test_what_is_said_of_default_minibatches_of_large_tables():
    page, table = text("benchmarks/large_batches.rst"), rows("large_batches_defaults.csv")

    def most_behind(n_epochs):
        return max(float(line["worse by %"]) for line in table if line["epochs"] == n_epochs)

    assert (most_behind("3"), round(most_behind("8"), 1)) == (0.15, 0.1)
    assert "by at most 0.15 % after three epochs, and by at most 0.1 % after eight" in page
    longer = {}
    for line in table:
        ratio = float(line["ms a row, default"]) / float(line["ms a row, 100"])
        longer.setdefault((line["learner"], line["batch"]), []).append(100 * (ratio - 1))
    particles = longer["K=10", "141"] + longer["K=10", "200"]
    alone = longer["wake-sleep", "141"] + longer["wake-sleep", "200"]
    parts = longer["autoregressive", "141"] + longer["Gaussian", "141"]
    assert (round(-max(particles)), round(-min(particles))) == (3, 5)
    assert (round(-max(alone)), round(-min(alone))) == (7, 20)
    assert (round(min(parts)), round(max(parts))) == (3, 10)
    assert "3 to 5 % less time with ten particles, and 7 to 20 % less by wake-sleep" in page
    assert "3 to 10 % slower with 141 rows" in page
