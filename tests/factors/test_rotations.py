"""Rotations of loadings: criteria, transformations, and solutions that are published."""

from functools import cache

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.linalg import eigh
from scipy.optimize import check_grad, minimize

from sklearn_helmholtz.factors import rotations
from sklearn_helmholtz.factors.rotations import METHODS, rotate
from tests import harman74

ORTHOGONAL = ["varimax", "quartimax", "equamax"]
OBLIQUE = ["promax", "oblimin", "geomin"]
LEAST = [*ORTHOGONAL, "oblimin", "geomin"]


def table(text):
    """Numbers in rows; NaN for a dot."""
    rows = [row.split() for row in text.strip().splitlines()]
    return np.array([[np.nan if entry == "." else float(entry) for entry in row] for row in rows])


# What R 2.13.0 prints for examples of Harman74.cor and ability.cov: uniquenesses and loadings of
# ``factanal``; loadings below 0.1 are left out. tests/Examples/datasets-Ex.Rout.save in
# https://github.com/wch/r-source, commit 0044f6e9d583aec2a826aa51f3354f64a3e63a82.
R_UNIQUENESSES = table("""
.438 .780 .644 .651 .352 .312 .283 .485 .257 .240 .551 .435
.491 .646 .696 .549 .598 .593 .762 .592 .583 .601 .497 .500
""").ravel()
R_VARIMAX = table("""
.160 .689 .187 .160
.117 .436 . .
.137 .570 . .110
.233 .527 . .
.739 .185 .213 .150
.767 .205 . .233
.806 .197 .153 .
.569 .339 .242 .132
.806 .201 . .227
.167 -.118 .831 .166
.180 .120 .512 .374
. .210 .716 .
.188 .438 .525 .
.197 . . .553
.122 .116 . .520
. .408 . .525
.142 . .219 .574
. .293 .336 .456
.148 .239 .161 .365
.378 .402 .118 .301
.175 .381 .438 .223
.366 .399 .123 .301
.369 .500 .244 .239
.370 .158 .496 .304
""")
R_VARIMAX_SUMS = 3.647, 2.872, 2.657, 2.290
R_PROMAX = table("""
.831 . -.127 . .230
.534 . . . .
.736 . -.290 . .136
.647 . . -.104 .
. .764 . . .
. .845 -.140 .140 .
. .872 . -.140 .
.277 .505 .104 . .
. .846 -.108 . .
-.334 . 1.012 . .
. .112 .288 .486 .424
.206 -.200 .722 . .185
.542 . .247 . .618
-.126 .127 -.103 .657 .
. . . .568 .
.399 -.142 -.207 .562 .
-.108 . .107 .613 .
.255 -.230 .211 .413 .
.187 . . .347 .
.404 .169 . .117 -.203
.393 . .368 . .
.381 .188 . .169 .
.555 .126 .127 . .
. .197 .500 .139 .
""")
R_PROMAX_SUMS = 3.529, 3.311, 2.367, 2.109, 0.762
R_ABILITY_VARIMAX = table("""
.499 .543
.156 .622
.206 .860
.109 .468
.956 .182
.785 .225
""")
R_ABILITY_PROMAX = table("""
.364 .470
. .671
. .932
. .508
1.023 .
.811 .
""")

# Loadings of R's ability.cov, two factors, as GPArotation rotates them without normalisation:
# tests/rotations.R of https://github.com/cran/GPArotation, commit
# d544643665387771cab3abe23a80afb097c7533e.
ABILITY_VARIMAX = table("""
.515866523962843160 .527879475961036904
.175054634278874244 .616460231981747930
.232057748479543163 .853211588623112749
.122822468397975171 .464213243286899446
.961376376417989453 .152689863976982837
.791292800869773050 .200653429940987366
""")
ABILITY = {
    "varimax": ABILITY_VARIMAX,
    "quartimax": table("""
.534721263659975854 .508771247100584523
.197355957387199576 .609686779159006154
.262930651479430233 .844208674501022327
.139621992686633722 .459439868910532512
.966292974385164483 .117629160286744874
.798066049992627313 .171745962120156664
"""),
    "oblimin": table("""
.3863615904740822504 .4745127741495974161
-.0110059418769087539 .6458720769633764514
-.0262926272350604423 .8961141105684561348
-.0180200526810754824 .4882928281695405048
.9900944939102318543 -.0370718282544326011
.7905657274265397438 .0526109550054999417
"""),
    "geomin": table("""
.39672053553904490508 .4713295988080449250
.00424452688463150020 .6389466007374070555
-.00510976786312981532 .8864521406378518265
-.00646959173137159373 .4830101828530461994
.98709860078485589518 -.0318959930081098297
.79011178369962709045 .0558689642678330683
"""),
}

