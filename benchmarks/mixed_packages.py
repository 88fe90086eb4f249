"""Rivals of `benchmarks.mixed` for what is missing from packages that need not be installed."""

import numpy as np
import pandas as pd

from .mixed_imputers import Imputer
from .mixed_scores import Answers, Draws, Points

N_DRAWS = 5
_LEVEL = "level {:03d}"


def with_text(table, codes):
    """A data frame with levels as text, as most packages want them."""
    columns = {}
    for number, (name, column) in enumerate(zip(table.kinds, table.columns, strict=True)):
        values = codes[:, number]
        if column.is_discrete:
            values = [np.nan if np.isnan(v) else _LEVEL.format(int(v)) for v in values]
            columns[name] = pd.Series(values, dtype=object)
        else:
            columns[name] = pd.Series(values)
    return pd.DataFrame(columns)


def of_text(table, frame):
    """The codes of a data frame like those of `with_text`; NaN where something is missing yet."""
    found = []
    for name, column in zip(table.kinds, table.columns, strict=True):
        values = frame[name]
        if column.is_discrete:
            values = values.map(lambda text: str(text).removeprefix("level ")).astype(float)
        found.append(np.asarray(values, np.float64))
    return np.stack(found, axis=1)


def of_points(table, codes):
    """One level, which has the probability 1, or one number of each entry."""
    return of_draws(table, codes[None])


def of_draws(table, draws):
    """Shares of levels among draws (n_draws, n_rows, n_columns), and draws of numbers."""
    found = []
    for number, column in enumerate(table.columns):
        own = draws[:, :, number].T
        if column.is_discrete:
            levels = np.arange(len(column.shares))
            found.append((own[:, :, None] == levels).mean(axis=1))
        else:
            found.append(Draws(own) if own.shape[1] > 1 else Points(own[:, 0]))
    return Answers(found)


class _AlongWithTraining(Imputer):
    """A package that fills in only columns with gaps in what it was fitted to.

    So it is fitted to the training rows along with those that are to be filled in. Where it leaves
    a level missing, that is the most frequent one.
    """

    def answers(self, rows):
        """One value of each entry."""
        frame = with_text(self._table, np.concatenate([self._train, rows]))
        filled = of_text(self._table, self._made().fit_transform(frame))[len(self._train) :]
        left = np.isnan(filled)
        modes = [c.shares.argmax() if c.is_discrete else np.nan for c in self._table.columns]
        self.settings["left missing"] = int(left.sum())
        return of_points(self._table, np.where(left, modes, filled))


class MixedImputerPackage(_AlongWithTraining):
    """``mixedimputer.MixedImputer`` with its defaults: boosted trees in `IterativeImputer`."""

    def _made(self):
        from mixedimputer import MixedImputer

        return MixedImputer(random_state=0)


class ContinuousMixture(_AlongWithTraining):
    """``cm_tpm.CMImputer`` with its defaults: continuous mixtures (Correia et al. 2023)."""

    def _made(self):
        import torch
        from cm_tpm import CMImputer

        torch.set_num_threads(1)
        return CMImputer(random_state=0, use_gpu=False)


class Miceforest(Imputer):
    """``miceforest.ImputationKernel``: chained equations with boosted trees, a few draws.

    It keeps models of columns with gaps only, so that rows are filled in along with the training
    rows. Its own choice of donors is tried first, and its fast one where that fails.
    """

    def answers(self, rows):
        """Draws of each entry."""
        codes = np.concatenate([self._train, rows])
        for strategy in ("normal", "fast"):
            try:
                draws = self._draws(codes, strategy)
            except Exception as error:  # of many kinds, by versions of others
                self.settings[strategy] = f"{type(error).__name__}: {str(error)[:100]}"
            else:
                self.settings["strategy"] = strategy
                return of_draws(self._table, draws[:, len(self._train) :])
        raise RuntimeError(str(self.settings))

    def _draws(self, codes, strategy):
        import miceforest

        frame = with_text(self._table, codes)
        for name in self._table.levels:
            frame[name] = frame[name].astype("category")
        kernel = miceforest.ImputationKernel(
            frame, num_datasets=N_DRAWS, mean_match_strategy=strategy, random_state=0
        )
        kernel.mice(iterations=3, num_iterations=50, num_threads=1, verbosity=-1)
        filled = [kernel.complete_data(dataset=number) for number in range(N_DRAWS)]
        return np.stack([of_text(self._table, one) for one in filled])
