"""The tables of `benchmarks.density`, as a page of the docs.

    python -m benchmarks.density_table [--folder benchmarks/results/density] [--page FILE]

Reads what that command has written so far, and writes doc/benchmarks/density.rst.
"""

import argparse
import csv
import json
import pathlib

from .datasets import TWENTY, UCI
from .density import chosen
from .published import CHECKED, PUBLISHED, REPORTED

_RESULTS = pathlib.Path(__file__).parent / "results"
_MIXTURES, _OTHERS = _RESULTS / "continuous_mixtures.csv", _RESULTS / "binary_rivals.csv"
_NAMES = {"boosted": "boosted, run", "stepmix": "StepMix, run"}
_OCCASION = ("date", "version")
_SHORT = {"n_particles": "particles", "n_conditional_units": "units", "lateral": "lateral"}


def read(folder):
    """The finished records by name."""
    records = [json.loads(path.read_text()) for path in sorted(pathlib.Path(folder).glob("*.json"))]
    return {r["set"]: r for r in records if "test" in r}


def continuous_mixtures():
    """Test scores of `benchmarks.continuous_mixtures` by name of the set."""
    with _MIXTURES.open(encoding="utf-8") as file:
        return {line["Data"]: float(line["Test"]) for line in csv.DictReader(file)}


def run_here():
    """Test scores by name of the set, of each rival that was run on the same files."""
    found = {"CM, run": continuous_mixtures()} | {name: {} for name in _NAMES.values()}
    with _OTHERS.open(encoding="utf-8") as file:
        for line in csv.DictReader(file):
            if line["Test"]:
                found[_NAMES[line["Model"]]][line["Data"]] = float(line["Test"])
    return found


def best_rival(name):
    """The best score of a set, of all rivals that were run or are published."""
    own = [scores[name] for scores in run_here().values() if name in scores]
    return max([*own, *(value for value in PUBLISHED[name].values() if value is not None)])


def tuned(record):
    """The score of the mixture, or of the machine alone where that is better on ``valid``."""
    mixture = record.get("mixture")
    is_better = mixture is not None and record["mixture_valid"] > chosen(record["fits"])["valid"]
    return mixture if is_better else record["test"]


def level(value, other):
    """Whether a value is better than or level with another, to two decimals."""
    return round(value, 2) >= round(other, 2)


def rst_table(heading, rows):
    """A simple table of strings."""
    lines = [heading, *rows]
    widths = [max(len(row[i]) for row in lines) for i in range(len(heading))]
    rule = "  ".join("=" * width for width in widths)
    texts = ["  ".join(cell.ljust(w) for cell, w in zip(r, widths, strict=True)) for r in lines]
    return "\n".join([rule, texts[0], rule, *texts[1:], rule])


def number(value, digits=2):
    """A number for a table; an em dash where there is none."""
    return "\N{EM DASH}" if value is None else f"{value:.{digits}f}"


def minutes(seconds):
    """Minutes for a table."""
    return number(None if seconds is None else seconds / 60, 1)


def doubt(result):
    """A dagger for a log-likelihood that came with a warning."""
    return "" if result.get("reliable", True) else " \N{DAGGER}"


def scores(names, records):
    """Rows of our scores beside rivals run here and all published ones; the best is bold."""
    columns = list(PUBLISHED[names[0]])
    run = {label: scores for label, scores in run_here().items() if set(names) & set(scores)}
    heading = ["data", "this", "error", *run, *(_marked(column) for column in columns)]
    rows = []
    for name in names:
        ours, theirs = tuned(records[name]), PUBLISHED[name]
        cells = [ours["mean"], *(own.get(name) for own in run.values()), *theirs.values()]
        best = max(value for value in cells if value is not None)
        bold = [
            f"**{number(v)}**" if v is not None and level(v, best) else number(v) for v in cells
        ]
        rows.append([name, bold[0] + doubt(ours), number(ours["standard_error"]), *bold[1:]])
    return rst_table(heading, rows)


def _marked(column):
    return column if column in CHECKED else f"{column} *"


def details(names, records):
    """Rows of what was chosen, what it cost, defaults and baselines."""
    heading = [
        "data", "sizes", "settings", "valid", "test", "sampling", "ESS", "mixture", "default",
        "parts", "epochs", "fully visible", "Chow-Liu", "minutes", "near", "default took",
        "mixture took", "cores", "date",
    ]  # fmt: skip
    rows = []
    for name in names:
        r = records[name]
        best, default, mixture = chosen(r["fits"]), r.get("default", {}), r.get("mixture", {})
        setting = dict(best["setting"])
        sizes = "-".join(str(size) for size in setting.pop("sizes"))
        others = ", ".join(f"{_SHORT[name]} {value:g}" for name, value in setting.items())
        rows.append([
            name, sizes, others or "\N{EM DASH}", number(best["valid"]),
            number(r["test"]["mean"]) + doubt(r["test"]),
            number(r["test"]["monte_carlo_error"], 3),
            number(r["test"]["median_effective_sample_size"], 0),
            number(mixture.get("mean")) + doubt(mixture),
            number(default.get("mean")) + doubt(default),
            str(r["n_components"]) if mixture else "\N{EM DASH}", str(best["epochs"]),
            number(r.get("fully_visible")), number(r.get("chow_liu")), number(r["minutes"], 1),
            minutes(best.get("seconds_near")), minutes(r.get("default_seconds")),
            minutes(r.get("mixture_seconds")), str(r["cores"]), r["date"],
        ])  # fmt: skip
    return rst_table(heading, rows)


