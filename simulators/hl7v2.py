"""What the RIS, the report system and the admission system send in HL7 v2.5.1."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulators import er7
from simulators.er7 import escape, segment
from simulators.message import Message, hl7v2_message
from simulators.radiologist.codes import Code
from simulators.radiologist.layout import Layout, Line
from simulators.radiologist.report import CtReport
from simulators.registry import Person, Procedure
from simulators.senders import Sender, Senders


@dataclass(frozen=True, slots=True)
class ReportVersion:
    """One version of a report on the wire: HL7 status (OBR-25), OBX-11, and when it was issued."""

    status: str
    result_status: str
    issued: datetime
    lines: Sequence[Line]
    with_issue_time: bool = True


class Hl7v2Desk:
    """Writes the messages of one site; every message gets a control number of its own."""

    def __init__(self, senders: Senders) -> None:
        self._senders = senders

    def procedure_order(
        self, procedure: Procedure, mrn: str, at: datetime, *, scheduled: bool, with_end: bool
    ) -> Message:
        """ORM^O01 of the RIS: the procedure as planned (``scheduled``) or as documented afterwards."""
        ris = self._senders.ris
        status, order = ("S", "SC") if scheduled else ("F", "CM")
        fields = {
            1: "1", 2: f"PLC{procedure.accession}", 3: procedure.accession, 4: "CRYOABL^Cryoablation^99IEO",
            7: ris.time(procedure.start), 16: "0042^Ferri^Dario", 22: ris.time(at), 24: "RAD", 25: status,
        }  # fmt: skip
        if with_end and not scheduled:
            fields[8] = ris.time(procedure.end)
        control = "NW" if scheduled else "SC"
        order_fields = {
            1: control,
            2: f"PLC{procedure.accession}",
            3: procedure.accession,
            5: order,
            9: ris.time(at),
        }
        observations = _details(procedure, ris, scheduled=scheduled)
        segments = [
            self._pid(procedure.person, mrn),
            segment(
                "PV1",
                {1: "1", 2: "I", 3: f"RADINT^01^A^{self._senders.site.code}", 19: f"V{procedure.accession}"},
            ),
            segment("ORC", order_fields),
            segment("OBR", fields),
            *(segment("OBX", {1: str(number), **row}) for number, row in enumerate(observations, 1)),
        ]
        return self._send(ris, "ORM^O01^ORM_O01", at, segments)

    def report_result(
        self,
        rng: Random,
        report: CtReport,
        person: Person,
        mrn: str,
        version: ReportVersion,
        layout: Layout,
        at: datetime,
        codes: Sequence[Code] = (),
    ) -> Message:
        """ORU^R01: a CT report in TX or FT lines, with coded findings where there are any."""
        pacs = self._senders.pacs
        fields = self._report_fields(report, version, pacs)
        named_in_order = report.accession and rng.random() < 0.4
        if named_in_order:
            fields[18] = report.accession or ""
        rows = _text_rows(rng, report, version, layout)
        if report.accession and not named_in_order:
            rows.append(_row("ST", "PROCEDURE_ACCESSION^Accession of the procedure^99CRYO", report.accession, version))
        rows += [_coded_row(one, version) for one in codes]
        segments = [
            self._pid(person, mrn),
            segment("ORC", {1: "RE", 2: report.placer, 3: report.filler, 5: "CM"}),
            segment("OBR", fields),
            *(segment("OBX", {1: str(number), **row}) for number, row in enumerate(rows, 1)),
        ]
        return self._send(pacs, "ORU^R01^ORU_R01", at, segments)

    def report_document(
        self, report: CtReport, person: Person, mrn: str, version: ReportVersion, trigger: str, at: datetime
    ) -> Message:
        """MDM: the report as a document. T02 original, T08 edited, T11 cancelled."""
        pacs = self._senders.pacs
        availability = {"X": "CA", "P": "UN"}.get(version.status, "AV")
        completion = {"P": "DI"}.get(version.status, "AU")
        document = {
            1: "1", 2: "RAD^Radiology report", 3: "TX", 4: _performed(report, pacs),
            6: pacs.time(version.issued), 12: report.filler, 14: report.placer, 15: report.filler,
            17: completion, 19: availability,
        }  # fmt: skip
        rows = [
            _row("TX", f"{report.exam.code}&{line.section}^{report.exam.name}^LN", escape(line.text), version)
            for line in version.lines
        ]
        segments = [
            segment("EVN", {1: trigger, 2: pacs.time(at)}),
            self._pid(person, mrn),
            segment("PV1", {1: "1", 2: "I"}),
            segment("ORC", {1: "RE", 2: report.placer, 3: report.filler}),
            segment("OBR", self._report_fields(report, version, pacs) | {18: report.accession or ""}),
            segment("TXA", document),
            *(segment("OBX", {1: str(number), **row}) for number, row in enumerate(rows, 1)),
        ]
        return self._send(pacs, f"MDM^{trigger}^MDM_T02", at, segments)

    def stay(self, procedure: Procedure, mrn: str, trigger: str, at: datetime) -> Message:
        """ADT: admission (A01), transfer between wards (A02) or discharge (A03) around a procedure."""
        adt = self._senders.adt
        ward = {"A02": "ONC^07^B"}.get(trigger, "RADINT^12^A")
        visit = {
            1: "1", 2: "I", 3: f"{ward}^{self._senders.site.code}", 4: "R", 10: "RAD",
            19: f"V{procedure.accession}", 44: adt.time(procedure.admitted),
        }  # fmt: skip
        if trigger == "A03":
            visit |= {36: "01", 45: adt.time(procedure.discharged)}
        structure = {"A02": "ADT_A02", "A03": "ADT_A03"}.get(trigger, "ADT_A01")
        segments = [
            segment("EVN", {1: trigger, 2: adt.time(at)}),
            self._pid(procedure.person, mrn),
            segment("PV1", visit),
            segment("PV2", {3: "^Cryoablation", 9: adt.time(procedure.planned_discharge)}),
        ]
        return self._send(adt, f"ADT^{trigger}^{structure}", at, segments)

    def merge(self, person: Person, at: datetime) -> Message:
        """ADT^A40: the person's retired number is merged into the surviving one."""
        adt = self._senders.adt
        authority = self._senders.site.code
        segments = [
            segment("EVN", {1: "A40", 2: adt.time(at)}),
            self._pid(person, person.mrn),
            segment("MRG", {1: f"{person.retired_mrn}^^^{authority}^MR"}),
        ]
        return self._send(adt, "ADT^A40^ADT_A39", at, segments)

    def plain(self, sender: Sender, kind: str, person: Person, at: datetime, segments: Sequence[str]) -> Message:
        """Any other message about a person; ``segments`` are those beside PID; an EVN goes first."""
        event = [each for each in segments if each.startswith("EVN")]
        rest = [each for each in segments if not each.startswith("EVN")]
        return self._send(sender, kind, at, [*event, self._pid(person, person.mrn), *rest])

    def _report_fields(self, report: CtReport, version: ReportVersion, sender: Sender) -> dict[int, str]:
        fields = {
            1: "1", 2: report.placer, 3: report.filler, 4: f"{report.exam.code}^{report.exam.name}^LN",
            7: _performed(report, sender), 13: escape(report.text.indication), 24: "CT", 25: version.status,
            32: f"&{report.radiologist}",
        }  # fmt: skip
        if version.with_issue_time:
            fields[22] = sender.time(version.issued)
        return fields

    def _pid(self, person: Person, mrn: str) -> str:
        number = f"{mrn}^^^{self._senders.site.code}^MR"
        name = f"{escape(person.family)}^{escape(person.given)}"
        return segment("PID", {1: "1", 3: number, 5: name, 7: f"{person.birth_date:%Y%m%d}", 8: person.sex})

    def _send(self, sender: Sender, kind: str, at: datetime, segments: Sequence[str]) -> Message:
        number = self._senders.control_number(sender)
        return hl7v2_message(sender.name, er7.message(sender, kind, number, at, segments), at)


