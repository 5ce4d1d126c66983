"""A run as a folder of files, as an export of the hospital's interfaces would be."""

import re
from pathlib import Path

from simulators.message import FHIR, HL7V2, TELEMETRY
from simulators.run import Run


def write_folder(run: Run, folder: Path) -> None:
    """Write every message, one file each, under ``hl7v2``, ``fhir`` and ``telemetry``.

    Names are ``NNNNNN-<sender>`` with the order of arrival; bytes are raw. A telemetry file holds one
    procedure, a frame a line, and bears the number of its first frame. The truth is not among them.
    """
    for name in ("hl7v2", "fhir", "telemetry"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    streams: dict[tuple[bytes | None, str], tuple[int, list[bytes]]] = {}
    for number, message in enumerate(run.messages, 1):
        sender = _slug(message.sender)
        match message.topic:
            case topic if topic == TELEMETRY:
                streams.setdefault((message.key, sender), (number, []))[1].append(message.value)
            case topic if topic == HL7V2:
                (folder / "hl7v2" / f"{number:06d}-{sender}.hl7").write_bytes(message.value)
            case topic if topic == FHIR:
                (folder / "fhir" / f"{number:06d}-{sender}.json").write_bytes(message.value)
    for (_, console), (number, frames) in streams.items():
        path = folder / "telemetry" / f"{number:06d}-{console}.jsonl"
        path.write_bytes(b"".join(frame + b"\n" for frame in frames))


def _slug(sender: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", sender)