# Harman's eight physical variables: http://www.stat.ucla.edu/research/gpa (Bernaards & Jennrich),
# as statsmodels quotes it, statsmodels/multivariate/factor_rotation/tests/test_rotation.py of
# https://github.com/statsmodels/statsmodels.
PHYSICAL = table("""
.830 -.396
.818 -.469
.777 -.470
.798 -.401
.786 .500
.672 .458
.594 .444
.647 .333
""")
PHYSICAL_QUARTIMAX = table("""
.89876 .19482
.93394 .12974
.90213 .10386
.87651 .17128
.31558 .87647
.25113 .77349
.19801 .71468
.30786 .65933
""")
PHYSICAL_QUARTIMIN = table("""
.891822 .056015
.953680 -.023246
.929150 -.046503
.876683 .033658
.013701 .925000
-.017265 .821253
-.052445 .764953
.085890 .683115
""")

# What SPSS prints, all with Kaiser's normalisation: https://psych.unl.edu/psycrs/statpage/pc_rot.pdf
# as tests/KaiserNormalization.R of https://github.com/cran/GPArotation quotes it, commit
# 4efcede32c705fc49e3a33060576204351ffeb0d.
SPSS = table("""
.758 .413 .001164
.693 .489 -.199
.362 .656 -.204
.826 .06589 .235
.540 -.510 .441
.654 -.335 .507
-.349 .539 .669
-.580 .450 .551
""")
SPSS_QUARTIMAX = table("""
.814 .285 -.0499
.856 .08321 -.135
.746 -.203 .07244
.576 .634 -.0873
-.0610 .850 -.142
.129 .882 -.0386
.02063 -.0415 .927
-.181 -.220 .873
""")
SPSS_PATTERN = table("""
.241 .787 -.0136
.01783 .848 -.119
-.240 .779 .06824
.608 .507 -.0252
.858 -.163 -.0726
.896 .03050 .03954
.09405 .07397 .949
-.0861 -.113 .875
""")
SPSS_STRUCTURE = table("""
.379 .829 -.146
.191 .862 -.203
-.123 .731 .051
.701 .613 -.218
.847 -.010 -.261
.891 .180 -.176
-.118 .000 .919
-.313 -.211 .906
""")

# Thurstone's 26 measures of boxes, parsimax and equamax, to five decimals of those in
# tests/rotations.R of https://github.com/cran/GPArotation, commit as above.
BOXES_PARSIMAX = table("""
.72018 -.28208 .61375
-.06794 .60108 .75902
.67072 .71741 -.02779
.35650 .21691 .89647
.89054 .29613 .32691
.34192 .83959 .40724
.55518 .01814 .81939
.17918 .42323 .86513
.87352 .07078 .44815
.92542 .50189 .23473
.18713 .79756 .54344
.46430 .83296 .26194
.67932 -.70709 -.16949
-.67932 .70709 .16949
.01264 -.79600 .58165
-.01264 .79600 -.58165
-.70051 -.03493 .70917
.70051 .03493 -.70917
.27647 .27829 .89339
.89573 .32129 .27908
.34556 .82872 .42365
.27880 .28374 .87791
.86544 .33313 .27061
.33901 .79992 .43966
.58554 .50300 .61711
.51067 .57822 .58321
""")
BOXES_EQUAMAX = table("""
.51181 .12525 .83503
.21128 .94699 .02470
.92367 .18615 -.27837
.41427 .72438 .53053
.92710 .17106 .31440
.68551 .68739 -.21267
.50098 .49859 .69310
.35025 .86314 .30330
.80920 .14681 .54086
1.05194 .20233 .12602
.52825 .81456 -.15456
.79178 .53532 -.25401
.28376 -.71323 .63322
-.28376 .71323 -.63322
-.35198 .01456 .92086
.35198 -.01456 -.92086
-.64124 .73404 .21181
.64124 -.73404 -.21181
.37092 .77820 .45701
.94327 .14589 .26909
.68377 .69328 -.19361
.37551 .76838 .44446
.92170 .15423 .24471
.66481 .69181 -.16593
.74895 .59853 .23984
.71656 .63432 .13943
""")


