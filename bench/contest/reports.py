"""HL7 messages to feed, and what has to come out: each patient's procedure, its CT reports, and the adverse event.

For each patient: the documented cryoablation (ORM), a baseline CT and a follow-up CT at 24 h (ORU). Half of the
follow-ups show an event, on the side that was treated; one message in ten is sent twice.
"""

import json

TOPICS, SINKS = ("hl7v2-inbound",), ("procedure-records", "adverse-events")

MESSAGES_PER_PATIENT = 3
FINDINGS = (
    ("Small left pleural effusion.", "pleural_effusion"),
    ("No pneumothorax. No pleural effusion.", None),
    ("Thin left apical pneumothorax.", "pneumothorax"),
    ("Expected post-ablation changes in the left lower lobe.", None),
)
NORMAL = (
    "The heart is normal in size. The mediastinal contours are unremarkable. The airways are patent.",
    "No enlarged mediastinal, hilar or axillary lymph nodes. The liver and spleen are unremarkable.",
    "There is mild degenerative change of the thoracic spine. No suspicious osseous lesion.",
)


def patient(number: int, days: int = 0) -> list[bytes]:
    """The three messages of one patient. ``days`` moves all times. A site treats a handful on one day, not dozens."""
    day, month = 1 + (number + days) % 26, 1 + (number + days) // 26 % 12
    start, next_day = f"2021{month:02d}{day:02d}", f"2021{month:02d}{day + 1:02d}"
    name = f"{number:06d}"
    text, _ = FINDINGS[number % len(FINDINGS)]
    return [
        _order(name, start),
        _report(name, "B", f"{start}0700", ("No pneumothorax. No pleural effusion.",)),
        _report(name, "F", f"{next_day}1015", (text,)),
    ]


def load(patients: int) -> list[tuple[bytes, bytes]]:
    """All messages as (key, value), patients in turn, follow-ups some fifty messages after their procedures."""
    made: list[tuple[bytes, bytes]] = []
    for first in range(0, patients, 16):
        some = [patient(n) for n in range(first, min(patients, first + 16))]
        for step in range(MESSAGES_PER_PATIENT):
            made += [
                (b"RIS|IEO" if step == 0 else b"PACSREP|IEO%d" % (n % 4), three[step]) for n, three in enumerate(some)
            ]
    again = [record for number, record in enumerate(made) if number % 10 == 0]
    return [*made, *again]


def expected(patients: int) -> dict[str, str]:
    """The event of each accession that has one."""
    found = ((f"A{n:06d}", FINDINGS[n % len(FINDINGS)][1]) for n in range(patients))
    return {accession: event for accession, event in found if event}


def answers(values: list[bytes]) -> dict[str, str]:
    """The last word on each accession's events in what was published."""
    newest: dict[str, tuple[int, str, str, str]] = {}
    for value in values:
        said = json.loads(value)
        if said.get("schema") != "adverse-events.v1":
            continue
        held = newest.get(said["id"])
        if held is None or said["revision"] >= held[0]:
            newest[said["id"]] = (said["revision"], said["status"], said["accession"], said["event"])
    return {accession: event for _, status, accession, event in newest.values() if status == "live"}


def _order(name: str, day: str) -> bytes:
    start, end = f"{day}090000", f"{day}110000"
    details = (
        ("ORGAN", "1", "lung"), ("LOCATION", "1", "lung"), ("SIDE", "1", "left"), ("SIZE_MM", "1", "18.5"),
        ("PLEURA_MM", "1", "7"), ("GAUGE", "", "10G"), ("POSITIONS", "", "1"), ("INTENT", "", "curative"),
        ("COOLANT", "", "LN2"), ("CLASS", "", "inpatient"),
    )  # fmt: skip
    lines = [
        f"MSH|^~\\&|RIS|IEO|CRYOWATCH|IEO|{end}||ORM^O01^ORM_O01|R{name}|P|2.5.1",
        f"PID|1||P{name}^^^IEO^MR||EXAMPLE^PATIENT||19500101|F",
        f"ORC|SC|PL{name}|A{name}||CM",
        f"OBR|1|PL{name}|A{name}|CRYOABL^Cryoablation^99IEO|||{start}|{end}||||||||||||||{end}||RAD|F",
    ]
    lines += [f"OBX|{n}|ST|{code}^{code}^99CRYO|{sub}|{v}||||||F" for n, (code, sub, v) in enumerate(details, 1)]
    return "\r".join(lines).encode()


def _report(name: str, which: str, performed: str, findings: tuple[str, ...]) -> bytes:
    text = ("FINDINGS:", *NORMAL[:2], *findings, NORMAL[2], "", "IMPRESSION:", *findings)
    issued = f"{performed[:8]}{int(performed[8:]) + 100:04d}00"
    lines = [
        f"MSH|^~\\&|PACSREP|IEO|CRYOWATCH|IEO|{issued}||ORU^R01^ORU_R01|M{which}{name}|P|2.5.1||||||UNICODE UTF-8",
        f"PID|1||P{name}^^^IEO^MR||EXAMPLE^PATIENT||19500101|F",
        f"ORC|RE|PC{which}{name}|CT{which}{name}||CM",
        f"OBR|1|PC{which}{name}|CT{which}{name}|24627-2^CT Chest^LN|||{performed}00|||||||||||||||{issued}||CT|F",
    ]
    lines += [f"OBX|{n}|TX|24627-2^CT Chest^LN||{said}||||||F" for n, said in enumerate(text, 1)]
    return "\r".join(lines).encode()
