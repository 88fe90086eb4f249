"""Mixed tables: a machine beside other densities and imputers.

    python -m benchmarks.mixed FOLDER [--tables credit ofp] [--models machine latent-z]
    python -m benchmarks.mixed --page doc/benchmarks/mixed.rst

FOLDER as in `benchmarks.mixed_tables`. Models are fitted to the training rows, and what they have
to choose they choose on the validation rows. Densities are compared by the log-probability of the
test rows as recorded, on one base measure for all (`benchmarks.mixed_columns`); imputers by what
they say of 30 % of the observed entries of the test rows, which are hidden, the same for all. How
much the probabilities of an imputer have to be mixed with the shares of the levels is chosen on
validation rows with gaps like those, but for models that are distributions.

What was measured stands in ``benchmarks/results/mixed.json``, with the figures of each test row, so
that differences are paired over rows. Rivals that are not installed are passed over (StepMix 3.0.0,
miceforest 6.0.5 with lightgbm 4.5.0 (not with 4.7.0), mixed-imputer 0.1.4, cm-tpm
1.0.2). The second command makes the page.
"""

import argparse
import json
import pathlib
import signal
import time
import warnings

import numpy as np
from threadpoolctl import threadpool_limits

from . import classifier_chains, mixed_densities, mixed_imputers, mixed_machine, mixed_packages
from .learning_curve import replace_file
from .mixed_page import page
from .mixed_scores import losses, residuals, smoothing
from .mixed_tables import TABLES, hidden, load, with_gaps

RESULTS = pathlib.Path(__file__).parent / "results" / "mixed.json"
DENSITIES = {
    "machine": mixed_machine.Machine,
    "machine-plain": mixed_machine.PlainMachine,
    "independent": mixed_densities.Independent,
    "latent-z": mixed_densities.LatentClassesZ,
    "latent-bins": mixed_densities.LatentClassesBins,
    "latent-raw": mixed_densities.LatentClassesRaw,
    "stepmix": mixed_densities.StepMixRaw,
    "logistic-chain": classifier_chains.ClassifierChain,
    "boosted-chain": classifier_chains.BoostedChain,
}
IMPUTERS = {
    "machine": mixed_machine.Machine,
    "machine-plain": mixed_machine.PlainMachine,
    "marginal": mixed_imputers.MarginalImputer,
    "median-mode": mixed_imputers.MedianMode,
    "latent-z": mixed_imputers.LatentClassImputer,
    "knn": mixed_imputers.Neighbours,
    "iterative": mixed_imputers.Regressions,
    "boosted-loop": mixed_imputers.BoostedLoop,
    "boosted-gaps": mixed_imputers.BoostedGaps,
    "mixed-imputer": mixed_packages.MixedImputerPackage,
    "cm-tpm": mixed_packages.ContinuousMixture,
    "miceforest": mixed_packages.Miceforest,
}
_DIGITS = 4


def measured_density(model, table):
    """What is known of a density: nats of each test row, seconds, what it chose."""
    start = time.perf_counter()
    model.fit(table.train, table.valid)
    fitted = time.perf_counter()
    rows = model.log_prob(table.test)
    return {
        "mean": float(rows.mean()), "standard_error": float(rows.std(ddof=1) / len(rows) ** 0.5),
        "fit_seconds": round(fitted - start, 2),
        "seconds": round(time.perf_counter() - start, 2),
        "settings": model.settings, "rows": rounded(rows),
    }  # fmt: skip


