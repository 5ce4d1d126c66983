"""Reading a CT report: free text in, coded findings with their assertion, side and size out."""

from services.clinical.reading.languages import prepare
from services.clinical.reading.model import (
    READER_VERSION,
    Assertion,
    Change,
    Comparison,
    Finding,
    Reading,
    Severity,
    Side,
)
from services.clinical.reading.reader import read

__all__ = [
    "READER_VERSION",
    "Assertion",
    "Change",
    "Comparison",
    "Finding",
    "Reading",
    "Severity",
    "Side",
    "prepare",
    "read",
]
