"""Wilson bounds and strata against figures worked out elsewhere."""

import pytest

from services.clinical.rates.strata import pleura_band, size_band
from services.clinical.rates.wilson import wilson


@pytest.mark.parametrize(
    ("k", "n", "lower", "upper"),
    [(25, 94, 18.7, 36.3), (22, 83, 18.2, 36.9), (0, 94, 0.0, 3.9), (2, 18, 3.1, 32.8), (13, 18, 49.1, 87.5)],
)
def test_wilson_bounds_are_the_published_ones(k: int, n: int, lower: float, upper: float) -> None:
    low, high = wilson(k, n)
    assert (lower, upper) == (round(100 * low, 1), round(100 * high, 1))


def test_nothing_observed_says_nothing() -> None:
    assert (0.0, 1.0) == wilson(0, 0)


def test_more_events_than_procedures_is_no_proportion() -> None:
    with pytest.raises(ValueError, match="proportion"):
        wilson(3, 2)


@pytest.mark.parametrize(("mm", "band"), [(19.9, "lt2cm"), (20, "2to3cm"), (30, "2to3cm"), (30.1, "gt3cm")])
def test_size_bands_meet_without_a_gap(mm: float, band: str) -> None:
    assert band == size_band(mm)


@pytest.mark.parametrize(("mm", "band"), [(9.9, "lt1cm"), (10, "ge1cm"), (None, "unknown")])
def test_exactly_one_centimeter_to_the_pleura_is_not_less_than_one(mm: float | None, band: str) -> None:
    assert band == pleura_band(mm)