def _performed(report: CtReport, sender: Sender) -> str:
    if report.performed_precision == "day":
        return sender.day(report.performed)
    return sender.time(report.performed)


def _row(kind: str, code: str, value: str, version: ReportVersion) -> dict[int, str]:
    return {2: kind, 3: code, 5: value, 11: version.result_status}


def _coded_row(one: Code, version: ReportVersion) -> dict[int, str]:
    row = _row("CWE", "59776-5^Procedure findings^LN", f"{one.code}^{one.name}^SCT", version)
    return row | ({20: f"{one.site[0]}^{one.site[1]}^SCT"} if one.site else {})


def _text_rows(rng: Random, report: CtReport, version: ReportVersion, layout: Layout) -> list[dict[int, str]]:
    r"""One line per OBX, or all lines in one OBX with ``~`` or with ``\.br\`` between them."""
    code = f"{report.exam.code}^{report.exam.name}^LN"
    lines = version.lines
    form = "lines" if layout is Layout.SECTION_CODES else rng.choice(("lines", "repetitions", "breaks"))
    if form == "repetitions":
        return [_row("TX", code, "~".join(escape(line.text) for line in lines), version)]
    if form == "breaks":
        return [_row("FT", code, "\\.br\\".join(escape(line.text) for line in lines), version)]
    coded = layout is Layout.SECTION_CODES
    return [
        _row(
            "TX",
            f"{report.exam.code}&{line.section}^{report.exam.name}^LN" if coded else code,
            escape(line.text),
            version,
        )
        for line in lines
    ]