def loadings_of(n_features=12, n_factors=3, seed=0):
    return np.random.default_rng(seed).standard_normal((n_features, n_factors))


def random_rotation(n_factors, rng):
    return np.linalg.qr(rng.standard_normal((n_factors, n_factors)))[0]


def random_transformation(method, n_factors, rng):
    """Orthogonal, or of columns of length one."""
    if not METHODS[method].is_oblique:
        return random_rotation(n_factors, rng)
    T = rng.standard_normal((n_factors, n_factors))
    return T / np.linalg.norm(T, axis=0)


def seen(loadings, method):
    """The loadings as the criterion sees them."""
    lengths = np.linalg.norm(loadings, axis=1, keepdims=True)
    return loadings / lengths if METHODS[method].normalise else loadings


def transformed(loadings, T):
    return loadings @ np.linalg.inv(T).T


def value_of(loadings, method, T):
    return METHODS[method].criterion(transformed(seen(loadings, method), T))[0]


@cache
def maximum_likelihood(n_factors):
    """Uniquenesses and loadings of Harman's tests, the latter unrotated (Lawley & Maxwell 1971)."""
    R = harman74.correlations()

    def parts(logs):
        scale = np.exp(-logs / 2)
        values, vectors = eigh(R * scale * scale[:, None])
        return values[::-1], vectors[:, ::-1]

    def objective(logs):
        values, vectors = parts(logs)
        rest, of_factors = values[n_factors:], vectors[:, :n_factors] ** 2
        gradient = 1 - np.exp(-logs) + of_factors @ (values[:n_factors] - 1)
        return (rest - np.log(rest) - 1).sum(), gradient

    start = np.log((1 - n_factors / 48) / np.diag(np.linalg.inv(R)))
    logs = minimize(objective, start, jac=True, method="L-BFGS-B", options={"ftol": 1e-15}).x
    values, vectors = parts(logs)
    gains = np.sqrt(values[:n_factors] - 1)
    return np.exp(logs), vectors[:, :n_factors] * gains * np.exp(logs / 2)[:, None]


# The criteria


@pytest.mark.parametrize("method", METHODS)
def test_gradients_are_those_of_finite_differences(method):
    criterion, loadings = METHODS[method].criterion, loadings_of()
    error = check_grad(
        lambda flat: criterion(flat.reshape(loadings.shape))[0],
        lambda flat: criterion(flat.reshape(loadings.shape))[1].ravel(),
        loadings.ravel(),
    )
    assert error < 1e-4


def test_crawford_and_fergusons_criterion_is_the_sum_it_is_defined_by():
    squares, kappa = loadings_of(5, 3) ** 2, 0.3
    p, m = squares.shape
    rows = sum(
        squares[i, j] * squares[i, k]
        for i in range(p)
        for j in range(m)
        for k in range(m)
        if j != k
    )
    columns = sum(
        squares[i, j] * squares[h, j]
        for j in range(m)
        for i in range(p)
        for h in range(p)
        if i != h
    )
    value, _ = rotations.crawford_ferguson(loadings_of(5, 3), kappa)
    assert value == pytest.approx((1 - kappa) / 4 * rows + kappa / 4 * columns)


def test_varimax_is_kaisers_criterion_but_for_a_constant():
    loadings, rng = loadings_of(), np.random.default_rng(1)
    kaiser, ours = [], []
    for _ in range(5):
        turned = loadings @ random_rotation(3, rng)
        kaiser.append(np.var(turned**2, axis=0).sum())
        ours.append(rotations.varimax(turned)[0])
    assert_allclose(np.diff(ours), -len(loadings) / 4 * np.diff(kaiser))


def test_quartimax_makes_the_sum_of_fourth_powers_highest():
    loadings, rng = loadings_of(), np.random.default_rng(1)
    highest = (rotate(loadings, "quartimax", normalise=False).loadings ** 4).sum()
    turned = [(loadings @ random_rotation(3, rng)) ** 4 for _ in range(100)]
    assert highest > max(powers.sum() for powers in turned)


