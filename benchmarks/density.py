"""Held-out log-likelihoods of autoregressive Helmholtz machines and mixtures beside published ones.

    python -m benchmarks.density --data DIR --folder FOLDER [--sets nltcs plants] [--minutes 6]

DIR as in `benchmarks.datasets`. For each data set a few settings (`following`) are trained on
``train`` and compared on ``valid``; the best one is scored on ``test``, and so are the mixture of
it with 4 to 19 others of the same setting, whose columns are in orders of their own and of which
all count the same (after 4, none is begun beyond ``--mixture-minutes`` of a processor), and a
machine with default settings, which is trained without ``valid`` (though the defaults themselves
were chosen on such rows). A tree and a logistic autoregression are the baselines. Scores are by
importance sampling: lower bounds in expectation, with the standard error over test rows.

After each fit FOLDER/NAME.json holds what is known, beside the best machine so far (NAME.pickle):
the same command goes on from there. No new setting is begun after ``--minutes`` minutes of fits of
a set, and no variant of the best one when less is left than twice what that took.
`benchmarks.density_table` makes the table.
"""

import argparse
import json
import pathlib
import pickle
import time
import warnings
from datetime import date

import joblib
import numpy as np

from sklearn_helmholtz import DensityMixture, HelmholtzMachine, __version__
from sklearn_helmholtz.estimators.defaults import batch_size

from .datasets import TWENTY, UCI, load
from .learning_curve import replace_file
from .simple_densities import ChowLiuTree, LogisticAutoregression

STEPS = ("tune", "evaluate", "mix", "compare")
TEST_SAMPLES = 1000
COMMON = {
    "autoregressive": True, "early_stopping": True, "n_iter_no_change": 20, "random_state": 0,
}  # fmt: skip
SIZES = ((100,), (200,), (40,))
VARIANTS = ({"n_particles": 20}, {"n_conditional_units": 50}, {"lateral": 1.0}, {"lateral": 0.1})
FEWEST_COMPONENTS, MOST_COMPONENTS = 5, 20
_C = (0.1, 0.3, 1.0, 3.0, 10.0)  # of the logistic autoregression: inverse strengths
_OF_MACHINES = {"fits", "test", "mixture", "default"}  # what a record has of them
_FEWEST_STEPS, _FEWEST_EPOCHS, _MOST_EPOCHS = 50_000, 15, 500
_NEAR = 0.005  # of the final score


def following(fits):
    """The next setting to try: sizes first, then variants of the best setting so far; or None.

    fits : those made so far. ``lateral`` is the strength of an L1 penalty on the lateral weights
    that takes the place of the learnt one, for the table as a whole.
    """
    tried = [fit["setting"] for fit in fits]
    for sizes in SIZES:
        setting = {"sizes": list(sizes)}
        if setting not in tried:
            return setting
    for number, variant in enumerate(VARIANTS, len(SIZES)):
        if number >= len(fits):
            return chosen(fits)["setting"] | variant
    return None


def chosen(fits):
    """The fit that is best on the validation rows."""
    return max(fits, key=lambda fit: fit["valid"])


