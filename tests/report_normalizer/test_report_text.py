"""The text of a report comes out the same, however it was cut into observations, repetitions and escapes."""

import pytest

from services.report_normalizer.report_text import adds_only, normalize, with_conclusion
from tests.report_normalizer.messages import lines, obr, oru, statement, warnings

TX = "OBX|{n}|{kind}|24627-2^CT Chest^LN||{text}||||||F"


def text_of(*observations: str) -> str:
    return str(statement(oru(obr(), *observations)).text)


def test_one_observation_a_line_keeps_blank_lines() -> None:
    assert (
        text_of(*lines("FINDINGS:", "Effusion.", "", "IMPRESSION:", "Effusion."))
        == "FINDINGS:\nEffusion.\n\nIMPRESSION:\nEffusion.\n"
    )


def test_repetitions_break_lines() -> None:
    assert text_of(TX.format(n=1, kind="TX", text="One.~~Two.")) == "One.\n\nTwo.\n"


def test_formatting_commands_break_lines_and_highlighting_vanishes() -> None:
    said = "\\H\\FINDINGS:\\N\\\\.br\\One.\\.sp2\\Two.\\.ce\\Three."
    assert text_of(TX.format(n=1, kind="FT", text=said)) == "FINDINGS:\nOne.\n\nTwo.\nThree.\n"


def test_escapes_become_the_delimiters_that_they_stand_for() -> None:
    said = "8\\F\\9 \\T\\ a\\S\\b \\R\\ c:\\E\\dir \\X0D0A\\next \\X41\\\\Zxy\\."
    assert text_of(TX.format(n=1, kind="TX", text=said)) == "8|9 & a^b ~ c:\\dir\nnext A.\n"


def test_a_lone_escape_character_stays() -> None:
    assert text_of(TX.format(n=1, kind="TX", text="50\\50 or C:\\scan\\x.")) == "50\\50 or C:\\scan\\x.\n"


def test_raw_component_delimiters_in_text_stay() -> None:
    assert text_of(TX.format(n=1, kind="TX", text="A&P view, T2^N0.")) == "A&P view, T2^N0.\n"


def test_observations_are_put_in_the_order_of_their_numbers() -> None:
    assert text_of(*reversed(lines("One.", "Two.", "Three."))) == "One.\nTwo.\nThree.\n"


def test_observations_with_repeated_numbers_stay_as_they_came() -> None:
    assert text_of(TX.format(n=1, kind="TX", text="B."), TX.format(n=1, kind="TX", text="A.")) == "B.\nA.\n"


def test_section_suffixes_become_headings() -> None:
    coded = [
        "OBX|1|TX|24627-2&GDT^CT^LN||Effusion.||||||F",
        "OBX|2|TX|24627-2&GDT^CT^LN||No air.||||||F",
        "OBX|3|TX|24627-2&IMP^CT^LN||Effusion.||||||F",
    ]
    assert text_of(*coded) == "FINDINGS:\nEffusion.\nNo air.\nIMPRESSION:\nEffusion.\n"


def test_section_codes_and_names_become_headings() -> None:
    coded = ["OBX|1|TX|59776-5^Findings^LN||Effusion.||||||F", "OBX|2|TX|IMP99^Impression^L||Effusion.||||||F"]
    assert text_of(*coded) == "FINDINGS:\nEffusion.\nIMPRESSION:\nEffusion.\n"


def test_a_section_that_brings_its_own_heading_gets_no_other() -> None:
    coded = [
        "OBX|1|TX|24627-2&GDT^CT^LN||EXAM: CT chest||||||F",
        "OBX|2|TX|24627-2&IMP^CT^LN||In conclusion: effusion.||||||F",
    ]
    assert text_of(*coded) == "EXAM: CT chest\nIn conclusion: effusion.\n"


def test_deleted_lines_are_left_out() -> None:
    kept, gone = lines("One."), lines("x", "Two.", status="D")[1]
    assert text_of(*kept, gone) == "One.\n"


def test_numbers_with_units_and_pictures_are_no_text() -> None:
    outcome = oru(
        obr(),
        *lines("One."),
        "OBX|2|NM|DLP^Dose^L||310|mGy.cm|||||F",
        "OBX|3|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0=||||||F",
    )
    assert statement(outcome).text == "One.\n"
    assert warnings(outcome) == ("attachment_not_read",)


def test_plain_text_in_an_attachment_is_read() -> None:
    assert text_of("OBX|1|ED|R^Report^L||^TEXT^plain^Base64^T25lLgpUd28u||||||F") == "One.\nTwo.\n"


def test_coded_findings_come_with_their_system() -> None:
    body = statement(oru(obr(), *lines("x."), "OBX|2|CWE|F^Finding^L||60046008^Pleural effusion^SCT||||||F"))
    assert [(c.system, c.code, c.text) for c in body.coded] == [
        ("http://snomed.info/sct", "60046008", "Pleural effusion")
    ]


def test_a_missing_space_is_not_invented_and_accents_are_composed() -> None:
    assert normalize("\n\nperche\u0301  \r\nx\x00\ufeff\t\r\n\r\n") == "perché\nx\n"


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
    assert with_conclusion("Fluid seen.\n", "Effusion.\n", "en") == "Fluid seen.\n\nIMPRESSION:\nEffusion.\n"
    assert with_conclusion("", "Versamento.\n", "it") == "CONCLUSIONI:\nVersamento.\n"


def test_a_conclusion_that_the_text_holds_is_not_repeated() -> None:
    text = "FINDINGS:\nx\nIMPRESSION:\n1. Small left\neffusion.\n"
    assert text == with_conclusion(text, "Small left effusion.\n", "en")
    assert text == with_conclusion(text, "In other words.\n", "en")
    assert with_conclusion("Small left\neffusion!\n", "Small left effusion\n", "en") == "Small left\neffusion!\n"
