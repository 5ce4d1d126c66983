"""The network is slow, stands still without a word, or resets connections."""

from deploy.chaos.ground import Ground

BROKER_DELAY = 0.25
DATABASE_DELAY = 0.003
"""Seconds per chunk and direction. A transaction has a hundred round trips, a produced record one: both take about a
second, so that newer revisions come while older ones are on their way."""


def slow(ground: Ground, _: str) -> None:
    """Both servers answer late."""
    ground.broker_weather.delay = BROKER_DELAY
    ground.database_weather.delay = DATABASE_DELAY


def stall_broker(ground: Ground, _: str) -> None:
    """Kafka's connections stay open and carry nothing."""
    ground.broker_weather.stall()


def stall_database(ground: Ground, _: str) -> None:
    """PostgreSQL's connections stay open and carry nothing."""
    ground.database_weather.stall()


def cut(ground: Ground, server: str) -> None:
    """Every connection to a server is reset at once."""
    (ground.broker_weather if server == "broker" else ground.database_weather).cut()


def clear(ground: Ground, _: str) -> None:
    """Fair weather."""
    ground.broker_weather.flow()
    ground.database_weather.flow()