def parameters(setting, n_rows):
    """The parameters of an estimator."""
    batch = batch_size(HelmholtzMachine(**COMMON), n_rows)
    epochs = np.clip(-(-_FEWEST_STEPS * batch // n_rows), _FEWEST_EPOCHS, _MOST_EPOCHS)
    given = COMMON | {"hidden_layer_sizes": tuple(setting["sizes"]), "max_iter": int(epochs)}
    names = {"n_particles", "n_conditional_units"} & setting.keys()
    given |= {name: setting[name] for name in names}
    if "lateral" in setting:
        given["lateral_alpha"] = setting["lateral"] / n_rows
    return given


class Record:
    """What is known of one data set, in a file that is rewritten whenever something is added."""

    def __init__(self, folder, name):
        self._json, self._pickle = folder / f"{name}.json", folder / f"{name}.pickle"
        self.values = {"set": name, "fits": [], "minutes": 0.0}
        if self._json.exists():
            self.values = json.loads(self._json.read_text())

    def add(self, **values):
        """Add results, and write the file; date and cores are those of the last machine."""
        self.values.update(values, version=__version__)
        if values.keys() & _OF_MACHINES:
            self.values |= {"date": str(date.today()), "cores": joblib.cpu_count()}
        text = json.dumps(self.values, indent=1)
        replace_file(self._json, "w", lambda file: file.write(text + "\n"))

    def keep(self, machine):
        """Write the best machine so far; what the one before it scored is of no account."""
        replace_file(self._pickle, "wb", lambda file: pickle.dump(machine, file))
        for key in ("test", "mixture"):
            self.values.pop(key, None)

    def machine(self):
        """The best machine so far."""
        return pickle.loads(self._pickle.read_bytes())


def score(machine, X, n_samples):
    """A log-likelihood with what it is worth, as plain numbers."""
    result = machine.log_likelihood(X, n_importance_samples=n_samples)
    return {
        "mean": result.mean, "standard_error": result.standard_error,
        "monte_carlo_error": result.monte_carlo_error, "bias": result.bias,
        "reliable": result.reliable, "samples": n_samples,
        "median_effective_sample_size": float(np.median(result.effective_sample_size)),
    }  # fmt: skip


def tune(record, data, minutes):
    """Fit one setting after the other; the best on the validation rows is kept."""
    while (setting := following(record.values["fits"])) is not None:
        fits = record.values["fits"]
        left = 60 * (minutes - record.values["minutes"])
        if left < (2 * chosen(fits)["seconds"] if len(fits) >= len(SIZES) else 0):
            break
        start = time.perf_counter()
        machine = HelmholtzMachine(**parameters(setting, len(data["train"])))
        machine.fit(data["train"], X_val=data["valid"])
        valid = machine.score(data["valid"])
        if not fits or valid > chosen(fits)["valid"]:
            record.keep(machine)
        seconds = time.perf_counter() - start
        fit = {
            "setting": setting, "valid": valid, "epochs": machine.n_iter_,
            "train_bound": -machine.loss_curve_[-1], "seconds": round(seconds, 1),
            "seconds_near": round(seconds * share_near(machine.validation_scores_), 1),
        }  # fmt: skip
        print(record.values["set"], fit, flush=True)
        record.add(fits=[*fits, fit], minutes=record.values["minutes"] + seconds / 60)


def share_near(scores):
    """The share of the epochs after which scores are within half a percent of the highest."""
    best = np.nanmax(scores)
    return float(np.argmax(scores >= best - _NEAR * abs(best)) + 1) / len(scores)


def mix(record, data, minutes):
    """Score the mixture of the chosen machine and others of its setting on the test rows.

    No other is begun after so many minutes, once there are enough.
    """
    if "mixture" in record.values:
        return
    start, n_rows = time.process_time(), len(data["train"])
    setting = parameters(chosen(record.values["fits"])["setting"], n_rows)
    machines = [record.machine()]
    for seed in range(1, MOST_COMPONENTS):
        if seed >= FEWEST_COMPONENTS and time.process_time() - start > 60 * minutes:
            break
        machine = HelmholtzMachine(**setting | {"random_state": seed, "column_order": "random"})
        machines.append(machine.fit(data["train"], X_val=data["valid"]))
    mixture = DensityMixture.from_estimators(machines)
    seconds = time.process_time() - start
    valid = mixture.score(data["valid"])
    test = score(mixture, data["test"], TEST_SAMPLES)
    record.add(
        mixture=test, mixture_valid=valid, mixture_seconds=round(seconds, 1),
        n_components=len(machines),
    )  # fmt: skip


def evaluate(record, data):
    """Score the chosen machine and one with default settings on the test rows."""
    if "test" not in record.values:
        start = time.perf_counter()
        test = score(record.machine(), data["test"], TEST_SAMPLES)
        seconds = time.perf_counter() - start
        record.add(test=test, test_seconds=round(seconds, 1))
    if "default" not in record.values:
        start = time.perf_counter()
        machine = HelmholtzMachine(autoregressive=True, random_state=0).fit(data["train"])
        seconds = time.perf_counter() - start
        test = score(machine, data["test"], TEST_SAMPLES)
        record.add(default=test, default_seconds=round(seconds, 1), default_epochs=machine.n_iter_)


def compare(record, data):
    """Score the baselines: the autoregression with the penalty that is best on ``valid``."""
    if "chow_liu" not in record.values:
        record.add(chow_liu=ChowLiuTree().fit(data["train"]).score(data["test"]))
    if "fully_visible" not in record.values:
        models = [LogisticAutoregression(C).fit(data["train"]) for C in _C]
        best = max(models, key=lambda model: model.score(data["valid"]))
        record.add(fully_visible=best.score(data["test"]), fully_visible_C=best.C)


def main():
    """Run the benchmark, or go on with it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", required=True, help="folder of the data sets")
    parser.add_argument("--sets", nargs="+", default=TWENTY + UCI, choices=TWENTY + UCI)
    parser.add_argument("--minutes", type=float, default=6, help="on each set")
    parser.add_argument("--mixture-minutes", type=float, default=10, help="on each mixture")
    parser.add_argument("--folder", required=True, help="for the results")
    parser.add_argument("--steps", nargs="+", default=STEPS, choices=STEPS)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", message="This log-likelihood")  # it is in the table
    folder = pathlib.Path(arguments.folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.sets:
        record, data = Record(folder, name), load(arguments.data, name)
        if "tune" in arguments.steps:
            tune(record, data, arguments.minutes)
        if "evaluate" in arguments.steps:
            evaluate(record, data)
            print(name, record.values["test"], "default", record.values["default"], flush=True)
        if "mix" in arguments.steps:
            mix(record, data, arguments.mixture_minutes)
            print(name, "mixture", record.values["mixture"], flush=True)
        if "compare" in arguments.steps:
            compare(record, data)


if __name__ == "__main__":
    main()
