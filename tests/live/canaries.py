"""Messages full of unmistakable invented people, whole, wrong and broken, to provoke every path that could tell of one.

The corpus is every example of ``schemas/examples`` with its patient replaced, and mutations of them.
"""

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from services.contracts.registry import SCHEMAS

FAMILY, GIVEN, PREFIX = "ZQCANARYSSON", "Zqgiovannina", "ZQ"
NUMBER, RETIRED = "ZQ7391846205", "ZQ7391846206"
ACCESSION, FILLER, PLACER = "ZQACC551734", "ZQFIL551735", "ZQPLA551736"
BORN, BORN_ISO = "19370419", "1937-04-19"
STREET, CITY, POSTCODE = "Via Zqcanarini 771", "Zqborgo", "ZQ20141"
PHONE, MAIL, TAX = "+39 02 5597 7346 61", "zqcanary@example.org", "ZQCNRY37D59F205X"
SPOKEN = "Mrs Zqcanaryssons daughter was told by telephone"
CANARIES = (
    FAMILY, GIVEN, NUMBER, RETIRED, ACCESSION, FILLER, PLACER, BORN, BORN_ISO, STREET, CITY, POSTCODE, PHONE,
    PHONE.replace(" ", ""), MAIL, TAX, SPOKEN, "zqcanar",
)  # fmt: skip
"""None of these may be seen where a patient has no business, in any mixture of cases. Most begin with ZQ."""

_PID = f"PID|1||{NUMBER}^^^IEO^MR~{TAX}^^^MEF^NNITA||{FAMILY}^{GIVEN}||{BORN}|F|||{STREET}^^{CITY}^^{POSTCODE}||{PHONE}"
_NAMES = {
    "EX0001": NUMBER, "EX9001": RETIRED, "EX9002": RETIRED, "EX0002": RETIRED, "CT0001": FILLER, "CT0002": FILLER + "B",
    "CT0003": FILLER + "C", "CT0004": FILLER + "D", "PLCRY0001": PLACER, "CRY0001": ACCESSION, "CRY19-0001": ACCESSION,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Planted:
    """One message: its topic and its bytes."""

    topic: str
    value: bytes


def corpus(seed: int = 1) -> list[Planted]:
    """Every message, in an order of its own."""
    rng = random.Random(seed)
    whole = [*_hl7(), *_fhir(), *_frames()]
    broken = [_broken(rng, rng.choice(whole)) for _ in range(250)]
    found = [*whole, *broken, *_odd_hl7(), *_odd_fhir(), *_odd_frames()]
    rng.shuffle(found)
    return found


def _examples(topic: str) -> Iterator[str]:
    for path in sorted((SCHEMAS / "examples" / topic / "1").glob("*/*")):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        for name, canary in _NAMES.items():
            text = text.replace(name, canary)
        yield text.replace("EXAMPLE^PATIENT", f"{FAMILY}^{GIVEN}")


def _hl7() -> Iterator[Planted]:
    for text in _examples("hl7v2-inbound"):
        planted = re.sub(rf"PID\|1?\|[^\r\n]*{NUMBER}[^\r\n]*", _PID.replace("\\", "\\\\"), text)
        planted = re.sub(r"(OBX\|\d+\|[TF]X\|[^\r]*?\|\|)", rf"\g<1>{SPOKEN}. ", planted)
        note = f"NTE|1||{SPOKEN}\rNK1|1|{FAMILY}^{GIVEN}||{STREET}|{PHONE}\r"
        yield Planted("hl7v2-inbound", (planted + note).encode("utf-8", "surrogateescape"))


def _fhir() -> Iterator[Planted]:
    for text in _examples("fhir-inbound"):
        try:
            root = json.loads(text)
        except ValueError:
            yield Planted("fhir-inbound", (text + FAMILY + NUMBER).encode())
            continue
        resources = [root, *(e.get("resource", {}) for e in root.get("entry", []) if isinstance(e, dict))]
        for resource in resources:
            if isinstance(resource, dict):
                _plant(resource)
        yield Planted("fhir-inbound", json.dumps(root).encode())


def _plant(resource: dict[str, Any]) -> None:
    person = {
        "name": [{"family": FAMILY, "given": [GIVEN]}],
        "birthDate": BORN_ISO,
        "address": [{"line": [STREET], "city": CITY, "postalCode": POSTCODE}],
        "telecom": [{"system": "phone", "value": PHONE}, {"system": "email", "value": MAIL}],
    }
    resource["text"] = {"status": "generated", "div": f"<div>{FAMILY} {GIVEN} {BORN_ISO}</div>"}
    resource["note"] = [{"text": SPOKEN}]
    if resource.get("resourceType") == "Patient":
        resource.update(person)
    elif "subject" in resource:
        resource["subject"]["display"] = f"{FAMILY}, {GIVEN}"
    if "conclusion" in resource:
        resource["conclusion"] += f"\n{SPOKEN}."


def _frames() -> Iterator[Planted]:
    for text in _examples("procedure-telemetry"):
        frame = json.loads(text)
        frame["patient"] = {"name": f"{FAMILY} {GIVEN}", "born": BORN_ISO, "id": NUMBER}
        frame.setdefault("header", {})["operator_note"] = SPOKEN
        yield Planted("procedure-telemetry", json.dumps(frame).encode())


def _broken(rng: random.Random, planted: Planted) -> Planted:
    """Cut off, with bytes lost, doubled or changed, at places that leave a canary in them."""
    value = bytearray(planted.value)
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(value) or 1)
        match rng.randrange(5):
            case 0:
                value = value[: max(40, at)]
            case 1:
                del value[at : at + rng.randint(1, 9)]
            case 2:
                value[at:at] = rng.randbytes(rng.randint(1, 4))
            case 3:
                value[at:at] = rng.choice((FAMILY, NUMBER, BORN, PHONE)).encode()
            case _:
                value[at : at + 1] = rng.choice((b"\x00", b"|", b"^", b"\r", b'"', b"{", b"\xff", b"\\"))
    # A sender's name is a system's, and goes on in the clear: what lands in it is no leak of ours.
    head = bytes(value).split(b"\r", 1)[0]
    hit = planted.topic == "hl7v2-inbound" and any(c.lower().encode() in head.lower() for c in CANARIES)
    return planted if hit else Planted(planted.topic, bytes(value))


