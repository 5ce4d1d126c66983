"""Where a page ended, as the opaque text in the link to the next one."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime

from services.fhir_gateway.refusal import bad


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last row of a page: the order's name, its value in that order (None where it has none), and its id."""

    sort: str
    value: datetime | None
    id: str

    def text(self) -> str:
        """For a link."""
        parts = [self.sort, self.value.isoformat() if self.value else None, self.id]
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def read_cursor(text: str) -> Cursor:
    """The cursor of a link; refused when it isn't one of ours."""
    try:
        sort, value, name = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        when = datetime.fromisoformat(value) if value is not None else None
        if not isinstance(sort, str) or not isinstance(name, str) or (when and when.tzinfo is None):
            raise ValueError
    except (ValueError, TypeError, RecursionError, binascii.Error):
        raise bad("The parameter _after can't be read: follow the links as they are given.", "value") from None
    return Cursor(sort, when, name)