def measured_imputer(model, table):
    """What is known of an imputer: its losses of each test row, seconds, what it chose."""
    start = time.perf_counter()
    model.fit(table.train, table.valid)
    fitted = time.perf_counter()
    gaps = np.concatenate([with_gaps(table.valid), with_gaps(table.test)])
    answers = model.answers(gaps)
    seconds = time.perf_counter() - start
    first, rest = (answers.of(rows) for rows in np.split(np.arange(len(gaps)), [len(table.valid)]))
    valid = table.valid, hidden(table.valid)
    weight = 0.0 if model.is_smooth else smoothing(first, table, *valid)
    rest = rest.smoothed(table.columns, weight)
    test = table.test, hidden(table.test)
    log_loss, crps, square = losses(rest, table, *test)
    spread = rest.with_residuals(residuals(first, *valid))
    return {
        "log_loss": float(log_loss.mean()), "crps": float(crps.mean()),
        "rmse": float(square.mean() ** 0.5),
        "crps_with_residuals": float(losses(spread, table, *test)[1].mean()),
        "fit_seconds": round(fitted - start, 2), "seconds": round(seconds, 2),
        "settings": {**model.settings, "weight": weight},
        "log_loss_rows": rounded(log_loss), "crps_rows": rounded(crps),
        "square_rows": rounded(square),
    }  # fmt: skip


def rounded(rows):
    """Numbers of rows as a list that is short in a file."""
    return [round(float(value), _DIGITS) for value in rows]


class Limit:
    """At most so many seconds, then `TimeoutError`."""

    def __init__(self, seconds):
        self._seconds = seconds

    def __enter__(self):
        def stop(*_):
            raise TimeoutError(f"took more than {self._seconds} seconds")

        signal.signal(signal.SIGALRM, stop)
        signal.alarm(self._seconds)

    def __exit__(self, *_):
        signal.alarm(0)


def keep(path, table, task, name, found):
    """Add what was measured to the file; others may have added to it meanwhile."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known.setdefault(table, {}).setdefault(task, {})[name] = found
    text = ",\n".join(_lines(known))
    replace_file(path, "w", lambda file: file.write("{\n" + text + "\n}\n"))


def _lines(known):
    """One line of each result, sorted by table."""
    for table in sorted(known):
        tasks = [
            f"  {json.dumps(task)}: {{\n" + ",\n".join(
                f"    {json.dumps(name)}: {json.dumps(found)}" for name, found in models.items()
            ) + "\n  }"
            for task, models in known[table].items()
        ]  # fmt: skip
        yield f"{json.dumps(table)}: {{\n" + ",\n".join(tasks) + "\n}"


def run(arguments):
    """Measure all that is asked for."""
    tasks = {
        "densities": (DENSITIES, measured_density),
        "imputers": (IMPUTERS, measured_imputer),
    }
    for name in arguments.tables:
        table = load(arguments.folder, name)
        for task in arguments.tasks:
            models, measure = tasks[task]
            for key in models:
                if arguments.models and key not in arguments.models:
                    continue
                try:
                    with Limit(arguments.limit), threadpool_limits(1):
                        found = measure(models[key](table), table)
                except ModuleNotFoundError as error:
                    print(name, task, key, error, flush=True)
                    continue
                except Exception as error:  # others' packages fail in many ways: tell how
                    found = {"error": f"{type(error).__name__}: {str(error)[:200]}"}
                keep(arguments.results, name, task, key, found)
                short = {k: v for k, v in found.items() if not k.endswith("rows")}
                print(name, task, key, short, flush=True)


def main():
    """Run the benchmark, or make the page of what it found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", help="of the tables")
    parser.add_argument("--tables", nargs="+", default=TABLES, choices=TABLES)
    parser.add_argument("--models", nargs="+", choices=sorted({*DENSITIES, *IMPUTERS}))
    tasks = ("densities", "imputers")
    parser.add_argument("--tasks", nargs="+", default=tasks, choices=tasks)
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS)
    parser.add_argument("--limit", type=int, default=1800, help="seconds for each model")
    parser.add_argument("--page", type=pathlib.Path, help="to write instead")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")  # of those of rivals there are many
    if arguments.page:
        arguments.page.parent.mkdir(parents=True, exist_ok=True)
        arguments.page.write_text(page(json.loads(arguments.results.read_text())))
    elif not arguments.folder:
        parser.error("FOLDER is needed")
    else:
        run(arguments)


if __name__ == "__main__":
    main()