def test_equamax_weighs_columns_by_the_number_of_factors():
    loadings = loadings_of(10, 4)
    expected = rotations.crawford_ferguson(loadings, 4 / 20)
    assert_allclose(rotations.equamax(loadings)[0], expected[0])


def test_geomin_is_the_sum_of_geometric_means():
    loadings = loadings_of(7, 3)
    expected = (np.prod(loadings**2 + 0.01, axis=1) ** (1 / 3)).sum()
    assert rotations.geomin(loadings)[0] == pytest.approx(expected)


# The transformations


@pytest.mark.parametrize("n_factors", [2, 3, 5])
@pytest.mark.parametrize("method", METHODS)
def test_rotations_explain_what_the_loadings_did(method, n_factors):
    loadings = loadings_of(12, n_factors)
    found = rotate(loadings, method, n_starts=3)
    explained = found.loadings @ found.factor_correlation @ found.loadings.T
    assert_allclose(explained, loadings @ loadings.T, atol=1e-12)
    assert_allclose(found.loadings, transformed(loadings, found.transformation), atol=1e-12)
    assert_allclose(found.structure, loadings @ found.transformation, atol=1e-12)
    assert found.converged


@pytest.mark.parametrize("method", METHODS)
def test_transformations_have_columns_of_length_one(method):
    found = rotate(loadings_of(), method)
    T = found.transformation
    assert_allclose(T.T @ T, found.factor_correlation, atol=1e-14)
    assert_array_equal(np.diag(found.factor_correlation), 1)
    if method in ORTHOGONAL:
        assert_array_equal(found.factor_correlation, np.eye(3))
    else:
        assert np.abs(found.factor_correlation - np.eye(3)).max() > 0.01


def test_methods_say_whether_they_are_oblique():
    assert [name for name, method in METHODS.items() if method.is_oblique] == OBLIQUE


@pytest.mark.parametrize("method", METHODS)
def test_factors_are_in_order_and_have_signs(method):
    loadings = loadings_of(12, 4, seed=3)
    found = rotate(loadings, method, n_starts=5)
    assert (np.diff((found.loadings**2).sum(axis=0)) <= 0).all()
    assert (found.loadings.sum(axis=0) >= 0).all()


@pytest.mark.parametrize("method", METHODS)
def test_rotations_do_not_depend_on_how_loadings_are_turned(method):
    loadings = table_of_tests()
    turned = loadings @ random_rotation(4, np.random.default_rng(2))
    first, second = (rotate(given, method) for given in (loadings, turned))
    assert_allclose(first.loadings, second.loadings, atol=1e-6)
    assert_allclose(first.factor_correlation, second.factor_correlation, atol=1e-6)


def table_of_tests():
    """Loadings of Harman's 24 tests on four factors."""
    return maximum_likelihood(4)[1]


@pytest.mark.parametrize("method", ["varimax", "promax", "oblimin"])
@pytest.mark.parametrize("scale", [1e-4, 1e3])
def test_rotations_do_not_depend_on_the_unit_of_measurement(method, scale):
    first, second = (rotate(given, method) for given in (PHYSICAL, PHYSICAL * scale))
    assert_allclose(second.loadings, first.loadings * scale, rtol=1e-6, atol=1e-7 * scale)
    assert second.converged


@pytest.mark.parametrize("method", METHODS)
def test_one_factor_gets_its_sign_and_no_factor_nothing(method):
    loadings = -np.abs(loadings_of(6, 1))
    found = rotate(loadings, method)
    assert_array_equal(found.loadings, -loadings)
    assert_array_equal(found.transformation, [[-1]])
    assert_array_equal(found.factor_correlation, [[1]])
    none = rotate(np.empty((6, 0)), method)
    assert none.loadings.shape == (6, 0)
    assert none.structure.shape == (6, 0)
    assert none.factor_correlation.shape == (0, 0)
    assert found.converged
    assert none.converged


@pytest.mark.parametrize("method", METHODS)
def test_factors_without_loadings_stay_without(method):
    loadings = np.insert(PHYSICAL, 1, 0, axis=1)
    found, alone = rotate(loadings, method), rotate(PHYSICAL, method)
    assert_allclose(found.loadings[:, :2], alone.loadings, atol=1e-6)
    assert_allclose(found.loadings[:, 2], 0, atol=1e-12)
    assert_allclose(found.factor_correlation[2], [0, 0, 1], atol=1e-12)
    assert found.converged
    nothing = rotate(np.zeros((5, 2)), method)
    assert_array_equal(nothing.loadings, 0)
    assert_array_equal(nothing.factor_correlation, np.eye(2))


