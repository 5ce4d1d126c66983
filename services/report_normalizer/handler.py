"""An inbound message to facts: pure, total, and the same for every arrival."""

from services.clinical.facts import Fact
from services.report_normalizer import adjudication
from services.report_normalizer.fhir import outcome as fhir
from services.report_normalizer.hl7v2 import outcome as hl7v2
from services.runtime.message import InboundMessage
from services.runtime.outcomes import Done, Ignored, Invalid
from services.runtime.sites import Sites


def handle(message: InboundMessage, sites: Sites) -> Done[Fact] | Ignored | Invalid:
    """What a message says, by its topic; on any other topic by how it begins (``{`` is FHIR)."""
    if message.topic == adjudication.TOPIC:
        return adjudication.outcome(message.value)
    by_content = message.topic not in ("hl7v2-inbound", "fhir-inbound")
    looks_like_json = message.value.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"
    if message.topic == "fhir-inbound" or (by_content and looks_like_json):
        return fhir.outcome(message.value, message.header("cw-sender"), sites)
    return hl7v2.outcome(message.value, sites)