def verdicts(records):
    """What came of the comparisons, in sentences."""
    lines = []
    twenty = [name for name in TWENTY if name in records]
    if twenty:
        ours = {name: tuned(records[name])["mean"] for name in twenty}
        wins, mean, best = {}, sum(ours.values()) / len(twenty), 0
        for rival in ("ID-SPN", "CM"):
            theirs = {name: PUBLISHED[name][rival] for name in twenty}
            wins[rival] = sum(level(ours[n], theirs[n]) for n in twenty)
        best = sum(level(ours[n], best_rival(n)) for n in twenty)
        behind = [n for n in twenty if not level(ours[n], best_rival(n))]
        one = sum(records[n]["test"]["mean"] for n in twenty) / len(twenty)
        lines.append(
            f"Of the {len(twenty)} sets, better than or level with ID-SPN on {wins['ID-SPN']}, "
            f"with continuous mixtures (CM) on {wins['CM']}, and with the best of all columns on "
            f"{best}"
            + (f" (not on {', '.join(behind)})" if behind else "")
            + f"; the mean is {mean:.2f}, that of single machines {one:.2f}."
        )
        here = {n: v for n, v in continuous_mixtures().items() if n in ours}
        ahead = sum(level(ours[n], v) for n, v in here.items())
        lines.append(
            f"Continuous mixtures were run on {len(here)} of them, on the same files: better than "
            f"or level with these on {ahead}."
        )
        trees = {n: v for n, v in run_here()["boosted, run"].items() if n in ours}
        ahead = sum(level(ours[n], v) for n, v in trees.items())
        lines.append(
            f"Chains of boosted trees were run on {len(trees)}: better than or level with these on "
            f"{ahead}."
        )
    uci = [name for name in UCI if name in records]
    if uci:
        ours = {name: tuned(records[name])["mean"] for name in uci}
        best = sum(level(ours[n], best_rival(n)) for n in uci)
        rws = sum(ours[n] > PUBLISHED[n]["RWS-SBN"] for n in uci)
        lines.append(
            f"Of the {len(uci)} UCI sets, level with the best column on {best}, and better than "
            f"RWS-SBN on {rws}."
        )
    return [*lines, *_verdicts_of_defaults(records)]


def _verdicts_of_defaults(records):
    """What came of defaults beside chosen settings and baselines, in sentences."""
    lines = []
    done = {n: r for n, r in records.items() if "default" in r}
    near = [n for n, r in done.items() if _near(r)]
    far = sorted(set(done) - set(near))
    lines.append(
        f"Default settings are within 0.5 % of the best single machine, or one standard error, on "
        f"{len(near)} of {len(done)} sets" + (f" (not on {', '.join(far)})." if far else ".")
    )
    measured = {n: r for n, r in done.items() if "fully_visible" in r and "chow_liu" in r}
    behind = [
        n for n, r in measured.items()
        if max(r["fully_visible"], r["chow_liu"]) > r["default"]["mean"]
    ]  # fmt: skip
    if measured:
        where = f"better than defaults on {', '.join(behind)}" if behind else "better on none"
        lines.append(f"Baselines were measured on {len(measured)} sets, and are {where} of them.")
    took = [r["default_seconds"] for r in done.values()]
    if took:
        lines.append(
            f"A fit by default took {sum(took) / len(took) / 60:.1f} minutes in the mean, "
            f"{max(took) / 60:.1f} at most."
        )
    return lines


def _near(record):
    best, default = record["test"], record["default"]
    allowed = max(0.005 * abs(best["mean"]), best["standard_error"])
    return default["mean"] >= best["mean"] - allowed


def page(records):
    """The page of the docs."""
    sources = [f"* {name}: {source}." for name, source in {**CHECKED, **REPORTED}.items()]
    parts = [
        (pathlib.Path(__file__).parent / "density_page.rst").read_text().rstrip(),
        "\n".join(f"* {line}" for line in verdicts(records)),
        _occasion(records),
    ]
    for title, names in (("Twenty data sets", TWENTY), ("UCI sets", UCI)):
        names = [name for name in names if name in records]
        if names:
            parts += [f"{title}\n{'-' * len(title)}", scores(names, records)]
            parts += [details(names, records)]
    parts += ["Sources\n-------", "\n".join(sources)]
    return "\n\n".join(parts) + "\n"


def _occasion(records):
    """When and with what version the figures were measured."""
    found = {key: sorted({str(r[key]) for r in records.values()}) for key in _OCCASION}
    dates, versions = (" and ".join(found[key]) for key in _OCCASION)
    return f"Measured on {dates} with version {versions}."


def main():
    """Write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="benchmarks/results/density")
    parser.add_argument("--page", default="doc/benchmarks/density.rst")
    arguments = parser.parse_args()
    path = pathlib.Path(arguments.page)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(read(arguments.folder)))


if __name__ == "__main__":
    main()
