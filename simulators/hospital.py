"""The hospital at work: for each procedure, what its systems send about it and when."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random

from simulators.cohort.model import Care, Complication
from simulators.console import console_frames
from simulators.fhir import FhirDesk
from simulators.hl7v2 import Hl7v2Desk
from simulators.message import Message
from simulators.noise import noise_messages
from simulators.radiologist.report import Purpose
from simulators.radiologist.visits import Visits
from simulators.randomness import stream
from simulators.registry import Hospital, Procedure
from simulators.report_chains import ReportChains
from simulators.report_writer import ReportWriter
from simulators.senders import Senders


class HospitalSystems:
    """All systems of one hospital in one run; no report is begun after ``until``, so that each ends well."""

    def __init__(self, hospital: Hospital, seed: int, faults: float, until: datetime) -> None:
        self._hospital = hospital
        self._until = until
        self._seed = seed
        self._senders = Senders(hospital.site)
        self._hl7v2 = Hl7v2Desk(self._senders)
        self._fhir = FhirDesk(hospital.site, self._senders.ehr)
        self._visits = Visits(hospital, seed)
        writer = ReportWriter(self._hl7v2, self._fhir, seed)
        self._chains = ReportChains(writer, seed, faults, hospital.procedures)

    def messages(self) -> Iterator[Message]:
        """Everything that is sent, procedure by procedure, not yet in the order of time."""
        for procedure in self._hospital.procedures:
            rng = stream(self._seed, "systems", procedure.accession)
            yield from self._stay(rng, procedure)
            yield from self._documents(rng, procedure)
            yield from console_frames(self._hospital, procedure, self._seed)
            in_text = False
            for event in procedure.session.complications:
                if event.care:
                    told = rng.choice(("text", "event", "both"))
                    in_text = in_text or told != "event"
                    if told != "text":
                        yield self._care(rng, procedure, event, event.care)
            for visit in self._visits.of(procedure, care_in_text=in_text):
                if visit.report.issued > self._until:
                    continue
                mrn = self._mrn_at(procedure, visit.report.issued, early=visit.report.purpose is Purpose.BASELINE)
                yield from self._chains.of(visit, mrn)
        yield from self._merges()
        yield from noise_messages(self._hospital, self._senders, self._hl7v2, self._fhir, self._seed)

    def _documents(self, rng: Random, procedure: Procedure) -> Iterator[Message]:
        """The procedure in the RIS or in the health record, sometimes in both."""
        documented = procedure.end + timedelta(minutes=rng.randint(8, 70))
        mrn = self._mrn_at(procedure, documented)
        way = rng.choices(("hl7v2", "fhir", "both"), (0.6, 0.33, 0.07))[0]
        with_end = not procedure.session.treated or rng.random() > 0.04
        if way != "fhir":
            if rng.random() < 0.3:
                scheduled = procedure.admitted + timedelta(minutes=rng.randint(20, 60))
                yield self._hl7v2.procedure_order(procedure, mrn, scheduled, scheduled=True, with_end=False)
            yield self._hl7v2.procedure_order(procedure, mrn, documented, scheduled=False, with_end=with_end)
        if way != "hl7v2":
            resource = self._fhir.cryoablation(procedure, mrn, documented, with_end=with_end)
            bundled = self._fhir.patient(procedure.person, mrn) if rng.random() < 0.3 else None
            yield self._fhir.send(resource, documented + timedelta(seconds=20), bundle_with=bundled)

    def _stay(self, rng: Random, procedure: Procedure) -> Iterator[Message]:
        """Admission and discharge, from the admission system or as an Encounter."""
        in_fhir = rng.random() < 0.4
        entered = procedure.admitted + timedelta(minutes=rng.randint(0, 15))
        left = procedure.discharged + timedelta(minutes=rng.randint(0, 20))
        if in_fhir:
            for at, discharged in ((entered, False), (left, True)):
                resource = self._fhir.stay(procedure, self._mrn_at(procedure, at), discharged=discharged)
                yield self._fhir.send(resource, at)
            return
        yield self._hl7v2.stay(procedure, self._mrn_at(procedure, entered), "A01", entered)
        if rng.random() < 0.2:
            moved = procedure.end + timedelta(hours=rng.randint(2, 8))
            yield self._hl7v2.stay(procedure, self._mrn_at(procedure, moved), "A02", moved)
        yield self._hl7v2.stay(procedure, self._mrn_at(procedure, left), "A03", left)

    def _care(self, rng: Random, procedure: Procedure, event: Complication, care: Care) -> Message:
        given = {
            Care.CHEST_TUBE: procedure.end + timedelta(minutes=rng.randint(360, 480)),
            Care.COMPRESSION: procedure.end + timedelta(minutes=rng.randint(45, 200)),
            Care.ANTICOAGULATION: procedure.follow_up + timedelta(minutes=rng.randint(40, 240)),
        }[care]
        sent = given + timedelta(minutes=rng.randint(5, 90))
        return self._fhir.send(self._fhir.care(procedure, self._mrn_at(procedure, sent), care, given), sent)

    def _merges(self) -> Iterator[Message]:
        for procedure in self._first_procedures():
            if procedure.person.retired_mrn:
                yield self._hl7v2.merge(procedure.person, self._merged_at(procedure))

    def _first_procedures(self) -> Iterator[Procedure]:
        seen = set()
        for procedure in self._hospital.procedures:
            if procedure.person.mrn not in seen:
                seen.add(procedure.person.mrn)
                yield procedure

    def _merged_at(self, first: Procedure) -> datetime:
        rng = stream(self._seed, "merge", first.person.mrn)
        return first.follow_up + timedelta(minutes=rng.randint(300, 20_000))

    def _mrn_at(self, procedure: Procedure, at: datetime, *, early: bool = False) -> str:
        """The number that the patient bears at an instant: the retired one now and then until the merge."""
        person = procedure.person
        if not person.retired_mrn:
            return person.mrn
        first = next(other for other in self._hospital.procedures if other.person.mrn == person.mrn)
        if at >= self._merged_at(first):
            return person.mrn
        rng = stream(self._seed, "retired number", person.mrn, at.isoformat())
        return person.retired_mrn if early or rng.random() < 0.5 else person.mrn
