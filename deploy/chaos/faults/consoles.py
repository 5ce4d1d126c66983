"""A console's clock is wrong: the frames that are sent meanwhile say another time than it is."""

from datetime import timedelta

from deploy.chaos.ground import Ground

_UNITS = {"h": "hours", "min": "minutes"}


def skew(ground: Ground, by: str) -> None:
    """From now on; ``by`` is such as ``-40 min``."""
    number, unit = by.split()
    ground.skew = timedelta(**{_UNITS[unit]: int(number)})


def set_right(ground: Ground, _: str) -> None:
    """The clock is right again; what was sent stays as it was sent."""
    ground.skew = timedelta(0)