def _odd_hl7() -> Iterator[Planted]:
    head = "MSH|^~\\&|RIS|IEO|CRYOWATCH|IEO|20210301113000||{kind}|{control}|P|{version}||||||{charset}"
    body = f"\r{_PID}\rOBR|1|{PLACER}|{FILLER}|24627-2^CT Chest^LN|||20210302101500||||||||||||||20210302113000||CT|F"
    oru, common = "ORU^R01", {"control": "C1", "version": "2.5.1", "charset": ""}

    def with_head(more: str = "", **changed: str) -> Planted:
        header = head.format(**({"kind": oru} | common | changed))
        return Planted("hl7v2-inbound", f"{header}{body}{more}\r".encode("utf-8", "surrogateescape"))

    line = f"\rOBX|1|TX|24627-2^CT Chest^LN||{FAMILY} has a small left pneumothorax.||||||F"
    yield with_head(line)
    yield with_head(kind=f"{FAMILY}^{NUMBER}")
    yield with_head(control=NUMBER)  # some systems make the control id of the patient's number
    yield with_head(line, charset=f"{FAMILY}")
    yield with_head(version=f"{NUMBER}")
    yield with_head(f"\r{FAMILY}|{NUMBER}|{PHONE}")  # a segment with such a name
    yield with_head("\rOBX|1|TX|X||a \x00 null byte about " + FAMILY + "||||||F")
    yield with_head("\rOBX|1|TX|X||" + "\udcff\udcfe" + FAMILY + "||||||F", charset="ASCII")
    yield with_head(f"\rOBX|{FAMILY}|{NUMBER}|{PHONE}^{MAIL}^{STREET}|{SPOKEN}|||||{BORN}|||{FAMILY}||{BORN}{NUMBER}")
    yield with_head(f"\rZPI|{FAMILY}|{NUMBER}\r{SPOKEN} without any separator\r|{FAMILY}")
    yield Planted("hl7v2-inbound", f"{FAMILY} {GIVEN} {NUMBER} {BORN}, no HL7 at all".encode())
    yield Planted("hl7v2-inbound", f"PID|1||{NUMBER}||{FAMILY}\r".encode())
    yield Planted("hl7v2-inbound", _PID.encode())
    for size in (129, 5000):
        long = (NUMBER * 500)[:size]
        yield Planted("hl7v2-inbound", with_head(line).value.replace(NUMBER.encode(), long.encode()))
        yield Planted("hl7v2-inbound", with_head(line).value.replace(FILLER.encode(), long.encode()))
    merge = f"\rMRG|{RETIRED}^^^IEO^MR~{FAMILY}"
    yield with_head(merge, kind="ADT^A40^ADT_A39")
    yield Planted("hl7v2-inbound", with_head(kind="ADT^A40^ADT_A39").value)
    for field in ("20213202990000", BORN + "9999", FAMILY, "21000101000000+9999"):
        yield Planted("hl7v2-inbound", with_head(line).value.replace(b"20210302101500", field.encode()))


