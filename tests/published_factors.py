"""Correlations with published factor analyses, and what R's programs print for them.

``HOLZINGER`` : covariances, with the number of rows as the divisor, of nine tests of 301 pupils
(Holzinger & Swineford 1939), as lavaan has them in ``HolzingerSwineford1939``; ``PHYSICAL`` :
correlations of eight measurements of 305 girls, table 2.3 of Harman (1976), Modern factor analysis,
in R's ``datasets::Harman23.cor``; ``THURSTONE`` : of nine tests of 213 pupils (Bechtoldt 1961;
McDonald 1999), in psych's ``Thurstone``; ``TWINS`` : of ten columns of 1678 pupils, test02.csv of
the tests of factor_analyzer.

`published` has what was printed, to its digits, and what computes the same here. Sources:

* R : tests/Examples/datasets-Ex.Rout.save in https://github.com/wch/r-source, commit
  0044f6e9d583aec2a826aa51f3354f64a3e63a82, ``factanal`` of R 2.13.0.
* psych : ``fa(..., nfactors = 3, fm = "ml")`` of the nine tests, as a lesson on factor analysis
  prints it (lavaan 0.6-19 beside it); ``KMO(Thurstone)`` in the manual of psych.
* lavaan : ``summary(cfa(...), fit.measures = TRUE)`` of the tutorial, https://lavaan.ugent.be.
* factor_analyzer : tests and R's results in https://github.com/EducationalTestingService/
  factor_analyzer.
"""

import functools
import warnings
from dataclasses import dataclass

import numpy as np

from sklearn_helmholtz import FactorAnalysis, bartlett_sphericity, kaiser_meyer_olkin
from sklearn_helmholtz.factors import fit_measures
from tests import harman74


def symmetric(text, is_lower=True, diagonal=None):
    """A symmetric matrix of its triangle, row by row; diagonal : of it, where it is left out."""
    values = np.array(text.split(), float)
    offset = 0 if diagonal is None else 1
    n = int(np.sqrt(2 * len(values))) + offset
    matrix = np.zeros((n, n))
    places = np.tril_indices(n, -offset) if is_lower else np.triu_indices(n, offset)
    matrix[places] = values
    matrix.T[places] = values
    if diagonal is not None:
        np.fill_diagonal(matrix, diagonal)
    return matrix


HOLZINGER = symmetric("""
1.3583698
0.4073713 1.3817839
0.5798993 0.4510639 1.2748649
0.5048350 0.2089234 0.2081696 1.3506645
0.4406155 0.2110911 0.1122963 1.0977528 1.6597858
0.4548081 0.2475446 0.2441090 0.8955157 1.0145240 1.1963584
0.0847654 -0.0967510 0.0883418 0.2197426 0.1429995 0.1440784 1.1831395
0.2638377 0.1096594 0.2123226 0.1255933 0.1806052 0.1654310 0.5352452 1.0219828
0.4583385 0.2440095 0.3738526 0.2433627 0.2952413 0.2359969 0.3732972 0.4573166 1.0150039
""")
PHYSICAL = symmetric("""
.846 .805 .859 .473 .398 .301 .382
.881 .826 .376 .326 .277 .415
.801 .380 .319 .237 .345
.436 .329 .327 .365
.762 .730 .629
.583 .577
.539
""", is_lower=False, diagonal=1)  # fmt: skip
THURSTONE = symmetric("""
.828 .776 .439 .432 .447 .447 .541 .380
.779 .493 .464 .489 .432 .537 .358
.460 .425 .443 .401 .534 .359
.674 .590 .381 .350 .424
.541 .402 .367 .446
.288 .320 .325
.555 .598
.452
""", is_lower=False, diagonal=1)  # fmt: skip
TWINS = symmetric("""
0.0151220
-0.0003476 0.0643250
0.0006826 0.0409597 0.6063889
0.0211900 0.0210271 0.4007213 0.4861943
0.1150585 0.0493650 0.1465474 0.2097000 0.1856548
-0.2751940 0.0288152 0.1603979 0.2377258 0.2241203 0.5442952
-0.1159411 -0.0078153 0.1571116 0.2300254 0.2065759 0.6314172 0.6084636
-0.2158097 0.0398510 0.1423541 0.1722491 0.1701047 0.5756799 0.6580809 0.6668923
-0.0111004 0.0100482 0.1934146 0.2646766 0.2495338 0.6689717 0.5556337 0.7694074 0.5984663
""", diagonal=1)  # fmt: skip

N_PUPILS, N_GIRLS, N_TWINS = 301, 305, 1678


