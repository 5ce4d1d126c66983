"""Why a telemetry message became a dead letter: codes for machines, words for the person who mends it."""

from enum import StrEnum


class Reason(StrEnum):
    """The codes. Every one has its words in :data:`EXPLANATIONS`."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_JSON = "not_json"
    OTHER_SCHEMA = "other_schema"
    SCHEMA = "schema"
    NAME = "name_not_usable"
    NUMBER = "number_out_of_range"
    TIME = "time_not_usable"
    TOO_LONG = "frame_too_long"


EXPLANATIONS: dict[Reason, str] = {
    Reason.EMPTY: "The message has no bytes. Have the console gateway send one JSON frame a message.",
    Reason.TOO_LARGE: "The frame is larger than 256 KiB. Have the console gateway cut frames at 60 seconds.",
    Reason.NOT_JSON: "The bytes aren't JSON in UTF-8, or nest too deeply. NaN isn't JSON: send null.",
    Reason.OTHER_SCHEMA: "The frame doesn't name procedure-telemetry.v1. Have the gateway send that version.",
    Reason.SCHEMA: "A field is missing or isn't what procedure-telemetry.v1 says it is; the place names it.",
    Reason.NAME: "A name is empty, over 128 characters or not printable. Mend it in the console's set-up.",
    Reason.NUMBER: "A frame, insertion, cycle or step is more than a procedure can have. Mend the numbering.",
    Reason.TIME: "A time has no zone, doesn't exist or isn't in 2000-2099. Set the console's clock and zone.",
    Reason.TOO_LONG: "The frame covers over ten minutes. Have the console gateway cut frames at 60 seconds.",
}
