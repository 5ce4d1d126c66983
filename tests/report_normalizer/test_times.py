"""Times of any precision, with a zone or without, mean a moment, an interval, or nothing."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.clinical.moments import Moment, iso
from services.report_normalizer import iso_time
from services.report_normalizer.hl7v2.times import parse_time
from services.report_normalizer.local_time import Nonexistent, Unreadable

ROME = ZoneInfo("Europe/Rome")


def span(moment: Moment) -> tuple[str, str]:
    return iso(moment.earliest), iso(moment.latest)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("20210302101530", "2021-03-02T09:15:30Z", "2021-03-02T09:15:30Z"),
        ("202103021015", "2021-03-02T09:15:00Z", "2021-03-02T09:15:00Z"),
        ("20210302101530.1239", "2021-03-02T09:15:30.123Z", "2021-03-02T09:15:30.123Z"),
        ("20210302101530-0500", "2021-03-02T15:15:30Z", "2021-03-02T15:15:30Z"),
        ("20210302101530Z", "2021-03-02T10:15:30Z", "2021-03-02T10:15:30Z"),
        ("2021030210", "2021-03-02T09:00:00Z", "2021-03-02T09:59:59Z"),
        ("20210302", "2021-03-01T23:00:00Z", "2021-03-02T22:59:59Z"),
        ("202102", "2021-01-31T23:00:00Z", "2021-02-28T22:59:59Z"),
        ("202112", "2021-11-30T23:00:00Z", "2021-12-31T22:59:59Z"),
        ("2021", "2020-12-31T23:00:00Z", "2021-12-31T22:59:59Z"),
        ("20210328", "2021-03-27T23:00:00Z", "2021-03-28T21:59:59Z"),
        ("20211031", "2021-10-30T22:00:00Z", "2021-10-31T22:59:59Z"),
        ("20211031023000", "2021-10-31T00:30:00Z", "2021-10-31T01:30:00Z"),
        ("2021103102", "2021-10-31T00:00:00Z", "2021-10-31T01:59:59Z"),
        ("20211031023000+0100", "2021-10-31T01:30:00Z", "2021-10-31T01:30:00Z"),
        ("2021-03-02T10:15:30+01:00", "2021-03-02T09:15:30Z", "2021-03-02T09:15:30Z"),
    ],
)
def test_an_hl7_time_means_a_moment_in_the_senders_zone(text: str, earliest: str, latest: str) -> None:
    assert (earliest, latest) == span(parse_time(text, lambda: ROME))


@pytest.mark.parametrize("text", ["20210328023000", "202103280200", "2021032802"])
def test_an_hour_that_clocks_skip_means_nothing(text: str) -> None:
    with pytest.raises(Nonexistent):
        parse_time(text, lambda: ROME)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday", "20211302", "20210230", "202103022460", "20210302101560", "00000000", "0000", "1799",
        "2021030", "20210302101530+9900", "٢٠٢١٠٣٠٢", "20210302101530.5+01", "99990101000000", "2021-3-2",
    ],
)  # fmt: skip
def test_what_is_no_time_is_not_guessed(text: str) -> None:
    with pytest.raises(Unreadable):
        parse_time(text, lambda: ROME)


@pytest.mark.parametrize(
    ("text", "earliest", "latest"),
    [
        ("2021-03-02T10:15:30.5+01:00", "2021-03-02T09:15:30.500Z", "2021-03-02T09:15:30.500Z"),
        ("2021-03-02T10:15:30Z", "2021-03-02T10:15:30Z", "2021-03-02T10:15:30Z"),
        ("2021-03-02T10:15", "2021-03-02T09:15:00Z", "2021-03-02T09:15:00Z"),
        ("2021-03-02", "2021-03-01T23:00:00Z", "2021-03-02T22:59:59Z"),
        ("2021-03", "2021-02-28T23:00:00Z", "2021-03-31T21:59:59Z"),
        ("2021", "2020-12-31T23:00:00Z", "2021-12-31T22:59:59Z"),
    ],
)
def test_a_fhir_time_means_a_moment(text: str, earliest: str, latest: str) -> None:
    assert (earliest, latest) == span(iso_time.parse_time(text, lambda: ROME))


def test_the_zone_is_not_asked_when_the_text_has_one() -> None:
    def asked() -> ZoneInfo:
        raise AssertionError

    assert datetime(2021, 3, 2, 9, 15, tzinfo=UTC) == parse_time("202103021015+0100", asked).earliest
