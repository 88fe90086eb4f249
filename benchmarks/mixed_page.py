"""The page of the docs on mixed tables, from what `benchmarks.mixed` measured."""

import pathlib

from .baselines import paired_difference
from .density_table import rst_table
from .mixed_tables import TABLES

NAMES = {
    "machine": "**HelmholtzMachine, lateral**",
    "machine-plain": "HelmholtzMachine, not lateral",
    "independent": "independent columns",
    "latent": "latent classes, ``z`` or ``bins``",
    "latent-z": "latent classes, ``z``",
    "latent-bins": "latent classes, ``bins``",
    "latent-raw": "latent classes, ``raw``",
    "stepmix": "StepMix",
    "logistic-chain": "chain of logistic regressions",
    "boosted-chain": "chain of boosted trees",
    "marginal": "marginal distribution",
    "median-mode": "median, mode",
    "knn": "KNNImputer, 30 neighbours",
    "iterative": "IterativeImputer",
    "boosted-loop": "boosted trees in rounds",
    "boosted-gaps": "boosted trees with gaps",
    "mixed-imputer": "mixed-imputer",
    "cm-tpm": "cm-tpm",
    "miceforest": "miceforest",
}
_REFERENCES = {"densities": ("machine", "latent"), "imputers": ("machine", "latent-z")}
_DASH = "\N{EM DASH}"
_LOSSES = {"log_loss": "log_loss_rows", "crps": "crps_rows", "rmse": "square_rows"}


def with_best(models):
    """The models with one more: the variant of latent classes that is best on validation rows."""
    found = [
        models[name]
        for name in ("latent-z", "latent-bins")
        if "error" not in models.get(name, {"error": ""})
    ]
    if not found:
        return models
    return models | {"latent": max(found, key=lambda each: each["settings"]["valid"])}


def reference(models, task):
    """The model that others are compared with: the machine, or the best mixture without one."""
    known = [name for name in _REFERENCES[task] if "error" not in models.get(name, {"error": ""})]
    return known[0] if known else next(n for n, found in models.items() if "error" not in found)


def paired(mine, base):
    """A difference with its standard error, for a table."""
    difference, error = paired_difference(mine, base)
    digits = 3 if abs(difference) < 1 and error < 0.1 else 2
    return f"{difference:+.2f} ± {error:.2f}" if digits == 2 else f"{difference:+.3f} ± {error:.3f}"


def densities(known):
    """Nats of the reference on each table, and of the others minus it."""
    names = [name for name in TABLES if name in known] + [n for n in known if n not in TABLES]
    tables = {n: with_best(known[n]["densities"]) for n in names if "densities" in known[n]}
    rows = []
    for key in NAMES:
        if not any(key in models for models in tables.values()):
            continue
        cells = []
        for models in tables.values():
            found, base = models.get(key), models[reference(models, "densities")]
            if found is None or "error" in found:
                cells.append(_DASH if found is None else "failed")
            elif found is base:
                cells.append(f"{found['mean']:.2f}")
            else:
                difference, error = paired_difference(found["rows"], base["rows"])
                cells.append(f"{difference:+.2f} ± {error:.2f}")
        rows.append([NAMES[key], *cells])
    return rst_table(["nats per row", *tables], rows)


def imputers(name, models):
    """Losses of each imputer, with log-loss and CRPS minus those of the reference, and seconds."""
    base = models[reference(models, "imputers")]
    rows = []
    for key in NAMES:
        found = models.get(key)
        if found is None:
            continue
        if "error" in found:
            rows.append([NAMES[key], "failed", *[""] * 6])
            continue
        cells = []
        for loss in ("log_loss", "crps"):
            mine, theirs = (each[_LOSSES[loss]] for each in (found, base))
            cells.append(f"{found[loss]:.3f}")
            cells.append("" if found is base else paired(mine, theirs))
        spread = found["crps_with_residuals"]
        cells.append("" if spread == found["crps"] else f"{spread:.3f}")
        rows.append([NAMES[key], *cells, f"{found['rmse']:.3f}", f"{found['seconds']:.0f}"])
    return rst_table([name, "log-loss", "", "CRPS", "", "with residuals", "RMSE", "seconds"], rows)


def failures(known):
    """What did not run, as a list."""
    lines = [
        f"* {NAMES[key]} on {name}: {found['error']}"
        for name in known
        for models in known[name].values()
        for key, found in models.items()
        if "error" in found
    ]
    return "\n".join(lines) or "Everything ran that was tried."


def settings(known):
    """What models of densities chose on validation rows, and the seconds that took."""
    rows = []
    for name, tasks in known.items():
        for key, found in tasks.get("densities", {}).items():
            if "error" in found:
                continue
            own = found["settings"]
            chosen = f"{own['classes']} classes" if "classes" in own else ""
            if "as it is" in own:
                chosen += f", {own['as it is']:.2f} nats as it is"
            mean, error = f"{found['mean']:.2f}", f"{found['standard_error']:.2f}"
            rows.append([name, NAMES[key], mean, error, chosen, f"{found['seconds']:.0f}"])
    return rst_table(["data", "model", "nats", "error", "chosen", "seconds"], rows)


def page(known):
    """The page."""
    parts = [
        (pathlib.Path(__file__).parent / "mixed_page.rst").read_text().rstrip(),
        "Densities\n---------",
        densities(known),
        "Imputers\n--------",
        *(
            imputers(name, known[name]["imputers"])
            for name in [*TABLES, *(n for n in known if n not in TABLES)]
            if name in known and "imputers" in known[name]
        ),
        "Each density\n------------",
        settings(known),
        "What failed\n-----------",
        failures(known),
    ]
    return "\n\n".join(parts) + "\n"