def _details(procedure: Procedure, sender: Sender, *, scheduled: bool) -> list[dict[int, str]]:
    """The 99CRYO observations: per lesion with its number in OBX-4, the rest for the whole procedure."""

    def row(kind: str, code: str, text: str, lesion: int | None, value: str) -> dict[int, str]:
        unit = "mm" if code.endswith("_MM") else ""
        number = "" if lesion is None else str(lesion)
        return {
            2: kind,
            3: f"{code}^{text}^99CRYO",
            4: number,
            5: value,
            6: unit,
            11: "P" if scheduled else "F",
        }

    rows = []
    for lesion in procedure.lesions:
        rows.append(row("ST", "ORGAN", "Organ group", lesion.number, lesion.organ.value))
        rows.append(row("ST", "LOCATION", "Location", lesion.number, lesion.location))
        if lesion.side:
            rows.append(row("ST", "SIDE", "Side", lesion.number, lesion.side.value))
        rows.append(row("NM", "SIZE_MM", "Maximum axial diameter", lesion.number, str(lesion.size_mm)))
        if lesion.pleura_mm is not None:
            rows.append(row("NM", "PLEURA_MM", "Distance to the pleura", lesion.number, str(lesion.pleura_mm)))
        if lesion.abandoned and not scheduled:
            rows.append(row("CWE", "ABANDONED", "Abandoned", lesion.number, f"Y^{escape(lesion.abandoned)}"))
    rows.append(row("ST", "GAUGE", "Cryoprobe gauge", None, procedure.gauge))
    if not scheduled:
        rows.append(row("NM", "POSITIONS", "Probe positions", None, str(max(1, sum(procedure.positions)))))
    rows.append(row("ST", "INTENT", "Intent", None, procedure.intent))
    rows.append(row("ST", "ANESTHESIA", "Anesthesia", None, "general"))
    rows.append(row("ST", "COOLANT", "Coolant", None, "LN2"))
    rows.append(row("ST", "CLASS", "Patient class", None, "inpatient"))
    planned = sender.time(procedure.planned_discharge)
    rows.append(row("DTM", "PLANNED_DISCHARGE", "Planned discharge", None, planned))
    return rows