@pytest.mark.parametrize("method", METHODS)
def test_features_without_loadings_do_no_harm(method):
    found = rotate(np.vstack([PHYSICAL, np.zeros((2, 2))]), method, normalise=True)
    assert np.isfinite(found.loadings).all()
    assert_allclose(found.loadings[8:], 0, atol=1e-12)


def test_the_given_loadings_stay_as_they_are():
    loadings = loadings_of()
    rotate(loadings, "geomin", n_starts=2)
    assert_array_equal(loadings, loadings_of())


def test_the_same_seed_finds_the_same_rotation():
    first, second = (rotate(loadings_of(), "geomin", rng=5) for _ in range(2))
    assert_array_equal(first.loadings, second.loadings)


def test_a_rotation_that_is_cut_short_says_so(monkeypatch):
    monkeypatch.setattr(rotations, "_MOST_STEPS", 2)
    assert not rotate(loadings_of(), "oblimin").converged
    assert not rotate(loadings_of(), "promax").converged


@pytest.mark.parametrize(
    ("values", "converged", "best"),
    [((1.0, 0.5), (True, False), 1), ((0.5, 0.5 + 1e-12), (False, True), 1), ((0.5, 1), (1, 1), 0)],
)
def test_the_least_value_is_kept_and_of_equals_what_converged(monkeypatch, values, converged, best):
    ends = iter(zip("ab", values, converged, strict=True))
    monkeypatch.setattr(rotations, "_descend", lambda *_: next(ends))
    found = rotations._best(PHYSICAL, METHODS["varimax"], [None, None])
    assert found == ("ab"[best], converged[best])


def test_promax_that_one_feature_outweighs_stays_orthogonal():
    loadings = loadings_of() * np.append(1e6, np.ones(11))[:, None]
    found, varimax = rotate(loadings, "promax"), rotate(loadings, "varimax")
    assert not found.converged
    assert_allclose(found.loadings, varimax.loadings)


def test_unknown_methods_are_named():
    with pytest.raises(ValueError, match=r"one of varimax, .*; it is 'quadrimax'"):
        rotate(PHYSICAL, "quadrimax")


# That criteria are least


@pytest.mark.parametrize("method", LEAST)
def test_no_random_transformation_is_better(method):
    loadings, rng = table_of_tests(), np.random.default_rng(4)
    found = rotate(loadings, method)
    least = value_of(loadings, method, found.transformation)
    others = [value_of(loadings, method, random_transformation(method, 4, rng)) for _ in range(50)]
    assert least < min(others)
    for size in (1e-1, 1e-2, 1e-3):  # nor any near it
        for _ in range(50):
            near = found.transformation + size * rng.standard_normal((4, 4))
            if METHODS[method].is_oblique:
                near /= np.linalg.norm(near, axis=0)
            else:
                near = np.linalg.qr(near)[0]
            assert value_of(loadings, method, near) > least


@pytest.mark.parametrize("method", LEAST)
def test_the_gradient_vanishes(method):
    # By finite differences along great circles of the columns, or of planes of factors.
    loadings = table_of_tests()
    T, size = rotate(loadings, method).transformation, 1e-5
    if METHODS[method].is_oblique:
        pairs = [(j, k) for j in range(4) for k in range(4) if j != k]
    else:
        pairs = [(j, k) for j in range(4) for k in range(j)]
    for j, k in pairs:
        values = []
        for angle in (size, -size):
            turned = T.copy()
            turned[:, j] = np.cos(angle) * T[:, j] + np.sin(angle) * T[:, k]
            if METHODS[method].is_oblique:
                turned[:, j] /= np.linalg.norm(turned[:, j])
            else:
                turned[:, k] = np.cos(angle) * T[:, k] - np.sin(angle) * T[:, j]
            values.append(value_of(loadings, method, turned))
        assert abs(values[0] - values[1]) / (2 * size) < 1e-7


@pytest.mark.parametrize("method", LEAST)
def test_no_restart_is_better(method):
    loadings = seen(BOXES_PARSIMAX, method)
    least = value_of(loadings, method, rotate(loadings, method).transformation)
    for seed in range(8):
        again = rotate(loadings, method, n_starts=8, rng=seed + 100).transformation
        assert least <= value_of(loadings, method, again) + 1e-9