@dataclass(frozen=True)
class Published:
    """A number that was printed, and the same here.

    data, statistic, source : of words; printed : as it was; ours : float; why : they differ by more
    than rounding, if they do.
    """

    data: str
    statistic: str
    printed: str
    ours: float
    source: str
    why: str = ""

    @property
    def shown(self):
        """Our number with as many digits."""
        if "e" in self.printed:
            return f"{self.ours:.{len(self.printed.split('e')[0]) - 2}e}"
        return f"{self.ours:.{len(self.printed.partition('.')[2])}f}"

    @property
    def agrees(self):
        """Whether our number rounds to what was printed."""
        return float(self.shown) == float(self.printed)


@functools.cache
def fitted(data, n_factors, rotation=None):
    """The model of a matrix by its name."""
    matrix, n = {
        "holzinger": (HOLZINGER, N_PUPILS),
        "physical": (PHYSICAL, N_GIRLS),
        "harman74": (harman74.correlations(), harman74.N_PUPILS),
        "twins": (TWINS, N_TWINS),
    }[data]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Heywood case")
        return FactorAnalysis.from_covariance(matrix, n, n_components=n_factors, rotation=rotation)


# Estimates that lavaan prints for the model of three factors with three tests each.
CFA_LOADINGS = np.zeros((9, 3))
CFA_LOADINGS[np.arange(9), np.repeat([0, 1, 2], 3)] = (
    0.900, 0.498, 0.656, 0.990, 1.102, 0.917, 0.619, 0.731, 0.670
)  # fmt: skip
CFA_CORRELATIONS = np.array([[1, 0.459, 0.471], [0.459, 1, 0.283], [0.471, 0.283, 1]])
CFA_NOISE = 0.549, 1.134, 0.844, 0.371, 0.446, 0.356, 0.799, 0.488, 0.566


def published():
    """All `Published` numbers."""
    yield from _lavaan()
    yield from _psych()
    yield from _factanal()
    yield from _factor_analyzer()


def _lavaan():
    """The tests of nine, of the saturated, the baseline and a confirmatory model."""
    data, source = "Holzinger & Swineford, 9 tests", "lavaan, cfa"
    fit = fitted("holzinger", 3).fit_statistics()
    T, df, T_0, df_0, n = 85.306, 24, fit.baseline_chi_square, fit.baseline_df, N_PUPILS
    low, high = fit_measures.rmsea_interval(T, df, n)
    model = FactorAnalysis.from_parameters(
        CFA_LOADINGS.T, CFA_NOISE, factor_correlation=CFA_CORRELATIONS
    )
    residuals = fit_measures.residual_correlations(HOLZINGER, model.get_covariance())
    for statistic, printed, ours in [
        ("log-likelihood, saturated", "-3695.092", fit.saturated_log_likelihood),
        ("chi square, baseline", "918.852", T_0),
        ("df, baseline", "36", df_0),
        ("CFI of T = 85.306, df 24", "0.931", fit_measures.comparative_fit(T, df, T_0, df_0)),
        ("TLI of the same", "0.896", fit_measures.tucker_lewis(T, df, T_0, df_0)),
        ("RMSEA of the same", "0.092", fit_measures.rmsea(T, df, n)),
        ("RMSEA, lower end", "0.071", low),
        ("RMSEA, upper end", "0.114", high),
        ("p of RMSEA <= 0.05", "0.001", fit_measures.p_close(T, df, n)),
        ("SRMR of its estimates", "0.065", fit_measures.standardized_residual(residuals)),
    ]:
        yield Published(data, statistic, printed, ours, source)


