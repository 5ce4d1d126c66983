"""HL7 v2 text: escapes, segments by field number, the message header."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from simulators.senders import Sender

_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"}


def escape(text: str) -> str:
    """Text with the five delimiters of HL7 escaped."""
    return "".join(_ESCAPES.get(character, character) for character in text)


def segment(name: str, fields: Mapping[int, str]) -> str:
    """A segment from its fields by number; fields between are empty."""
    last = max(fields, default=0)
    return "|".join([name, *(fields.get(number, "") for number in range(1, last + 1))])


def message(sender: Sender, kind: str, control_number: str, at: datetime, segments: Iterable[str]) -> bytes:
    """A whole message. ``kind`` is MSH-9, for example ``ORU^R01^ORU_R01``."""
    fields = [
        "MSH",
        "^~\\&",
        sender.application,
        sender.facility,
        "CRYOWATCH",
        sender.facility,
        sender.time(at),
        "",
    ]
    fields += [kind, control_number, "P", "2.5.1", "", "", "", "", "", sender.charset_name]
    header = "|".join(fields).rstrip("|")
    text = sender.line_end.join([header, *segments]) + sender.line_end
    return text.encode(sender.charset, errors="replace")
