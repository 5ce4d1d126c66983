"""Wrong settings stop a service at start and name the variable."""

from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner

from services.clinical.grading.ruleset import shipped
from services.command.__main__ import main
from services.runtime.kafka_access import KafkaAccess
from services.runtime.settings import Settings, WrongSetting, load_settings
from services.runtime.start import start


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CRYOWATCH_KAFKA", "broker"),
        ("CRYOWATCH_DATABASE_URL", "sqlite:///x"),
        ("CRYOWATCH_OPS_PORT", "99999"),
        ("CRYOWATCH_LOG_LEVEL", "loud"),
        ("CRYOWATCH_DEAD_LETTER_LIMIT", "0"),
        ("CRYOWATCH_RULESET", "sir-2018"),
        ("CRYOWATCH_RULESSET", "sir-2017"),
        ("CRYOWATCH_AUDIT_DAY", "500"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_the_process(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        start(lambda _: None)
    assert ended.value.code == 78
    assert variable in capsys.readouterr().err


def test_a_wrong_setting_that_is_found_later_ends_the_process_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CRYOWATCH_SECRETS_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        start(lambda settings: settings.secret("event_id_key") and None)
    assert ended.value.code == 78
    assert "CRYOWATCH_SECRETS_DIR" in capsys.readouterr().err


def test_a_wrong_setting_ends_a_command_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_OPS_PORT", "99999")
    done = CliRunner().invoke(main, ["rates"])
    assert done.exit_code == 78
    assert "CRYOWATCH_OPS_PORT" in done.output


def test_a_missing_secret_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(WrongSetting, match="event_id_key"):
        Settings(secrets_dir=tmp_path).secret("event_id_key")


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "routing_key").write_text("short")
    with pytest.raises(WrongSetting, match="shorter than 32"):
        Settings(secrets_dir=tmp_path).secret("routing_key")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[sites.A]\ntime_zone = "Europe/Atlantis"', "sites.A.time_zone: there is no time zone Europe/Atlantis"),
        ('[sites.A]\ntimezone = "Europe/Rome"', "sites.A.timezone"),
        ('[sites.A]\n[senders."X|A"]\nsite = "A"\ncharset = "latin-99"', "there is no character set latin-99"),
        ('[sites.A]\n[senders."X|B"]\nsite = "B"', r"there is no \[sites.B\]"),
        ("[sites.A", "is no TOML file"),
        ("[site.A]", "site"),
    ],
)
def test_a_sites_file_that_names_what_is_not_there_is_refused(written: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "sites.toml").write_text(written + "\n")
    with pytest.raises(WrongSetting, match=said) as refused:
        Settings(sites_file=tmp_path / "sites.toml").sites()
    assert str(refused.value).startswith("CRYOWATCH_SITES_FILE: ")
    assert "Error" not in str(refused.value)


@pytest.mark.parametrize("charset", ["ISO-8859-1", "8859/15", "UNICODE UTF-8", "GB 18030-2000", "ISO IR87", "cp1252"])
def test_a_sender_may_be_given_any_character_set_that_messages_may_name(charset: str, tmp_path: Path) -> None:
    written = f'[sites.A]\n[senders."X|A"]\nsite = "A"\ncharset = "{charset}"\n'
    (tmp_path / "sites.toml").write_text(written)
    assert Settings(sites_file=tmp_path / "sites.toml").sites().sender("X|A").charset == charset


def test_the_rule_sets_that_can_be_chosen_are_those_that_there_are() -> None:
    assert set(get_args(Settings.model_fields["ruleset"].annotation)) == {rules.id for rules in shipped()}


def test_a_password_is_never_in_the_settings_text(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2hunter2")
    settings = Settings(database_password_file=tmp_path / "password")
    assert "hunter2" not in f"{settings!r} {settings.database_password()!r}"


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRYOWATCH_MLLP_TLS_CLIENT_CA_FILE", "")
    monkeypatch.setenv("CRYOWATCH_KAFKA", "")
    assert load_settings().mllp_tls_client_ca_file is None
    assert load_settings().kafka == "127.0.0.1:9092"


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"kafka_security": "sasl_tls"}, "CRYOWATCH_KAFKA_USER"),
        ({"kafka_security": "sasl_tls", "kafka_user": "a"}, "CRYOWATCH_KAFKA_PASSWORD_FILE"),
        ({"kafka_security": "sasl_tls", "kafka_user": "a", "kafka_password_file": "none"}, "can't read none"),
        ({"kafka_security": "sasl_tls", "kafka_user": "a", "kafka_password_file": "empty"}, "empty is empty"),
        ({"kafka_security": "tls", "kafka_ca_file": "none"}, "CRYOWATCH_KAFKA_CA_FILE: can't read"),
        ({"kafka_security": "tls", "kafka_ca_file": "empty"}, "holds no PEM certificate"),
        ({"kafka_security": "tls", "kafka_cert_file": "empty"}, "set both or neither"),
        ({"kafka_user": "a"}, "without effect while CRYOWATCH_KAFKA_SECURITY is plaintext"),
    ],
)
def test_how_kafka_is_reached_is_checked_at_the_start(
    changed: dict[str, str], named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty").write_text("")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(WrongSetting, match=named):
        KafkaAccess(Settings(**changed))


def test_a_kafka_password_is_in_no_text_of_ours(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2hunter2")
    access = KafkaAccess(Settings(kafka_security="sasl_tls", kafka_user="a", kafka_password_file=tmp_path / "password"))
    assert "hunter2" not in f"{access!r} {access.faust()!r} {vars(access)!r}"
    assert access.kafka_python()["sasl_plain_password"] == "hunter2hunter2"


def test_variables_of_the_compose_file_are_no_misspelt_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    example = Path(__file__).parents[2] / "deploy" / "env.example"
    for line in example.read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", 1))
    load_settings()