def test_more_starts_find_a_better_minimum():
    # Geomin of loadings without a simple structure has many.
    loadings = loadings_of(60, 8)
    one, some = (rotate(loadings, "geomin", n_starts=n).transformation for n in (1, 6))
    values = [value_of(loadings, "geomin", T) for T in (one, some)]
    assert values[1] < 0.99 * values[0]


@pytest.mark.parametrize("method", ORTHOGONAL)
def test_loadings_where_the_criterion_is_highest_are_left(method):
    # The gradient vanishes there as well.
    simple = np.repeat(np.eye(2), 4, axis=0)
    halfway = simple @ np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    assert_allclose(np.sort(np.abs(rotate(halfway, method).loadings), axis=1)[:, 0], 0, atol=1e-7)


# What is planted, and what is published


def simple_structure(n_factors=3, n_each=4):
    """Each feature loads on one factor; sums of squares fall."""
    rng = np.random.default_rng(6)
    block = np.repeat(np.eye(n_factors), n_each, axis=0)
    sizes = rng.uniform(0.5, 0.6, len(block)) + np.repeat(0.1 * np.arange(n_factors)[::-1], n_each)
    return block * sizes[:, None]


@pytest.mark.parametrize("method", METHODS)
def test_a_simple_structure_is_found_again(method):
    simple = simple_structure()
    turned = simple @ random_rotation(3, np.random.default_rng(7))
    found = rotate(turned, method)
    assert_allclose(found.loadings, simple, atol=1e-6)
    assert_allclose(found.factor_correlation, np.eye(3), atol=1e-6)


@pytest.mark.parametrize("method", ["oblimin", "geomin"])
def test_correlated_factors_are_found_again(method):
    simple = simple_structure()
    correlation = np.array([[1, 0.5, 0.3], [0.5, 1, -0.2], [0.3, -0.2, 1]])
    turned = simple @ np.linalg.cholesky(correlation) @ random_rotation(3, np.random.default_rng(8))
    found = rotate(turned, method)
    atol = {"oblimin": 1e-6, "geomin": 0.02}[method]  # epsilon moves the minimum
    assert_allclose(found.loadings, simple, atol=atol)
    assert_allclose(found.factor_correlation, correlation, atol=atol)


def test_promax_finds_nearly_the_correlated_factors_that_varimax_misses():
    simple = simple_structure()
    correlation = np.full((3, 3), 0.4) + 0.6 * np.eye(3)
    turned = simple @ np.linalg.cholesky(correlation)
    errors = [np.abs(rotate(turned, m).loadings - simple).max() for m in ("promax", "varimax")]
    assert errors[0] < 0.03
    assert errors[1] > 0.1


def assert_published(found, printed, atol=6e-4):
    """Equal to what is printed; entries that are not are below 0.1."""
    given = ~np.isnan(printed)
    assert_allclose(found[given], printed[given], rtol=0, atol=atol)
    assert (np.abs(found[~given]) < 0.1 + atol).all()


def iterated_varimax(loadings, tolerance):
    """Kaiser's varimax, normalised, by singular values until their sum rises by less (Horst 1965).

    The ``varimax`` of R, whose tolerance is 1e-5.
    """
    rows = loadings / np.linalg.norm(loadings, axis=1, keepdims=True)
    T, total = np.eye(loadings.shape[1]), 0
    while True:
        turned = rows @ T
        left, values, right = np.linalg.svd(
            rows.T @ (turned**3 - turned * (turned**2).mean(axis=0))
        )
        T = left @ right
        if values.sum() < total * (1 + tolerance):
            return T
        total = values.sum()


def promax_of_r(loadings):
    """Ours, after the varimax of R, which ends early."""
    T = iterated_varimax(loadings, 1e-5)
    T = T @ rotations._towards_powers(loadings @ T, 4)
    return rotations._in_order(loadings, T, True, True).loadings


def test_harmans_correlations_are_correlations():
    R = harman74.correlations()
    assert R.shape == (24, 24)
    assert len(set(harman74.NAMES)) == 24
    assert_array_equal(R, R.T)
    assert_array_equal(np.diag(R), 1)
    assert np.linalg.eigvalsh(R)[0] > 0.1
    # Means and medians of its columns in R's seriation::Psych24, here those of the first and last.
    assert_allclose(R.mean(axis=0)[[0, -1]], [0.3553, 0.3842], atol=5.1e-5)
    assert_allclose(np.median(R, axis=0)[[0, -1]], [0.3290, 0.3815], atol=5.1e-5)


