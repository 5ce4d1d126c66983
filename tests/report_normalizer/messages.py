"""Messages for tests: a test states only what matters to it."""

from typing import Any

from services.clinical.facts import Fact
from services.contracts.registry import SCHEMAS
from services.report_normalizer.handler import handle
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sender, Site, Sites

SITES = Sites(
    {"IEO": Site("IEO", "Europe/Rome", "en")},
    {"PACSREP|IEO": Sender("PACSREP|IEO", "IEO", charset="ISO-8859-1"), "EHR": Sender("EHR", "IEO")},
)
PID = "PID|1||EX0001^^^IEO^MR"


def msh(kind: str, control_id: str = "1", sender: str = "PACSREP|IEO", time: str = "20210302114500") -> str:
    return f"MSH|^~\\&|{sender}|CRYOWATCH|IEO|{time}||{kind}|{control_id}|P|2.5.1"


def obr(status: str = "F", **fields: str) -> str:
    """A CT's OBR; ``f24="MR"`` sets OBR-24."""
    said = {2: "PL1", 3: "CT0001", 4: "24627-2^CT Chest^LN", 7: "20210302101500", 22: "20210302113000", 24: "CT"}
    said |= {25: status} | {int(name[1:]): value for name, value in fields.items()}
    return "|".join(["OBR", *(said.get(number, "") for number in range(1, max(said) + 1))])


def lines(*texts: str, status: str = "F") -> list[str]:
    return [f"OBX|{n}|TX|24627-2^CT Chest^LN||{text}||||||{status}" for n, text in enumerate(texts, 1)]


def hl7(*segments: str, sites: Sites = SITES, charset: str = "utf-8") -> Done[Fact] | Ignored | Invalid:
    return raw(("\r".join(segments) + "\r").encode(charset), sites=sites)


def raw(value: bytes, topic: str = "hl7v2-inbound", sites: Sites = SITES) -> Done[Fact] | Ignored | Invalid:
    return handle(InboundMessage(topic, 0, 0, value, None, {"cw-sender": b"EHR"}), sites)


def oru(*segments: str, **options: Any) -> Done[Fact] | Ignored | Invalid:
    return hl7(msh("ORU^R01^ORU_R01"), PID, *segments, **options)


def facts(outcome: Done[Fact] | Ignored | Invalid) -> list[Fact]:
    assert isinstance(outcome, Done), outcome
    return list(outcome.results)


def statement(outcome: Done[Fact] | Ignored | Invalid, number: int = 0) -> Any:
    return facts(outcome)[number].statement


def warnings(outcome: Done[Fact] | Ignored | Invalid) -> tuple[str, ...]:
    assert isinstance(outcome, Done), outcome
    return outcome.warnings


def example(topic: str, name: str) -> Done[Fact] | Ignored | Invalid:
    """The outcome of an example of schemas/examples, ``valid/ct-report-final.hl7`` for instance."""
    return raw((SCHEMAS / "examples" / topic / "1" / name).read_bytes(), topic)
