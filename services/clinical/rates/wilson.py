"""The Wilson score interval of a proportion (Wilson 1927), 95 % unless told otherwise."""

from math import sqrt
from statistics import NormalDist


def wilson(numerator: int, denominator: int, confidence: float = 0.95) -> tuple[float, float]:
    """Lower and upper bound; (0, 1) when nothing was observed. The numerator may not exceed the denominator."""
    if denominator <= 0:
        return 0.0, 1.0
    if not 0 <= numerator <= denominator:
        raise ValueError("a proportion needs 0 <= numerator <= denominator")
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    p, n = numerator / denominator, denominator
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, middle - half), min(1.0, middle + half)
