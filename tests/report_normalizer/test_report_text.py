"""The text of a report comes out the same, however it was cut into observations, repetitions and escapes."""

import pytest

from services.report_normalizer.report_text import adds_only, normalize, with_conclusion
from tests.report_normalizer.messages import lines, obr, oru, statement, warnings

TX = "OBX|{n}|{kind}|24627-2^CT Chest^LN||{text}||||||F"


def text_of(*observations: str) -> str:
    return str(statement(oru(obr(), *observations)).text)


def test_one_observation_a_line_keeps_blank_lines() -> None:
    assert "FINDINGS:\nEffusion.\n\nIMPRESSION:\nEffusion.\n" == text_of(
        *lines("FINDINGS:", "Effusion.", "", "IMPRESSION:", "Effusion.")
    )


def test_repetitions_break_lines() -> None:
    assert "One.\n\nTwo.\n" == text_of(TX.format(n=1, kind="TX", text="One.~~Two."))


def test_formatting_commands_break_lines_and_highlighting_vanishes() -> None:
    said = "\\H\\FINDINGS:\\N\\\\.br\\One.\\.sp2\\Two.\\.ce\\Three."
    assert "FINDINGS:\nOne.\n\nTwo.\nThree.\n" == text_of(TX.format(n=1, kind="FT", text=said))


def test_escapes_become_the_delimiters_that_they_stand_for() -> None:
    said = "8\\F\\9 \\T\\ a\\S\\b \\R\\ c:\\E\\dir \\X0D0A\\next \\X41\\\\Zxy\\."
    assert "8|9 & a^b ~ c:\\dir\nnext A.\n" == text_of(TX.format(n=1, kind="TX", text=said))


def test_a_lone_escape_character_stays() -> None:
    assert "50\\50 or C:\\scan\\x.\n" == text_of(TX.format(n=1, kind="TX", text="50\\50 or C:\\scan\\x."))


def test_raw_component_delimiters_in_text_stay() -> None:
    assert "A&P view, T2^N0.\n" == text_of(TX.format(n=1, kind="TX", text="A&P view, T2^N0."))


def test_observations_are_put_in_the_order_of_their_numbers() -> None:
    assert "One.\nTwo.\nThree.\n" == text_of(*reversed(lines("One.", "Two.", "Three.")))


def test_observations_with_repeated_numbers_stay_as_they_came() -> None:
    assert "B.\nA.\n" == text_of(TX.format(n=1, kind="TX", text="B."), TX.format(n=1, kind="TX", text="A."))


def test_section_suffixes_become_headings() -> None:
    coded = [
        "OBX|1|TX|24627-2&GDT^CT^LN||Effusion.||||||F",
        "OBX|2|TX|24627-2&GDT^CT^LN||No air.||||||F",
        "OBX|3|TX|24627-2&IMP^CT^LN||Effusion.||||||F",
    ]
    assert "FINDINGS:\nEffusion.\nNo air.\nIMPRESSION:\nEffusion.\n" == text_of(*coded)


def test_section_codes_and_names_become_headings() -> None:
    coded = ["OBX|1|TX|59776-5^Findings^LN||Effusion.||||||F", "OBX|2|TX|IMP99^Impression^L||Effusion.||||||F"]
    assert "FINDINGS:\nEffusion.\nIMPRESSION:\nEffusion.\n" == text_of(*coded)


def test_a_section_that_brings_its_own_heading_gets_no_other() -> None:
    coded = [
        "OBX|1|TX|24627-2&GDT^CT^LN||EXAM: CT chest||||||F",
        "OBX|2|TX|24627-2&IMP^CT^LN||In conclusion: effusion.||||||F",
    ]
    assert "EXAM: CT chest\nIn conclusion: effusion.\n" == text_of(*coded)


def test_deleted_lines_are_left_out() -> None:
    kept, gone = lines("One."), lines("x", "Two.", status="D")[1]
    assert "One.\n" == text_of(*kept, gone)


def test_numbers_with_units_and_pictures_are_no_text() -> None:
    outcome = oru(
        obr(),
        *lines("One."),
        "OBX|2|NM|DLP^Dose^L||310|mGy.cm|||||F",
        "OBX|3|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F",
    )
    assert "One.\n" == statement(outcome).text
    assert ("attachment_not_read",) == warnings(outcome)


def test_plain_text_in_an_attachment_is_read() -> None:
    assert "One.\nTwo.\n" == text_of("OBX|1|ED|R^Report^L||^TEXT^plain^Base64^T25lLgpUd28u||||||F")


def test_coded_findings_come_with_their_system() -> None:
    body = statement(oru(obr(), *lines("x."), "OBX|2|CWE|F^Finding^L||60046008^Pleural effusion^SCT||||||F"))
    assert [("http://snomed.info/sct", "60046008", "Pleural effusion")] == [
        (c.system, c.code, c.text) for c in body.coded
    ]


def test_a_missing_space_is_not_invented_and_accents_are_composed() -> None:
    assert "perché\nx\n" == normalize("\n\nperche\u0301  \r\nx\x00\ufeff\t\r\n\r\n")


@pytest.mark.parametrize(
    ("text", "adds"),
    [
        ("ADDENDUM 03/02: effusion is 12 mm.\n", True),
        ("*** Addendum ***\nEffusion.\n", True),
        ("ADDENDUM:\nIMPRESSION:\nEffusion.\n", True),
        ("Supplemento al referto:\nVersamento.\n", True),
        ("Integrazione\nVersamento.\n", True),
        ("Integrazione con mezzo di contrasto eseguita.\n", False),
        ("ADDENDUM:\nEffusion.\n\nFINDINGS:\nNone.\n", False),
        ("ADDENDUM:\nEffusion.\nORIGINAL REPORT:\nNone.\n", False),
        ("FINDINGS:\nNone.\nADDENDUM:\nEffusion.\n", False),
        ("No effusion.\n", False),
    ],
)
def test_an_addendum_begins_with_its_heading_and_repeats_no_body(text: str, adds: bool) -> None:
    assert adds == adds_only(text)


def test_a_conclusion_is_put_below_a_text_that_has_none() -> None:
    assert "Fluid seen.\n\nIMPRESSION:\nEffusion.\n" == with_conclusion("Fluid seen.\n", "Effusion.\n", "en")
    assert "CONCLUSIONI:\nVersamento.\n" == with_conclusion("", "Versamento.\n", "it")


def test_a_conclusion_that_the_text_holds_is_not_repeated() -> None:
    text = "FINDINGS:\nx\nIMPRESSION:\n1. Small left\neffusion.\n"
    assert text == with_conclusion(text, "Small left effusion.\n", "en")
    assert text == with_conclusion(text, "In other words.\n", "en")
    assert "Small left\neffusion!\n" == with_conclusion("Small left\neffusion!\n", "Small left effusion\n", "en")
