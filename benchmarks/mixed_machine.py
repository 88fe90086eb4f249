"""The machine in `benchmarks.mixed`, as a density and as an imputer."""

import numpy as np

from sklearn_helmholtz import HelmholtzMachine

from .mixed_scores import Answers, Draws

N_IMPUTATIONS = 100
_SIZES = (50,)


class Machine:
    """`HelmholtzMachine` with default settings, fitted to the training rows alone."""

    autoregressive = True
    is_smooth = True

    def __init__(self, table):
        self._table, self.settings = table, {}

    def fit(self, train, valid):
        """Fit to the data frame of the training rows."""
        self.machine = HelmholtzMachine(
            _SIZES, autoregressive=self.autoregressive, visible=self._table.visible, random_state=0
        ).fit(self._table.frame(train))
        return self

    def log_prob(self, rows):
        """Nats of each row as recorded."""
        found = self.machine.log_likelihood(self._table.frame(rows))
        self.settings["effective sample size"] = float(np.median(found.effective_sample_size))
        return np.asarray(found.log_probability)

    def answers(self, rows):
        """Probabilities of levels, and draws of numbers, given what is observed of each row."""
        frame = self._table.frame(rows)
        draws = self.machine.impute(frame, "sample", n_imputations=N_IMPUTATIONS, random_state=0)
        draws = np.stack([self._table.codes(draw) for draw in draws], axis=2)
        found = []
        for number, name in enumerate(self._table.kinds):
            if name not in self._table.levels:
                found.append(Draws(draws[:, number]))
                continue
            p = np.asarray(self.machine.predict_proba_missing(frame, name))
            known = list(self.machine.categories_[number])
            found.append(p[:, [known.index(level) for level in self._table.levels[name]]])
        return Answers(found)


class PlainMachine(Machine):
    """That without lateral weights."""

    autoregressive = False