def _psych():
    """Fit and variances of three factors of nine tests, and the adequacy of two matrices."""
    data, source = "Holzinger & Swineford, 9 tests", "psych, fa(3, fm = ml)"
    model, n = fitted("holzinger", 3), N_PUPILS
    fit, varimax = model.fit_statistics(), model.rotate("varimax")
    T, df = fit.bartlett_chi_square, fit.df
    sphericity = bartlett_sphericity(covariance=HOLZINGER, n_samples=n)
    T_0 = sphericity.chi_square
    low, high = fit_measures.rmsea_interval(T, df, n)
    rows = [
        ("chi square, null model", "904.1", T_0),
        ("df, null model", "36", sphericity.df),
        ("objective, null model", "3.05", fit.baseline_chi_square / n),
        ("likelihood chi square", "22.38", T),
        ("df", "12", df),
        ("p", "0.034", fit.bartlett_p_value),
        ("objective", "0.08", fit.chi_square / n),
        ("RMSR", "0.02", fit.rmsr),
        ("TLI of these chi squares", "0.964", fit_measures.tucker_lewis(T, df, T_0, 36)),
        ("RMSEA, with N - 1", "0.053", np.sqrt(T / (df * n) - 1 / (n - 1))),
        ("RMSEA, lower end", "0.015", low),
        ("RMSEA, upper end", "0.088", high),
        ("BIC, T - df log N", "-46.11", T - df * np.log(n)),
        ("mean complexity", "1.8", model.complexity_.mean()),
        ("mean complexity, varimax", "1.2", varimax.complexity_.mean()),
    ]
    for name, fit_of, printed in [
        ("SS loadings", model, ("2.72", "1.31", "0.82")),
        ("SS loadings, varimax", varimax, ("2.18", "1.34", "1.33")),
    ]:
        rows += [(f"{name}, {i + 1}", printed[i], fit_of.ss_loadings_[i]) for i in range(3)]
    for name, scored, printed in [
        ("determinacy", model, ("0.95", "0.86", "0.78")),
        ("determinacy, varimax", varimax, ("0.93", "0.81", "0.84")),
    ]:
        rows += [(f"{name}, {i + 1}", printed[i], scored.determinacy_[i]) for i in range(3)]
    adequacy = kaiser_meyer_olkin(covariance=HOLZINGER)
    items = ["0.81", "0.78", "0.73", "0.76", "0.74", "0.81", "0.59", "0.68"]
    rows += [("KMO", "0.75", adequacy.overall)]
    rows += [(f"KMO, x{i + 1}", items[i], adequacy.per_feature[i]) for i in range(8)]
    for row in rows:
        yield Published(data, *row, source)
    adequacy = kaiser_meyer_olkin(covariance=THURSTONE)
    items = ["0.86", "0.86", "0.90", "0.86", "0.88", "0.92", "0.85", "0.93", "0.87"]
    rows = [("KMO", "0.88", adequacy.overall)]
    rows += [(f"KMO, {i + 1}", items[i], adequacy.per_feature[i]) for i in range(9)]
    for row in rows:
        yield Published("Thurstone, 9 tests", *row, "psych, KMO")


R_TESTS = {
    "harman74": ("622.91 252 2.28e-33", "420.24 229 2.01e-13", "295.59 207 5.12e-05",
                 "226.68 186 0.0224", "186.82 166 0.128"),
    "physical": ("611.44 20 1.12e-116", "75.74 13 6.94e-11", "22.81 7 0.00184"),
}  # fmt: skip
R_NAMES = {"harman74": "Harman, 24 tests", "physical": "Harman, 8 measurements"}
R_BOUND = "a Heywood case: R keeps uniquenesses at 0.005"


def _factanal():
    """Tests of one to five factors, and the variances that one factor explains."""
    for data, lines in R_TESTS.items():
        for n_factors, line in enumerate(lines, 1):
            fit = fitted(data, n_factors).fit_statistics()
            ours = fit.bartlett_chi_square, fit.df, fit.bartlett_p_value
            why = R_BOUND if fitted(data, n_factors).heywood_.any() else ""
            for name, printed, value in zip(("chi square", "df", "p"), line.split(), ours,
                                            strict=True):  # fmt: skip
                statistic = f"{name}, {n_factors} factors"
                is_apart = why if name != "df" else ""
                yield Published(R_NAMES[data], statistic, printed, value, "R, factanal", is_apart)
    for data, printed in (("harman74", "7.438"), ("physical", "4.064")):
        ours = fitted(data, 1).ss_loadings_[0]
        yield Published(R_NAMES[data], "SS loadings, 1 factor", printed, ours, "R, factanal")


def _factor_analyzer():
    """Adequacy of one table, and uniquenesses and eigenvalues of two factors."""
    data = "factor_analyzer's test02"
    adequacy, model = kaiser_meyer_olkin(covariance=TWINS), fitted("twins", 2)
    yield Published(data, "KMO", "0.81498", adequacy.overall, "its tests")
    for i, printed in enumerate(["0.40552", "0.56005", "0.70003", "0.70545"]):
        yield Published(data, f"KMO, {i + 1}", printed, adequacy.per_feature[i], "its tests")
    unique = ".9845 .9967 .4970 .2695 .6689 .4409 .4794 .2309 .4066 .2869"
    for i, printed in enumerate(unique.split()):
        statistic = f"uniqueness, {i + 1} (2 factors)"
        yield Published(data, statistic, printed, model.uniquenesses_[i], "psych, fa(2, fm = ml)")
    values = model.eigenvalues()
    for i, printed in enumerate(["3.85128", "1.70923", "1.13256", "0.99990"]):
        statistic = f"eigenvalue, {i + 1}"
        yield Published(data, statistic, printed, values.correlation[i], "psych, fa(2, fm = ml)")
    for i, printed in enumerate(["3.4756", "1.2728", "0.3704", "0.0953"]):
        statistic = f"eigenvalue, reduced, {i + 1}"
        yield Published(data, statistic, printed, values.reduced[i], "psych, fa(2, fm = ml)")
