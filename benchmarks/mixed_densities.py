"""Rivals of `benchmarks.mixed` for the log-likelihood of held-out rows.

Each is made for a `Table`, with ``fit(train, valid)`` and ``log_prob(rows)``, which is the
log-probability of each row as recorded, nats, on the base measure of `mixed_columns`; what was
chosen on the validation rows is in ``settings``.

Gaussian mixtures of scikit-learn are not among them: they have densities, no missing values and no
levels, and where values repeat a component that narrows has any density one likes. The columns
would have to be integrated over cells, of as many dimensions as there are numbers. StepMix, whose
normal distributions are of one column each, stands for them.
"""

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from .latent_classes import LatentClasses, interval_log_prob

N_CLASSES = (1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 96)
N_CLASSES_OF_STEPMIX = (1, 2, 4, 8, 16, 32, 48)
N_STARTS = 3
_HALF = 0.5


class Independent:
    """Each column by itself."""

    def __init__(self, table):
        self._columns, self.settings = table.columns, {}

    def fit(self, train, valid):
        """Nothing: the columns are fitted already."""
        return self

    def log_prob(self, rows):
        """Nats of each row as recorded."""
        found = np.zeros(len(rows))
        for column, values in zip(self._columns, rows.T, strict=True):
            seen = ~np.isnan(values)
            found[seen] += column.log_prob(values[seen])
        return found


class LatentClassSearch:
    """The latent class model whose number of classes and start are best on the validation rows.

    variants : those of `LatentClasses` that are tried.
    """

    variants = ("z", "bins")

    def __init__(self, table):
        self._columns, self.settings = table.columns, {}

    def fit(self, train, valid):
        """Try all of them; the search ends where two numbers in a row are no better."""
        self.best, best = None, -np.inf
        for variant in self.variants:
            highest, worse = -np.inf, 0
            for n_classes in N_CLASSES:
                found = -np.inf
                for seed in range(N_STARTS):
                    model = LatentClasses(self._columns, n_classes, variant, seed)
                    score = float(model.fit(train).log_prob(valid).mean())
                    found = max(found, score)
                    if score > best:
                        best, self.best = score, model
                        self.settings = {"variant": variant, "classes": n_classes, "valid": score}
                highest, worse = (found, 0) if found > highest else (highest, worse + 1)
                if worse == 2:
                    break
        return self

    def log_prob(self, rows):
        """Nats of each row as recorded."""
        return self.best.log_prob(rows)


class LatentClassesZ(LatentClassSearch):
    """Those with normal distributions on the latent scale."""

    variants = ("z",)


class LatentClassesBins(LatentClassSearch):
    """Those with numbers in bins."""

    variants = ("bins",)


class LatentClassesRaw(LatentClassSearch):
    """Those with normal distributions of the numbers as they are."""

    variants = ("raw",)


class StepMixRaw:
    """StepMix as its documentation has it: levels, and normal distributions of numbers.

    These are standardised. Columns of them with missing values are "continuous_nan", whose
    variances have no floor: where a class holds one value only, StepMix gives NaN, and that number
    of classes is left out. Its probabilities are turned into those of cells. A level that a class
    never had in training has the probability 1e-15 there, which is reported in ``settings`` ("as it
    is", nats per row); half a count of each level is added for `log_prob`.
    """

    def __init__(self, table):
        self._table, self.settings = table, {}

    def fit(self, train, valid):
        """Choose the number of classes on the validation rows, until two more are no better."""
        best, worse = -np.inf, 0
        self._centres, self._scales = np.nanmean(train, axis=0), np.nanstd(train, axis=0)
        self._scales[self._scales == 0] = 1.0
        self._gaps = np.isnan(np.concatenate([train, valid])).any(axis=0)
        for n_classes in N_CLASSES_OF_STEPMIX:
            parameters = self._parameters(train, n_classes)
            score = float(self._log_prob(parameters, valid, _HALF).mean())
            if score > best:
                best, self._best, worse = score, parameters, 0
                self.settings = {"classes": n_classes, "valid": score}
            else:
                worse += 1
            if worse == 2:
                break
        return self

    def log_prob(self, rows):
        """Nats of each row as recorded."""
        raw = self._log_prob(self._best, rows, 0.0)
        self.settings["as it is"] = float(raw.mean())
        return self._log_prob(self._best, rows, _HALF)

    def _parameters(self, train, n_classes):
        """Class weights, probabilities of levels, means and variances of a fitted model."""
        from stepmix.stepmix import StepMix
        from stepmix.utils import get_mixed_descriptor

        scaled = (train - self._centres) / self._scales
        codes = np.where(self._table.discrete, train, scaled)
        frame = pd.DataFrame(codes, columns=list(self._table.kinds))
        kinds = {"categorical_nan": self._table.discrete}
        kinds["continuous"] = ~self._table.discrete & ~self._gaps
        kinds["continuous_nan"] = ~self._table.discrete & self._gaps
        names = {kind: list(frame.columns[chosen]) for kind, chosen in kinds.items()}
        names = {kind: chosen for kind, chosen in names.items() if chosen}
        data, descriptor = get_mixed_descriptor(frame, **names)
        model = StepMix(
            n_components=n_classes, measurement=descriptor, n_init=N_STARTS, max_iter=300,
            abs_tol=1e-5, random_state=0, verbose=0, progress_bar=0,
        )  # fmt: skip
        model.fit(data)
        found = model.get_parameters()["measurement"]
        levels = found["categorical_nan"]
        pis = np.asarray(levels["pis"]).reshape(n_classes, -1, levels["max_n_outcomes"])
        means, variances = np.zeros((2, n_classes, len(kinds["continuous"])))
        for kind in ("continuous", "continuous_nan"):
            if kind in names:
                means[:, kinds[kind]] = found[kind]["means"]
                variances[:, kinds[kind]] = found[kind]["covariances"]
        weights = np.asarray(model.get_parameters()["weights"])
        return weights, pis, means, variances, len(train)

    def _log_prob(self, parameters, rows, added):
        """Nats of each row, with some counts added to each level of each class."""
        weights, pis, means, variances, n_rows = parameters
        joint = np.tile(np.log(weights), (len(rows), 1))
        level = 0
        for number, column in enumerate(self._table.columns):
            seen = ~np.isnan(rows[:, number])
            values = rows[seen, number]
            if column.is_discrete:
                n_levels = len(column.shares)
                p = np.zeros((len(weights), n_levels))
                given = np.nan_to_num(pis[:, level, :n_levels])
                p[:, : given.shape[1]] = given
                counts = p * weights[:, None] * n_rows + added
                p = np.maximum(counts / counts.sum(axis=1, keepdims=True), 1e-15)
                joint[seen] += np.log(p[:, values.astype(int)].T)
                level += 1
            else:
                half = column.resolution / 2
                ends = (values - half, values + half)
                low, high = ((e - self._centres[number]) / self._scales[number] for e in ends)
                deviations = np.sqrt(variances[:, number])
                joint[seen] += interval_log_prob(low, high, means[:, number], deviations)
        return logsumexp(joint, axis=1)
