"""A few HL7 v2 messages of invented patients, written out where a test must know every word."""

from datetime import UTC, datetime, timedelta

from simulators.message import Message, hl7v2_message

START = datetime(2021, 3, 1, 8, tzinfo=UTC)
NAME = "Canary^Zebedee"
"""The name of patients whose number begins with CANARY; others are called otherwise."""


def ts(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y%m%d%H%M%S+0000")


def _message(sender: str, *segments: str) -> Message:
    return hl7v2_message(sender, ("\r".join(segments) + "\r").encode(), START)


def _header(application: str, hours: float, kind: str, control: str) -> str:
    return f"MSH|^~\\&|{application}|IEO|CW|IEO|{ts(hours)}||{kind}|{control}|P|2.5.1"


def _patient(number: str) -> str:
    name = NAME if number.startswith("CANARY") else "Other^Person"
    return f"PID|1||{number}^^^IEO^MR||{name}||19500101|F"


def order(accession: str, patient: str, *, cancelled: bool = False) -> Message:
    """A lung cryoablation of two hours, or its cancellation."""
    code, status = ("CA", "X") if cancelled else ("NW", "F")
    hours = 50 if cancelled else 3
    values = (
        ("ST", "ORGAN", "lung"),
        ("ST", "LOCATION", "lung"),
        ("ST", "SIDE", "left"),
        ("NM", "SIZE_MM", "15"),
    )
    return _message(
        "RIS|IEO",
        _header("RIS", hours, "ORM^O01", f"O{accession}{code}"),
        _patient(patient),
        f"ORC|{code}|P{accession}|{accession}",
        f"OBR|1|P{accession}|{accession}|CRYOABL^Cryoablation^99IEO|||{ts(0)}|{ts(2)}|||||||||||||||||{status}",
        *(f"OBX|{n}|{kind}|{name}^x^99CRYO|1|{value}||||||F" for n, (kind, name, value) in enumerate(values, 1)),
    )


def report(
    number: str, patient: str, text: str, *, status: str = "F", hours: float = 27, application: str = "PACSREP"
) -> Message:
    """A chest CT 26 hours after the start; status C corrects, X cancels, W says that it is another patient's."""
    observed = "X" if status == "X" else status
    result = "F" if status == "W" else status
    lines = [] if status == "X" else [f"OBX|1|TX|GDT^Findings^99IEO||{text}||||||{observed}"]
    return _message(
        f"{application}|IEO",
        _header(application, hours, "ORU^R01", f"R{number}{patient}{hours:g}"),
        _patient(patient),
        f"OBR|1||{number}|24627-2^CT Chest^LN|||{ts(26)}|||||||||||||||{ts(hours)}||CT|{result}",
        *lines,
    )


def merge(retired: str, surviving: str, hours: float = 60) -> Message:
    """ADT^A40: one number is retired in favor of another."""
    return _message(
        "ADT|IEO",
        _header("ADT", hours, "ADT^A40", f"M{retired}{surviving}"),
        f"EVN||{ts(hours)}",
        _patient(surviving),
        f"MRG|{retired}^^^IEO^MR",
    )


def batch(*messages: Message) -> Message:
    """Several messages as one batch."""
    inner = b"".join(message.value for message in messages)
    head = f"BHS|^~\\&|RIS|IEO|CW|IEO|{ts(4)}||||B{len(inner)}\r".encode()
    return hl7v2_message("RIS|IEO", head + inner + f"BTS|{len(messages)}\r".encode(), START)
