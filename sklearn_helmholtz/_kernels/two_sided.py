"""Draws from two halves of normal distributions that meet at zero: a Laplace prior times a normal.

The density of a number h is in proportion to ``exp(-a h^2 / 2 + c h - s |h|)``. In units of
``1 / sqrt(a)`` either half is the upper tail of a normal distribution, from ``u = (s -
c) / sqrt(a)`` for h > 0 and ``u = (s + c) / sqrt(a)`` for h < 0, and its mass is in proportion to
Mills' ratio ``R(u) = (1 - Phi(u)) / phi(u)``, which neither vanishes nor loses digits where the
tail is far.
"""

import math

from .kernel import routine

_ROOT_HALF, _ROOT_HALF_PI = math.sqrt(0.5), math.sqrt(math.pi / 2)
_FAR = 16.0  # from where the asymptotic series has all digits
_SURE = -30.0  # below, the other side has no probability that float64 knows
_STEEP = 3.0  # from where tails are inverted by steps, not by the quantiles of the normal
_STEPS = 6  # of Newton's method, at most
_CLOSE = 1e-13


@routine
def mills_ratio(u):
    """Mills' ratio ``(1 - Phi(u)) / phi(u)``, for u above -37; beyond, infinity."""
    if u < _FAR:
        return _ROOT_HALF_PI * math.exp(0.5 * u * u) * math.erfc(u * _ROOT_HALF)
    step, term, result = 1 / (u * u), 1.0, 1.0
    for k in range(1, 20, 2):
        term *= -k * step
        result += term
    return result / u


@routine
def _middle(q):
    """The quantile of ``0.5 + q``, |q| <= 0.425 (Wichura 1988, AS 241)."""
    r = 0.180625 - q * q
    up = 2.5090809287301226727e3
    up = up * r + 3.3430575583588128105e4
    up = up * r + 6.7265770927008700853e4
    up = up * r + 4.5921953931549871457e4
    up = up * r + 1.3731693765509461125e4
    up = up * r + 1.9715909503065514427e3
    up = up * r + 1.3314166789178437745e2
    up = up * r + 3.3871328727963666080e0
    low = 5.2264952788528545610e3
    low = low * r + 2.8729085735721942674e4
    low = low * r + 3.9307895800092710610e4
    low = low * r + 2.1213794301586595867e4
    low = low * r + 5.3941960214247511077e3
    low = low * r + 6.8718700749205790830e2
    low = low * r + 4.2313330701600911252e1
    return q * up / (low * r + 1)


@routine
def _outer(r):
    """Minus the quantile of ``exp(-r^2)``, for r up to 5."""
    r -= 1.6
    up = 7.74545014278341407640e-4
    up = up * r + 2.27238449892691845833e-2
    up = up * r + 2.41780725177450611770e-1
    up = up * r + 1.27045825245236838258e0
    up = up * r + 3.64784832476320460504e0
    up = up * r + 5.76949722146069140550e0
    up = up * r + 4.63033784615654529590e0
    up = up * r + 1.42343711074968357734e0
    low = 1.05075007164441684324e-9
    low = low * r + 5.47593808499534494600e-4
    low = low * r + 1.51986665636164571966e-2
    low = low * r + 1.48103976427480074590e-1
    low = low * r + 6.89767334985100004550e-1
    low = low * r + 1.67638483018383804940e0
    low = low * r + 2.05319162663775882187e0
    return up / (low * r + 1)


@routine
def _outermost(r):
    """The same for r above 5."""
    r -= 5.0
    up = 2.01033439929228813265e-7
    up = up * r + 2.71155556874348757815e-5
    up = up * r + 1.24266094738807843860e-3
    up = up * r + 2.65321895265761230930e-2
    up = up * r + 2.96560571828504891230e-1
    up = up * r + 1.78482653991729133580e0
    up = up * r + 5.46378491116411436990e0
    up = up * r + 6.65790464350110377720e0
    low = 2.04426310338993978564e-15
    low = low * r + 1.42151175831644588870e-7
    low = low * r + 1.84631831751005468180e-5
    low = low * r + 7.86869131145613259100e-4
    low = low * r + 1.48753612908506148525e-2
    low = low * r + 1.36929880922735805310e-1
    low = low * r + 5.99832206555887937690e-1
    return up / (low * r + 1)


@routine
def upper_quantile(p):
    """The x that a standard normal number exceeds with probability p, 0 < p < 1."""
    q = 0.5 - p
    if abs(q) <= 0.425:
        return _middle(q)
    r = math.sqrt(-math.log(min(p, 1 - p)))
    x = _outer(r) if r <= 5 else _outermost(r)
    return x if q > 0 else -x


@routine
def _steep_tail(u, ratio, e):
    """The t with ``log Q(u + t) = log Q(u) - e`` for the tail Q of a normal and u of some size.

    ratio : Mills' of u; e : positive. By Newton's method on a concave function, from beyond.
    """
    t = 2 * e / (u + math.sqrt(u * u + 2 * e))  # without what Mills' ratio changes on the way
    for _ in range(_STEPS):
        here = mills_ratio(u + t)
        miss = math.log(here / ratio) - t * (u + 0.5 * t) + e
        step = miss * here
        t += step
        if abs(step) <= _CLOSE * t:
            break
    return t


@routine
def tail_excess(u, ratio, share):
    """The excess over u of a standard normal number beyond it, at a share of the tail in (0, 1).

    It exceeds more with the probability ``share``. ratio : Mills' of u.
    """
    if u > _STEEP:
        return _steep_tail(u, ratio, -math.log(share))
    mass = 0.5 * math.erfc(u * _ROOT_HALF)
    return max(upper_quantile(share * mass) - u, 0.0)


@routine
def two_sided_draw(a, c, s, uniform):
    """The number h at a place ``uniform`` in (0, 1) of the distribution above; a >= 0, s > 0.

    Without data (a = 0, and then c = 0) it is that of Laplace.
    """
    if a == 0:
        if uniform < 0.5:
            return math.log(2 * uniform) / s
        return -math.log(2 * (1 - uniform)) / s
    root = math.sqrt(a)
    below, above = (s + c) / root, (s - c) / root
    if below < _SURE:
        return min(below - upper_quantile(uniform), 0.0) / root
    if above < _SURE:
        return max(-upper_quantile(uniform) - above, 0.0) / root
    left, right = mills_ratio(below), mills_ratio(above)
    place = uniform * (left + right)
    if place < left:
        return -tail_excess(below, left, place / left) / root
    return tail_excess(above, right, (left + right - place) / right) / root
