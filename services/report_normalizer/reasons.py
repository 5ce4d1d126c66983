"""Why a message was refused or set aside, and what was odd in one that was taken: closed lists of codes.

Each code carries an explanation for operators. Codes never hold a value from a message.
"""

from enum import StrEnum
from typing import Self


class _Explained(StrEnum):
    explanation: str

    def __new__(cls, value: str, explanation: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.explanation = explanation
        return member


class InvalidCode(_Explained):
    """Why a message is a dead letter."""

    NOT_HL7 = "not_hl7", "The value doesn't begin with an MSH, BHS or FHS segment."
    BAD_DELIMITERS = "bad_delimiters", "MSH-1 and MSH-2 don't give distinct, printable delimiters."
    UNDECODABLE_TEXT = (
        "undecodable_text",
        "The bytes don't fit MSH-18, nor the sender's character set in the sites file. Set it there and replay.",
    )
    MESSAGE_TYPE_MISSING = "message_type_missing", "MSH-9 doesn't say what the message is."
    NOT_JSON = "not_json", "The value is no JSON object (or is nested too deep, or holds numbers that JSON forbids)."
    RESOURCE_TYPE_MISSING = "resource_type_missing", "The object has no resourceType."
    BUNDLE_ENTRY_WITHOUT_RESOURCE = "bundle_entry_without_resource", "A Bundle entry is no object with a resource."
    PATIENT_NOT_IDENTIFIED = (
        "patient_not_identified",
        "No patient number: PID-3 is empty, or the FHIR subject leads to no identifier.",
    )
    REPORT_NOT_IDENTIFIED = (
        "report_not_identified",
        "No report number: OBR-3 and ORC-3, TXA-12, or the FHIR identifier is empty.",
    )
    PROCEDURE_NOT_IDENTIFIED = (
        "procedure_not_identified",
        "No accession number: OBR-3 and ORC-3, or the FHIR identifier of type ACSN, is empty.",
    )
    IN_ERROR_WITHOUT_CODE = (
        "in_error_without_code",
        "A Procedure in error no longer says what it was. Edit its code in and replay, or discard it.",
    )
    CARE_NOT_IDENTIFIED = "care_not_identified", "A care resource has neither an identifier nor an id."
    ENCOUNTER_NOT_IDENTIFIED = "encounter_not_identified", "An Encounter has neither an identifier nor an id."
    RETIRED_PATIENT_NOT_IDENTIFIED = (
        "retired_patient_not_identified",
        "A merge or unmerge names one patient only: MRG-1 (or the second PID-3, or Patient.link) is empty.",
    )
    IDENTIFIER_TOO_LONG = "identifier_too_long", "An identifier has more than 128 characters."
    SITE_UNKNOWN = (
        "site_unknown",
        "Nothing says which hospital assigned the numbers: name the sender and its site in the sites file and replay.",
    )
    ADJUDICATION_UNREADABLE = (
        "adjudication_unreadable",
        "A decision that doesn't fit schemas/messages/adjudications.v1.",
    )
    SEGMENT_MISSING = "segment_missing", "A segment without which the message says nothing is missing."


class IgnoredCode(_Explained):
    """Why a message that was understood is not ours."""

    MESSAGE_TYPE_NOT_USED = "message_type_not_used", "A message type or trigger that concerns no one here."
    RESOURCE_TYPE_NOT_USED = "resource_type_not_used", "A FHIR resource type that concerns no one here."
    NOT_A_CT_REPORT = "not_a_ct_report", "A result or document of another kind than a CT report."
    NOT_A_CRYOABLATION = "not_a_cryoablation", "An order for something other than a cryoablation."
    REPORT_NOT_WRITTEN_YET = "report_not_written_yet", "The examination is ordered or under way; no report yet."
    NOT_CARE = "not_care", "A procedure or medication that manages no adverse event."
    CARE_NOT_GIVEN_YET = "care_not_given_yet", "Care that is planned or prepared."
    NO_CARE_IN_MESSAGE = "no_care_in_message", "A patient or visit update without a stay, intensive care or death."
    OUTPATIENT_VISIT = "outpatient_visit", "A visit that is no hospital stay."
    EMPTY_BATCH = "empty_batch", "A batch or Bundle that holds no message."


class WarningCode(_Explained):
    """What was odd in a message that was taken all the same."""

    NONEXISTENT_LOCAL_HOUR = (
        "nonexistent_local_hour",
        "A time without a zone in the hour that clocks skip; the time is unknown.",
    )
    TIME_UNREADABLE = "time_unreadable", "A time that can't be read; it is unknown."
    TIME_MISSING = "time_missing", "A report, procedure or care event without a time; it can't be placed in the window."
    ISSUED_NOT_EXACT = "issued_not_exact", "An issue time that is no instant; the send time orders the versions."
    RECORDED_TIME_USED = "recorded_time_used", "Only EVN-2 says when a visit changed."
    SITE_NOT_CONFIGURED = (
        "site_not_configured",
        "The sites file doesn't know the site; times without a zone were read as UTC.",
    )
    CHARSET_UNKNOWN = "charset_unknown", "MSH-18 names an unknown character set; the sender's was used."
    CHARSET_MISMATCH = "charset_mismatch", "The bytes don't fit the character set; a one-byte set was used."
    CONTROL_CHARACTERS_REMOVED = "control_characters_removed", "Control characters were taken out."
    CONTINUATION_LINES = "continuation_lines", "Line breaks inside a segment were taken as part of its text."
    CONTROL_ID_MISSING = "control_id_missing", "MSH-10 is empty: a re-send is told by its content alone."
    STATUS_MISSING = "status_missing", "No report status at all; taken as final."
    STATUS_UNKNOWN = "status_unknown", "A report status that is not in the table; taken as preliminary."
    ATTACHMENT_NOT_READ = "attachment_not_read", "An attachment that is no plain text (PDF, image, link)."
    REPORT_WITHOUT_TEXT = "report_without_text", "A firm report without text: only its status was taken."
    VALUE_UNREADABLE = "value_unreadable", "A coded detail (size, number, side) that can't be read was left out."
    IDENTIFIER_DROPPED = "identifier_dropped", "An optional reference with more than 128 characters was left out."
    LESIONS_MISSING = "lesions_missing", "A cryoablation without lesions."
    ENCOUNTER_MISSING = "encounter_missing", "A visit without a number; its facts are told apart by admission time."
    DELETION_NOT_USED = "deletion_not_used", "A Bundle entry that deletes by URL; send entered-in-error instead."


class Rejected(Exception):
    """A message can't be understood. Turned into Invalid by the handler."""

    def __init__(self, code: InvalidCode, where: str) -> None:
        super().__init__(code.value)
        self.code = code
        self.where = where


class NotOurs(Exception):
    """A message is understood and not ours. Turned into Ignored by the handler."""

    def __init__(self, code: IgnoredCode) -> None:
        super().__init__(code.value)
        self.code = code


EXPLANATIONS: dict[str, str] = {
    code.value: code.explanation for codes in (InvalidCode, IgnoredCode, WarningCode) for code in codes
}
