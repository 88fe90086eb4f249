"""How long a fit of factor analysis takes beside scikit-learn's, and beside a single product.

`benchmarks.factor_analysis` runs it. Everybody has to come within 1e-6 nats per row of the highest
likelihood that anybody reaches: this library with its defaults, scikit-learn with the largest of
some tols that is small enough. The product is that of the second moments, ``X.T @ X``, by one call
of BLAS: what rows cost that are read once for their covariance.
"""

import functools
import statistics
import time
from dataclasses import dataclass

from sklearn import decomposition
from threadpoolctl import threadpool_limits

from sklearn_helmholtz import FactorAnalysis

from .factor_problems import covariance, log_likelihood, planted_rows
from .stopwatch import REST

NEAR = 1e-6  # nats per row
TOLS = tuple(10.0**-exponent for exponent in range(-2, 13))  # of the likelihood of all rows
OURS, PRODUCT = "sklearn_helmholtz", "X.T @ X"
RIVALS = {"scikit-learn, lapack": "lapack", "scikit-learn, randomized": "randomized"}
LEAST_RATIO = 1.0  # of scikit-learn's seconds to ours
_MATRICES, _ANYHOW = 8, 8
_PROBE = 2  # steps that tell how long one takes
HEADS = (
    "Threads", "Data", "Who", "tol", "Steps", "Seconds", "Turns", "Products", "Limit", "Ratio",
    "Gap", "MB",
)  # fmt: skip


@dataclass(frozen=True)
class Size:
    """A table of a factor model.

    limit : how many times as long as the product a fit may take at most, None for no matter.
    """

    n_rows: int
    n_features: int
    n_factors: int
    limit: float | None = None

    @property
    def memory_limit(self):
        """What a fit may add, MB: some matrices of second moments, and what BLAS takes anyhow."""
        return _MATRICES * 8e-6 * self.n_features**2 + _ANYHOW

    @property
    def title(self):
        """Its sizes in words."""
        return f"{self.n_rows:,} x {self.n_features}, {self.n_factors} factors"


SIZES = {
    "50000x200": Size(50_000, 200, 10, 1.5),
    "20000x784": Size(20_000, 784, 50, 2.5),
    "200x20": Size(200, 20, 3),
}


class Table:
    """Rows of a planted model, and how likely they are under whoever was fitted to them."""

    def __init__(self, size):
        self.X = planted_rows(size.n_rows, size.n_features, size.n_factors)
        self._covariance = covariance(self.X)

    def score(self, model):
        """The mean log-likelihood of the rows, nats."""
        return log_likelihood(self._covariance, model.get_covariance())


@dataclass(frozen=True)
class Found:
    """A fit of scikit-learn's: the model, its seconds, and nats per row from the goal."""

    model: decomposition.FactorAnalysis
    seconds: float
    gap: float

    @property
    def is_near(self):
        """Whether that is near enough."""
        return self.gap <= NEAR


def attempt(table, goal, **params):
    """Fit scikit-learn's model once."""
    model = decomposition.FactorAnalysis(**params)
    start = time.perf_counter()
    model.fit(table.X)
    seconds = time.perf_counter() - start
    return Found(model, seconds, goal - table.score(model))


def search(table, goal, seconds, **params):
    """Fits with ever smaller tols, until one comes near or time is used up: the last of them.

    A fit may make as many steps as there is time for, by the pace of the one before it.
    """
    end = time.perf_counter() + seconds
    found = attempt(table, goal, tol=0, max_iter=_PROBE, **params)
    for tol in TOLS:
        pace = found.seconds / found.model.n_iter_
        most = max(int((end - time.perf_counter()) / pace), 1)
        found = attempt(table, goal, tol=tol, max_iter=most, **params)
        if found.is_near or found.model.n_iter_ == most:
            break
    return found


def product(X):
    """The second moments, by BLAS."""
    return X.T @ X


def take_turns(parties, repeats, seconds):
    """Seconds of every turn of each party, by name; who takes long gets fewer turns.

    parties : functions by name; seconds : what all turns of one may take, but for its first turn.
    """
    spent = {who: [] for who in parties}
    for _ in range(repeats):
        for who, run in parties.items():
            done = spent[who]
            if done and sum(done) * (1 + 1 / len(done)) > seconds:
                continue
            time.sleep(REST)
            start = time.perf_counter()
            run()
            done.append(time.perf_counter() - start)
    return spent


