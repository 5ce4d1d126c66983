"""Which function reads which message type."""

from collections.abc import Callable

from services.clinical.facts import Fact
from services.report_normalizer.hl7v2.admission import visit_facts
from services.report_normalizer.hl7v2.document import document_facts
from services.report_normalizer.hl7v2.links import MERGES, UNMERGE, link_facts
from services.report_normalizer.hl7v2.procedure import order_facts
from services.report_normalizer.hl7v2.report import result_facts
from services.report_normalizer.hl7v2.segments import Message
from services.report_normalizer.reasons import IgnoredCode, InvalidCode, NotOurs, Rejected
from services.report_normalizer.source import Source

_READERS: dict[str, Callable[[Message, Source], list[Fact]]] = {
    "ORU": result_facts,
    "MDM": document_facts,
    "ORM": order_facts,
    "OMI": order_facts,
    "OMG": order_facts,
}


def message_facts(message: Message, source: Source) -> list[Fact]:
    """What one message says; NotOurs or Rejected when it says nothing that can be used."""
    code, trigger = message.type
    if not code:
        raise Rejected(InvalidCode.MESSAGE_TYPE_MISSING, "MSH-9")
    if code == "ADT":
        return link_facts(message, source) if trigger in MERGES or trigger == UNMERGE else visit_facts(message, source)
    reader = _READERS.get(code)
    if reader is None:
        raise NotOurs(IgnoredCode.MESSAGE_TYPE_NOT_USED)
    return reader(message, source)
