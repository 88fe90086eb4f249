"""Report of a factor model in the form that R's psych prints."""

import numpy as np

from .results import Result

VARIANCES = (
    "SS loadings", "Proportion Var", "Cumulative Var", "Proportion Explained",
    "Cumulative Proportion",
)  # fmt: skip


class FactorSummary(Result):
    """A `Result` of `FactorAnalysis.summary` that prints as tables."""

    def __repr__(self):
        blocks = [_heads(self), _variances(self), *_correlations(self), _fit(self)]
        return "\n\n".join(blocks)


def listed_order(loadings):
    """Features in the order of the factors on which they load most, largest first, (n_features,).

    Features without loadings come last.
    """
    sizes = np.abs(loadings)
    if not sizes.shape[1]:
        return np.arange(len(loadings))
    largest = sizes.max(axis=1)
    factor = np.where(largest > 0, sizes.argmax(axis=1), sizes.shape[1])
    return np.lexsort((-largest, factor))


def _factors(summary):
    return [f"F{number + 1}" for number in range(summary.loadings.shape[1])]


def _heads(summary):
    """The table of loadings, communalities, uniquenesses and complexities."""
    order = np.arange(len(summary.features))
    order = listed_order(summary.loadings) if summary.sort else order
    cutoff = 0 if summary.cutoff is None else summary.cutoff
    rows = []
    for i in order:
        loads = [f"{v:.2f}" if abs(v) >= cutoff else "" for v in summary.loadings[i]]
        tail = f"{summary.communalities[i]:.2f}", f"{summary.uniquenesses[i]:.2f}"
        rows.append([*loads, *tail, f"{summary.complexity[i]:.1f}"])
    names = [summary.features[i] for i in order]
    table = _table(names, [*_factors(summary), "h2", "u2", "com"], rows)
    return f"Factor analysis by maximum likelihood\nStandardised loadings (pattern matrix)\n{table}"


def _variances(summary):
    """The table of variances explained, and how well scores tell the factors."""
    numbers = [*summary.variances, summary.determinacy]
    rows = [[f"{value:.2f}" for value in row] for row in numbers]
    return _table([*VARIANCES, "Determinacy"], _factors(summary), rows)


def _correlations(summary):
    """The table of the correlations of the factors, if there are any."""
    phi = summary.factor_correlation
    if np.array_equal(phi, np.eye(len(phi))):
        return
    rows = [[f"{value:.2f}" for value in row] for row in phi]
    yield f"Correlations of the factors\n{_table(_factors(summary), _factors(summary), rows)}"


def _table(names, columns, rows):
    """Names of rows at the left, and columns of text at the right of their widths."""
    wide = max(len(name) for name in ["", *names]) + 1
    sizes = [max(map(len, column)) for column in zip(columns, *rows, strict=True)]
    lines = [("", columns), *zip(names, rows, strict=True)]
    return "\n".join(
        name.ljust(wide)
        + "".join(f" {text:>{size}}" for text, size in zip(texts, sizes, strict=True))
        for name, texts in lines
    )


def _fit(summary):
    """Lines on the complexity of all features, and on the fit."""
    mean = f"Mean item complexity {summary.complexity.mean():.1f}"
    fit = summary.fit
    if fit is None:
        return mean
    close = ""
    if fit.rmsea is not None:
        low, high = fit.rmsea_interval
        close = (
            f"RMSEA {fit.rmsea:.3f}, 90 % interval {low:.3f} to {high:.3f}, p close "
            f"{fit.p_close:.3g}\n"
        )
    p = "" if fit.p_value is None else f", p {fit.p_value:.3g}"
    indices = [("CFI", fit.cfi), ("TLI", fit.tli), ("SRMR", fit.srmr)]
    indices = ", ".join(f"{name} {value:.3f}" for name, value in indices if value is not None)
    return (
        f"{mean}\n"
        f"Chi square {fit.chi_square:.2f} on {fit.df} degrees of freedom{p}, of "
        f"{fit.n_samples:g} rows\n"
        f"Chi square of independent features {fit.baseline_chi_square:.2f} on {fit.baseline_df} "
        f"degrees of freedom\n{close}{indices}\n"
        f"log-likelihood {fit.log_likelihood:.2f} (saturated {fit.saturated_log_likelihood:.2f}), "
        f"AIC {fit.aic:.2f}, BIC {fit.bic:.2f}"
    )
