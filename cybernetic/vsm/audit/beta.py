"""The incomplete beta function, on which exact bounds of a rate rest: for one audit and for a thousand million."""

from math import exp, lgamma, log, pi, sqrt

from cybernetic.core import InternalError

_TINY = 1e-300
_STEPS = 100_000
_EXACT = 16.0  # below it the error of Stirling's formula is had from `lgamma`, above it from its series
_CLOSE = 0.1  # relative distance within which a deviance is had from a series


def incomplete_beta(a: float, b: float, x: float, y: float) -> float:
    """The regularised incomplete beta function I_x(a, b), a and b > 0, 0 < x < 1 (DLMF 8.17.22, Lentz's method).

    `y` is 1 - x: who knows it gives it, for of an x close to 1 it cannot be told.
    """
    if x > (a + 1) / (a + b + 2):  # there the fraction converges slowly
        return 1 - incomplete_beta(b, a, y, x)
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _STEPS):
        for term in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / _away(1 + term * d), _away(1 + term / c)
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            return _front(a, b, x, y) * value
    raise InternalError(f"the incomplete beta function did not converge at a={a:g}, b={b:g}, x={x:g}")


def _front(a: float, b: float, x: float, y: float) -> float:
    """x^a y^b / (a B(a, b)), as the chance of a hits in a + b trials, which large numbers do not spoil (C. Loader,
    "Fast and accurate computation of binomial probabilities", 2000).
    """
    n = a + b
    errors = _stirling(n) - _stirling(a) - _stirling(b)
    return exp(errors - _deviance(a, n * x) - _deviance(b, n * y)) * sqrt(b / (2 * pi * a * n))


def _stirling(n: float) -> float:
    """ln(n!) less Stirling's formula for it."""
    if n < _EXACT:
        return lgamma(n + 1) - (n + 0.5) * log(n) + n - log(2 * pi) / 2
    square = n * n
    return (1 / 12 - (1 / 360 - (1 / 1260 - (1 / 1680 - 1 / (1188 * square)) / square) / square) / square) / n


def _deviance(n: float, mean: float) -> float:
    """N ln(n / mean) + mean - n, >= 0, without the loss of digits where the two are close."""
    away = (n - mean) / (n + mean)
    if abs(away) >= _CLOSE:
        return n * (log(n) - log(mean)) + mean - n
    total, power, at = (n - mean) * away, 2 * n * away, 1
    while True:
        power, at = power * away * away, at + 2
        more = total + power / at
        if more == total:
            return total
        total = more


def _away(value: float) -> float:
    """`value`, kept off zero."""
    return value if abs(value) > _TINY else _TINY
