"""Public tables of mixed columns, in three parts, as codes and as data frames.

A folder holds for each a ``NAME.csv.gz`` and a ``NAME.json``, which tells the kinds of the columns
and the categories of those with text.
"""

import functools
import json
import pathlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from .mixed_columns import Cells, Levels

TABLES = ("credit", "ofp", "diamonds", "chile", "bfi", "boys", "attrition", "stack")
DISCRETE = ("bernoulli", "categorical", "ordinal")
SHARE = 0.3  # of the observed entries of rows that are hidden from imputers
_RESOLUTIONS = (1.0, 0.1, 0.01, 0.001, 0.0001)
_FINEST = 1e-4  # of the distance between quartiles


@dataclass(frozen=True, eq=False)
class Table:
    """A table as codes, (n_rows, n_columns) float64: levels from 0 or numbers; NaN is missing.

    name : str; kinds : dict of column and kind; levels : dict of discrete column and its levels;
    train, valid, test : the three parts.
    """

    name: str
    kinds: dict
    levels: dict
    train: np.ndarray
    valid: np.ndarray
    test: np.ndarray

    @functools.cached_property
    def columns(self):
        """The base measure of each column, by the training rows: `Levels` or `Cells`."""
        found = []
        for name, values in zip(self.kinds, self.train.T, strict=True):
            values = values[~np.isnan(values)]
            if name in self.levels:
                found.append(Levels.fit(values, len(self.levels[name])))
            elif self.kinds[name] == "count":
                found.append(Cells.fit_counts(values))
            else:
                found.append(Cells.fit_reals(values, resolution(values)))
        return found

    @functools.cached_property
    def discrete(self):
        """Whether the values of each column are levels."""
        return np.array([column in self.levels for column in self.kinds])

    @functools.cached_property
    def deviations(self):
        """Standard deviation of each column in the training rows, NaN of discrete ones."""
        found = np.nanstd(self.train, axis=0)
        return np.where(self.discrete, np.nan, np.where(found > 0, found, 1.0))

    @property
    def visible(self):
        """Kinds by column, as `HelmholtzMachine` takes them; real ones with their resolutions."""
        return {
            name: ("real", column.resolution) if kind == "real" else kind
            for (name, kind), column in zip(self.kinds.items(), self.columns, strict=True)
        }

    def frame(self, codes):
        """A data frame of codes: levels as categories, ordered ones of ordinal columns."""
        columns = {}
        for (name, kind), values in zip(self.kinds.items(), np.transpose(codes), strict=True):
            columns[name] = values
            if name in self.levels:
                places = np.where(np.isnan(values), -1, values).astype(int)
                columns[name] = pd.Categorical.from_codes(
                    places, self.levels[name], ordered=kind == "ordinal"
                )
        return pd.DataFrame(columns)

    def codes(self, frame):
        """The codes of a data frame like those of `frame`."""
        found = []
        for name in self.kinds:
            values = frame[name]
            if name in self.levels:
                places = np.asarray(values.cat.codes, np.float64)
                found.append(np.where(places < 0, np.nan, places))
            else:
                found.append(np.asarray(values, np.float64))
        return np.stack(found, axis=1)


def resolution(values):
    """The largest of some powers of ten of which all values are multiples, or a fine spacing."""
    for width in _RESOLUTIONS:
        counts = values / width
        if (np.abs(counts - np.round(counts)) < 1e-6).all():
            return width
    low, high = np.quantile(values, [0.25, 0.75])
    return _FINEST * float(high - low)


def parts(n_rows):
    """Numbers of the training (70 %), validation (15 %) and test rows."""
    order = np.random.default_rng(0).permutation(n_rows)
    first, second = int(0.7 * n_rows), int(0.7 * n_rows) + int(0.15 * n_rows)
    return order[:first], order[first:second], order[second:]


def encoded(frame, kinds, categories):
    """Codes and levels of a data frame; categories : levels of the columns that tell them."""
    codes, levels = [], {}
    for name, kind in kinds.items():
        values = frame[name]
        if kind in DISCRETE:
            known = categories.get(name)
            if known is None:
                known = sorted(values.dropna().unique().tolist())
            else:
                values = values.map(str, na_action="ignore")
            levels[name] = known
            places = pd.Categorical(values, known).codes.astype(np.float64)
            codes.append(np.where(places < 0, np.nan, places))
        else:
            codes.append(values.to_numpy(np.float64))
    return np.stack(codes, axis=1), levels


def table(name, frame, kinds, categories):
    """The `Table` of a data frame."""
    codes, levels = encoded(frame, kinds, categories)
    train, valid, test = (codes[rows] for rows in parts(len(codes)))
    return Table(name, dict(kinds), levels, train, valid, test)


def load(folder, name):
    """One of the tables of a folder."""
    folder = pathlib.Path(folder)
    about = json.loads((folder / f"{name}.json").read_text())["columns"]
    frame = pd.read_csv(folder / f"{name}.csv.gz", keep_default_na=True)
    kinds = {column: entry["kind"] for column, entry in about.items()}
    categories = {
        column: entry["categories"] for column, entry in about.items() if "categories" in entry
    }
    return table(name, frame, kinds, categories)


def hidden(codes, seed=0):
    """Which observed entries are to be hidden: each with probability `SHARE`."""
    return (np.random.default_rng(seed).random(codes.shape) < SHARE) & ~np.isnan(codes)


def with_gaps(codes, seed=0):
    """The codes with the entries of `hidden` missing."""
    return np.where(hidden(codes, seed), np.nan, codes)