def _odd_fhir() -> Iterator[Planted]:
    patient = {"resourceType": "Patient", "id": NUMBER, "identifier": [{"value": NUMBER}], "name": [{"family": FAMILY}]}
    odd: list[Any] = [
        {"resourceType": FAMILY, "id": NUMBER},
        {"resourceType": "DiagnosticReport", "id": NUMBER, FAMILY: NUMBER, "subject": {"reference": f"P/{NUMBER}"}},
        {"resourceType": "Bundle", "type": FAMILY, "entry": [{"fullUrl": f"urn:{NUMBER}"}, {"resource": FAMILY}]},
        {"resourceType": "Bundle", "type": "batch", "entry": [{"resource": patient, "request": {"method": FAMILY}}]},
        {"resourceType": "Bundle", "type": "batch",
         "entry": [{"request": {"method": "DELETE", "url": f"Patient/{NUMBER}"}}]},
        patient | {"link": [{"type": FAMILY, "other": {"reference": f"Patient/{RETIRED}", "display": FAMILY}}]},
        patient | {"link": [{"type": "replaces", "other": {"display": FAMILY}}]},
        patient | {"deceasedDateTime": FAMILY, "birthDate": BORN_ISO},
        patient | {"name": f"{FAMILY} \x00 {GIVEN}"},
        {"resourceType": "Procedure", "id": NUMBER, "status": FAMILY, "subject": {"identifier": {"value": NUMBER}},
         "code": {"text": f"cryoablation of {FAMILY}"}, "performedDateTime": BORN_ISO + "T99:99",
         "identifier": [{"type": {"coding": [{"code": "ACSN"}]}, "value": ACCESSION + "\x00"}]},
        {"resourceType": "Encounter", "id": NUMBER * 40, "status": "finished", "class": FAMILY,
         "subject": {"identifier": {"value": NUMBER}}},
        [FAMILY, NUMBER],
        f"{FAMILY} {NUMBER}",
    ]  # fmt: skip
    for root in odd:
        yield Planted("fhir-inbound", json.dumps(root).encode())
    yield Planted("fhir-inbound", b"{" + f'"{FAMILY}": NaN, "resourceType": "Patient"'.encode() + b"}")
    yield Planted("fhir-inbound", f'{{"resourceType": "Patient", "{FAMILY}": '.encode() + b"[" * 50_000)
    yield Planted("fhir-inbound", f"{FAMILY};{NUMBER};{BORN_ISO}".encode("utf-16"))


def _odd_frames() -> Iterator[Planted]:
    (first, *_) = _frames()
    frame = json.loads(first.value)
    for changed in (
        {FAMILY: NUMBER}, {"samples": {FAMILY: [1, 2], "started": "x"}},
        {"samples": frame["samples"] | {FAMILY: ["x"]}},
        {"alarms": [{"code": FAMILY, "at": BORN_ISO}]}, {"alarms": [{FAMILY: NUMBER}]}, {"schema": FAMILY},
        {"phase": FAMILY}, {"header": {"device": FAMILY, FAMILY: 1, "started": BORN}}, {"accession": NUMBER * 20},
        {"accession": f"{FAMILY}\x00"}, {"accession": ""}, {"sent": BORN_ISO}, {"frame": NUMBER},
        {"header": {"gauge": "\ud800" + FAMILY}},
    ):  # fmt: skip
        yield Planted("procedure-telemetry", json.dumps(frame | changed).encode())
    yield Planted("procedure-telemetry", f"{FAMILY} {NUMBER}".encode())
    yield Planted("procedure-telemetry", b"")


def seen(text: str | bytes) -> list[str]:
    """The canaries that a text holds."""
    plain = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    lower = plain.lower()
    return sorted({canary for canary in CANARIES if canary.lower() in lower})
