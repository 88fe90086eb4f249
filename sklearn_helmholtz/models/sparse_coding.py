"""Fitted models of sparse coding: a dictionary, and what chains answer about rows of data."""

import itertools
from dataclasses import dataclass

import numpy as np

from .. import _keys
from .._keys import Purpose
from .._threads import run_blocks
from ..dictionaries import SCALE, LaplaceDictionary, most_probable
from ..inference import CodePosterior, LaplaceGibbs
from ..likelihood import Estimate, annealed_bounds, annealed_estimate
from ..rows import dense_rows, missing_per_row, split_evenly
from ..units import Support
from ..units.medians import gaussian_mixture_medians
from ..units.modes import gaussian_mixture_modes
from .effects import Effects
from .model import Model

N_TEMPERATURES = 300
_N_SWEEPS = 20  # of chains whose draws are imputed
_BOUNDED_ROWS = 16  # of a block
_WORK_OF_A_DRAW = 50  # besides two products with the features


@dataclass(frozen=True)
class SparseCodingModel(Model):
    """A dictionary of Laplace factors. Rows are an array or a CSR matrix.

    n_temperatures : steps of the chains that posteriors and imputations are drawn by.
    """

    machine: LaplaceDictionary
    n_temperatures: int = N_TEMPERATURES

    likelihood_methods = bound_methods = ("auto", "annealed")
    posterior_methods = ("auto", "gibbs")
    can_anneal = True
    support = Support()

    @property
    def n_features(self):
        """Columns of the data."""
        return len(self.machine.mean)

    @property
    def sampler(self):
        """The `LaplaceGibbs` of the dictionary."""
        return LaplaceGibbs(self.machine, 1 / SCALE)

    def table(self, data, weights=None):
        """The data themselves."""
        return data

    def estimate(self, rows, method, n_samples, n_temperatures, rng, n_threads, tails=None):
        """Annealed estimates, whose random numbers depend on what a row holds."""
        key, sampler = _keys.key(_keys.scoring_seed(rng), Purpose.ANNEAL), self.sampler
        limits = self._limits(rows, n_samples * n_temperatures)
        results, keys = [None] * (len(limits) - 1), [None] * (len(limits) - 1)

        def score(number):
            x = self._block(rows, slice(limits[number], limits[number + 1]))
            keys[number] = x.keys
            found = annealed_estimate(sampler, x, key, x.keys, n_samples, n_temperatures)
            results[number] = found.certain_of(~x.is_known)

        run_blocks(score, len(results), n_threads)
        return Estimate.of_all(results), np.concatenate(keys), "annealed"

    def check_exact(self, name, rows, remedy="Compare models by score on rows held out."):
        """Refuse all rows: an integral over Laplace factors has no closed form."""
        raise ValueError(
            f"{name} needs exact log-likelihoods, and those of sparse coding are estimated, by "
            f"annealing. {remedy}"
        )

    def bounds(self, n_rows, method, n_samples, n_temperatures, rng, n_threads):
        """Lower and upper bounds of log p of dreamt rows, (n_rows,) each, and the method used."""
        seed, sampler = _keys.draw_seed(rng), self.sampler
        X, codes = self.machine.sample(n_rows, rng)
        addresses, bounds = np.arange(n_rows, dtype=np.uint64), np.empty((2, n_rows))

        def bound(number):
            place = slice(number * _BOUNDED_ROWS, (number + 1) * _BOUNDED_ROWS)
            part = self.machine.rows(X[place]), codes[place]
            bounds[:, place] = annealed_bounds(
                sampler, part, seed, addresses[place], n_samples, n_temperatures
            )

        run_blocks(bound, -(-n_rows // _BOUNDED_ROWS), n_threads)
        return *bounds, "annealed"

    def draw(self, n_rows, rng, n_threads):
        """Rows and their factors, float64."""
        X, codes = self.machine.sample(n_rows, rng)
        return X, [codes]

    def draw_given(self, evidence, n_rows, n_pool, rng, n_threads):
        """Rows that hold some given values, and their factors, each from chains of its own."""
        seed = _keys.draw_seed(rng)
        rows, addresses = np.tile(evidence, (n_rows, 1)), np.arange(n_rows, dtype=np.uint64)
        found = self._infer(rows, seed, addresses, n_pool, 1, _N_SWEEPS, n_threads)
        codes = np.concatenate([part.states[:, 0] for part in found])
        return np.where(np.isnan(evidence), self.machine.draw(codes, rng), evidence), [codes]

    def effects(self, layer):
        """Atoms, and their sizes for standardised features."""
        machine = self.machine
        deviations = np.sqrt((machine.atoms**2).sum(axis=0) + machine.noise)
        return Effects(machine.atoms, np.abs(machine.atoms) / deviations)

    @property
    def hidden_sizes(self):
        """The number of atoms, as of a layer."""
        return (self.machine.n_atoms,)

    def log_joint(self, rows, hidden, n_threads):
        """Log p(x, h), nats."""
        (codes,), place = hidden, slice(None)
        return self.machine.log_joint(self._block(rows, place), codes)

    def posterior(self, rows, method, n_samples, n_pool, n_sweeps, rng, n_threads):
        """Means, standard deviations and draws of the factors, by Gibbs sampling."""
        addresses, n_kept = np.arange(rows.shape[0], dtype=np.uint64), max(n_pool, n_samples)
        seed = _keys.draw_seed(rng)
        found = self._infer(rows, seed, addresses, n_pool, n_kept, n_sweeps, n_threads)
        return {
            "mean": [np.concatenate([part.mean for part in found])],
            "standard_deviation": [np.concatenate([part.deviation for part in found])],
            "samples": [np.concatenate([part.states[:, :n_samples] for part in found])],
            "effective_sample_size": np.concatenate([part.sizes for part in found]),
            "method": "gibbs",
        }

    def means(self, rows, n_pool, n_threads):
        """Expected factors, (n_rows, n_atoms), by fixed random numbers of what a row holds."""
        seed, keys = _keys.scoring_seed(), self._keys(rows)
        found = self._infer(rows, seed, keys, n_pool, n_pool, _N_SWEEPS, n_threads)
        return np.concatenate([part.mean for part in found])

    def codes(self, rows, n_threads):
        """The most probable factors, (n_rows, n_atoms)."""
        limits = self._limits(rows, 100)
        result = np.empty((rows.shape[0], self.machine.n_atoms))

        def encode(number):
            place = slice(limits[number], limits[number + 1])
            result[place] = most_probable(self.machine, self._block(rows, place))

        run_blocks(encode, len(limits) - 1, n_threads)
        return result

    def impute(self, rows, strategy, n_imputations, n_pool, rng, n_threads):
        """Expected values, medians or modes of the mixtures that chains make, or draws."""
        counts, drawn = missing_per_row(rows), strategy == "sample"
        incomplete = np.flatnonzero(counts)
        if not len(incomplete):
            return np.empty((0, n_imputations))
        part = dense_rows(rows, incomplete)
        seed = _keys.draw_seed(rng) if drawn else _keys.scoring_seed()
        addresses = incomplete.astype(np.uint64) if drawn else self._keys(part)
        n_kept = max(n_pool, n_imputations if drawn else 1)
        found = self._infer(part, seed, addresses, n_pool, n_kept, _N_SWEEPS, n_threads)
        values, start = [], 0
        for moments in found:
            place = slice(start, start + len(moments.mean))
            filled = self._filled(moments, strategy, n_imputations, rng)
            values.append(filled.transpose(0, 2, 1)[np.isnan(part[place])])
            start = place.stop
        return np.concatenate(values)

    def _filled(self, moments, strategy, n_imputations, rng):
        """Values for all features of some rows, (n_rows, n_imputations, n_features)."""
        machine, states = self.machine, moments.states
        if strategy == "mean":
            return machine.expected(moments.mean)[:, None]
        if strategy == "sample":
            codes = states[:, :n_imputations].reshape(-1, machine.n_atoms)
            return machine.draw(codes, rng).reshape(len(states), n_imputations, -1)
        find = gaussian_mixture_medians if strategy == "median" else gaussian_mixture_modes
        means = machine.expected(states.reshape(-1, machine.n_atoms))
        means = means.reshape(*states.shape[:2], -1)
        weights = np.full(states.shape[:2], 1 / states.shape[1])
        variances = np.full((len(states), self.n_features), machine.noise)
        return find(weights, means, variances)[:, None]

    def _infer(self, rows, seed, addresses, n_chains, n_kept, n_sweeps, n_threads):
        """The `CodeMoments` of all rows, block by block."""
        sampler = self.sampler
        betas = sampler.inverse_temperatures(self.n_temperatures)
        found = CodePosterior(sampler, seed, n_chains, betas, n_sweeps)
        limits = self._limits(rows, n_chains * self.n_temperatures)
        results = [None] * (len(limits) - 1)

        def infer(number):
            place = slice(limits[number], limits[number + 1])
            results[number] = found.infer(self._block(rows, place), addresses[place], n_kept)

        run_blocks(infer, len(results), n_threads)
        return results

    def _block(self, rows, place):
        return self.machine.rows(dense_rows(rows, place))

    def _keys(self, rows):
        """Content keys of all rows, a block at a time."""
        limits = self._limits(rows, 1)
        blocks = (self._block(rows, slice(*pair)) for pair in itertools.pairwise(limits))
        return np.concatenate([block.keys for block in blocks])

    def _limits(self, rows, n_sweeps):
        """Limits of blocks of rows, of which each makes so many sweeps."""
        work = n_sweeps * self.machine.n_atoms * (2 * self.n_features + _WORK_OF_A_DRAW)
        return split_evenly(rows.shape[0], work, 1)
