"""Logs: JSON lines on standard output. Only the keys listed here are written, so that no identifier slips through."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

KEYS = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "service",
        "topic",
        "where",
        "dependency",
        "count",
        "port",
        "host",
        "error",
        "place",
        "reason",
    ]
)


def _allowed(_: object, __: str, entry: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    dropped = [key for key in entry if key not in KEYS]
    for key in dropped:
        del entry[key]
    if dropped:
        entry["count_dropped_keys"] = len(dropped)
    return entry


def configure(service: str, level: str = "info") -> structlog.stdlib.BoundLogger:
    """Set up logging for a process and return its logger."""
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _allowed,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.__stdout__),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.ERROR, handlers=[_Plain(service)], force=True)
    logger: structlog.stdlib.BoundLogger = structlog.get_logger().bind(service=service)
    return logger


class _Plain(logging.Handler):
    """Libraries' records: their logger and level only, since their text may quote a message.

    One a logger and half a minute: a client without its broker repeats itself many times a second.
    """

    QUIET_SECONDS = 30.0

    def __init__(self, service: str) -> None:
        super().__init__()
        self._logger = structlog.get_logger().bind(service=service)
        self._said: dict[str, float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        if record.created - self._said.get(record.name, 0.0) < self.QUIET_SECONDS:
            return
        self._said[record.name] = record.created
        error = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else record.levelname
        self._logger.warning("library_reported", reason=record.name, error=error)