def test_varimax_of_harmans_tests_is_that_of_r():
    uniquenesses, loadings = maximum_likelihood(4)
    assert_published(uniquenesses, R_UNIQUENESSES)
    found = rotate(loadings, "varimax")
    assert_published(found.loadings, R_VARIMAX)
    assert_allclose((found.loadings**2).sum(axis=0), R_VARIMAX_SUMS, atol=6e-4)


def test_varimax_is_where_singular_values_lead():
    loadings = table_of_tests()
    T = iterated_varimax(loadings, 1e-15)
    expected = rotations._in_order(loadings, T, False, True)
    assert_allclose(rotate(loadings, "varimax").loadings, expected.loadings, atol=1e-6)


def test_promax_of_harmans_tests_is_that_of_r():
    _, loadings = maximum_likelihood(5)
    found = promax_of_r(loadings)
    assert_published(found, R_PROMAX)
    assert_allclose((found**2).sum(axis=0), R_PROMAX_SUMS, atol=6e-4)
    assert_published(rotate(loadings, "promax").loadings, R_PROMAX, atol=4e-3)


def test_varimax_and_promax_of_ability_are_those_of_r():
    uniquenesses = 1 - (ABILITY_VARIMAX**2).sum(axis=1)
    _, axes = np.linalg.eigh((ABILITY_VARIMAX.T / uniquenesses) @ ABILITY_VARIMAX)
    unrotated = ABILITY_VARIMAX @ axes[:, ::-1]
    early = unrotated @ iterated_varimax(unrotated, 1e-5)
    assert_published(in_our_order(early), R_ABILITY_VARIMAX)
    assert_published(rotate(unrotated, "varimax").loadings, R_ABILITY_VARIMAX, atol=3e-3)
    assert_published(promax_of_r(unrotated), R_ABILITY_PROMAX)
    assert_published(rotate(unrotated, "promax").loadings, R_ABILITY_PROMAX, atol=1e-3)


@pytest.mark.parametrize("method", ABILITY)
def test_ability_is_rotated_as_by_gparotation(method):
    turned = ABILITY_VARIMAX @ random_rotation(2, np.random.default_rng(9))
    found = rotate(turned, method, normalise=False).loadings
    assert_published(found, in_our_order(ABILITY[method]), atol=5e-6)


def in_our_order(loadings):
    order = np.argsort(-(loadings**2).sum(axis=0))
    return loadings[:, order] * np.sign(loadings.sum(axis=0))[order]


def test_physical_variables_are_rotated_as_by_bernaards_and_jennrich():
    # Which ends where the gradient is 1e-5.
    quartimax = rotate(PHYSICAL, "quartimax", normalise=False).loadings
    assert_published(quartimax, PHYSICAL_QUARTIMAX, atol=1.1e-5)
    assert_published(rotate(PHYSICAL, "oblimin").loadings, PHYSICAL_QUARTIMIN, atol=6e-6)


def test_normalised_rotations_are_those_of_spss():
    # From loadings of three decimals; SPSS stops early in oblimin.
    quartimax = rotate(SPSS, "quartimax").loadings
    assert_allclose(quartimax, SPSS_QUARTIMAX, atol=1.1e-3)
    oblimin = rotate(SPSS, "oblimin", normalise=True)
    columns = [1, 0, 2]
    assert_allclose(oblimin.loadings, SPSS_PATTERN[:, columns], atol=3e-3)
    assert_allclose(oblimin.structure, SPSS_STRUCTURE[:, columns], atol=4e-3)


def test_equamax_of_boxes_by_gparotation_is_a_minimum_and_ours_is_lower():
    # What is printed was found from one start.
    near = rotate(BOXES_EQUAMAX, "equamax", normalise=False, n_starts=1)
    assert_published(near.loadings, in_our_order(BOXES_EQUAMAX), atol=2e-4)
    best = rotate(BOXES_PARSIMAX, "equamax", normalise=False)
    values = [rotations.equamax(loadings)[0] for loadings in (best.loadings, BOXES_EQUAMAX)]
    assert values[0] < values[1] - 0.005
