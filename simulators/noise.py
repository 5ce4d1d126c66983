"""The rest of a hospital's traffic: messages that reach the same interface and are none of its business."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from random import Random

from simulators.er7 import escape, segment
from simulators.fhir import FhirDesk
from simulators.hl7v2 import Hl7v2Desk
from simulators.message import Message
from simulators.randomness import digits, stream
from simulators.registry import Hospital, Person
from simulators.senders import Senders

MESSAGES_PER_PROCEDURE = 4
_SHARES = {
    "A08": 24, "A31": 8, "lab": 20, "xray": 8, "mr": 4, "siu": 4, "biopsy": 3, "letter": 4,
    "ct": 5, "observation": 8, "drug": 2,
}  # fmt: skip
_XRAY = (
    "Chest radiograph: small left apical pneumothorax after central line.",
    "Chest X-ray: bilateral pleural effusions, cardiomegaly.",
    "Chest radiograph: no pneumothorax, no effusion.",
)
_CT = (
    "FINDINGS: Large right pleural effusion. IMPRESSION: Right pleural effusion, malignant.",
    "FINDINGS: No pulmonary embolism. No pleural effusion. IMPRESSION: Normal CT of the chest.",
    "FINDINGS: Segmental pulmonary embolism in the left lower lobe. IMPRESSION: Pulmonary embolism.",
    "FINDINGS: Liver metastases, stable. IMPRESSION: Stable disease.",
)


def noise_messages(
    hospital: Hospital, senders: Senders, hl7v2: Hl7v2Desk, fhir: FhirDesk, seed: int
) -> Iterator[Message]:
    """Demographics, laboratory, other modalities, appointments, other procedures, other patients."""
    rng = stream(seed, "noise")
    strangers = [_stranger(seed, number) for number in range(40)]
    patients = [procedure.person for procedure in hospital.procedures]
    for serial in range(MESSAGES_PER_PROCEDURE * len(hospital.procedures)):
        near = rng.choice(hospital.procedures)
        at = near.start + timedelta(minutes=rng.randint(-3000, 30_000))
        person = rng.choice(patients) if rng.random() < 0.4 else rng.choice(strangers)
        kind = rng.choices(tuple(_SHARES), tuple(_SHARES.values()))[0]
        if kind == "observation":
            resource = fhir.laboratory(person.mrn, serial, at, "718-7", "Hemoglobin", round(rng.uniform(9, 15), 1))
            yield fhir.send(resource, at)
        elif kind == "drug":
            if not near.session.complications:
                given = near.end + timedelta(hours=rng.randint(3, 9))
                code, name = rng.choice((("A02BC01", "omeprazole"), ("B01AB05", "enoxaparin")))
                resource = fhir.medication(near, near.person.mrn, code, name, given, "Prophylaxis")
                yield fhir.send(resource, given + timedelta(minutes=10))
        else:
            person = rng.choice(strangers) if kind == "ct" else person
            yield _hl7v2(rng, senders, hl7v2, person, kind, serial, at)


def _hl7v2(
    rng: Random, senders: Senders, desk: Hl7v2Desk, person: Person, kind: str, serial: int, at: datetime
) -> Message:
    number = f"X{serial:06d}"
    match kind:
        case "A08" | "A31":
            event = segment("EVN", {1: kind, 2: senders.adt.time(at)})
            visit = segment("PV1", {1: "1", 2: rng.choice("IO"), 3: "ONC^07^B"})
            structure = "ADT_A01" if kind == "A08" else "ADT_A05"
            return desk.plain(senders.adt, f"ADT^{kind}^{structure}", person, at, [event, visit])
        case "lab":
            order = _order(number, "58410-2^CBC panel^LN", senders.lab.time(at), "HM", "F")
            value = {
                1: "1",
                2: "NM",
                3: "718-7^Hemoglobin^LN",
                5: f"{rng.uniform(9, 15):.1f}",
                6: "g/dL",
                11: "F",
            }
            return desk.plain(senders.lab, "ORU^R01^ORU_R01", person, at, [order, segment("OBX", value)])
        case "xray":
            order = _order(number, "36643-5^XR Chest 2 Views^LN", senders.pacs.time(at), "RAD", "F")
            return desk.plain(senders.pacs, "ORU^R01^ORU_R01", person, at, [order, _text(rng.choice(_XRAY))])
        case "mr":
            order = _order(number, "24590-2^MR Brain^LN", senders.pacs.time(at), "MR", "F")
            return desk.plain(
                senders.pacs, "ORU^R01^ORU_R01", person, at, [order, _text("No intracranial hemorrhage.")]
            )
        case "siu":
            schedule = segment("SCH", {1: number, 7: "CT follow-up"})
            return desk.plain(senders.ris, "SIU^S12^SIU_S12", person, at, [schedule])
        case "biopsy":
            order = _order(number, "BIOPCT^CT-guided biopsy^99IEO", senders.ris.time(at), "RAD", "F")
            control = segment("ORC", {1: "SC", 3: number, 5: "CM"})
            return desk.plain(senders.ris, "ORM^O01^ORM_O01", person, at, [control, order])
        case "letter":
            event = segment("EVN", {1: "T02", 2: senders.pacs.time(at)})
            document = segment("TXA", {1: "1", 2: "DS^Discharge summary", 3: "TX", 12: f"DL{number}", 17: "AU"})
            text = _text("Discharged home in good condition. No complication.")
            return desk.plain(senders.pacs, "MDM^T02^MDM_T02", person, at, [event, document, text])
        case _:
            order = _order(f"CTX{serial:06d}", "24627-2^CT Chest^LN", senders.pacs.time(at), "CT", "F")
            return desk.plain(senders.pacs, "ORU^R01^ORU_R01", person, at, [order, _text(rng.choice(_CT))])


def _order(filler: str, code: str, performed: str, section: str, status: str) -> str:
    return segment(
        "OBR",
        {1: "1", 2: f"P{filler}", 3: filler, 4: code, 7: performed, 22: performed, 24: section, 25: status},
    )


def _text(text: str) -> str:
    return segment("OBX", {1: "1", 2: "TX", 3: "18748-4^Report^LN", 5: escape(text), 11: "F"})


def _stranger(seed: int, number: int) -> Person:
    rng = stream(seed, "stranger", number)
    born = date(1935, 1, 1) + timedelta(days=rng.randint(0, 20_000))
    person = Person(f"7{digits(7, seed, 'stranger', number)}", "Sconosciuto", "Ugo", "M", born)
    return replace(person, given=rng.choice(("Ugo", "Ivo", "Pia", "Ada")))