def measure(size, thread_counts, repeats, seconds):
    """A dictionary for each party and number of BLAS threads, one after the other.

    scikit-learn's tols are searched for under the first of these. Who does not come near has one
    dictionary, with the seconds and the gap that the search ended with.
    """
    table, ours = Table(size), FactorAnalysis(size.n_factors)
    with threadpool_limits(thread_counts[0]):
        goal, found = table.score(ours.fit(table.X)), {}
        for who, method in RIVALS.items():
            params = {"n_components": size.n_factors, "svd_method": method}
            found[who] = search(table, goal, seconds, **params)
    models = {OURS: ours} | {who: fit.model for who, fit in found.items() if fit.is_near}
    parties = {PRODUCT: functools.partial(product, table.X)}
    parties |= {who: functools.partial(model.fit, table.X) for who, model in models.items()}
    for n_threads in thread_counts:
        with threadpool_limits(n_threads):
            for who in (PRODUCT, OURS):
                parties[who]()
            spent = take_turns(parties, repeats, seconds)
            scores = {who: table.score(model) for who, model in models.items()}
        for row in _rows(size, models, spent, scores):
            yield {"threads": n_threads, "data": size.title} | row
        if n_threads == thread_counts[0]:
            unit = statistics.median(spent[OURS])
            for who, fit in found.items():
                if not fit.is_near:
                    row = {"threads": n_threads, "data": size.title, "who": who, "is_lost": True}
                    row |= {"seconds": fit.seconds, "turns": 1, "ratio": fit.seconds / unit}
                    yield row | _ended(fit.model, fit.gap)


def _rows(size, models, spent, scores):
    """Dictionaries of the parties that took turns; a party without a model is the product."""
    medians, best = {who: statistics.median(of) for who, of in spent.items()}, max(scores.values())
    for who, turns in spent.items():
        row = {"who": who, "seconds": medians[who], "turns": len(turns)}
        row["products"] = medians[who] / medians[PRODUCT]
        if who in models:
            row["ratio"] = medians[who] / medians[OURS]
            row |= _ended(models[who], best - scores[who])
        if who == OURS:
            row |= {"limit": size.limit, "memory_limit": size.memory_limit}
        yield row


def _ended(model, gap):
    return {"tol": model.tol, "steps": model.n_iter_, "gap": gap}


def cells(row):
    """A row of the table as texts; what did not come near took longer than it says."""
    more = "> " if row.get("is_lost") else ""
    tol = "not reached" if more else _text(row, "tol", ".0e")
    return [
        str(row["threads"]), row["data"], row["who"], tol, _text(row, "steps", "d"),
        more + _text(row, "seconds", ".3g"), str(row["turns"]), _text(row, "products", ".2f"),
        _text(row, "limit", "g"), more + _text(row, "ratio", ".3g"), _text(row, "gap", ".0e"),
        _text(row, "memory", ".0f"),
    ]  # fmt: skip


def _text(row, key, form):
    return format(row[key], form) if row.get(key) is not None else ""


def verdicts(rows):
    """Whether each limit was kept, and a sentence."""
    for row in rows:
        where = f"{row['data']}, threads {row['threads']}"
        if row.get("limit") is not None:
            found = f"a fit takes as long as {row['products']:.2f} products"
            yield row["products"] <= row["limit"], f"{where}: {found} (at most {row['limit']:g})"
        if row["who"] == OURS:
            found = f"{row['gap']:.0e} nats per row below the highest likelihood"
            yield row["gap"] <= NEAR, f"{where}: {found} (at most {NEAR:.0e})"
            if row.get("memory") is not None:
                found, most = f"a fit adds {row['memory']:.0f} MB", row["memory_limit"]
                yield row["memory"] <= most, f"{where}: {found} (at most {most:.0f})"
        elif row.get("ratio") is not None:
            found = f"takes {'> ' if row.get('is_lost') else ''}{row['ratio']:.3g} times as long"
            kept = row.get("is_lost", False) or row["ratio"] >= LEAST_RATIO
            yield kept, f"{where}: {row['who']} {found} as a fit here (at least {LEAST_RATIO:g})"
