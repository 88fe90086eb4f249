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
    return f"take about {seconds:.0f} seconds of one core for the default of 100", "how_long.rst"


def digits_of_the_demo():
    (found,) = [
        line["test"] for line in rows("gaussian_digits.csv") if line["model"].startswith("binary")
    ]
    return f"{float(found):.2f} for these digits", "getting_started.rst"


QUOTED = (
    losses_by_gaps, coverage, factor_speed, threads, hundred_epochs, digits_of_the_demo
)  # fmt: skip


@pytest.mark.parametrize("quoted", QUOTED, ids=lambda function: function.__name__)
def test_sentences_quote_the_tables(quoted):
    sentence, page = quoted()
    assert sentence in text(page)


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
