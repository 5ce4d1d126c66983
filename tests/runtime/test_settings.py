"""Wrong settings stop a service at start and name the variable."""

from pathlib import Path

import pytest

from services.runtime.settings import Settings, load_settings


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CRYOWATCH_KAFKA", "broker"),
        ("CRYOWATCH_DATABASE_URL", "sqlite:///x"),
        ("CRYOWATCH_OPS_PORT", "99999"),
        ("CRYOWATCH_LOG_LEVEL", "loud"),
        ("CRYOWATCH_DEAD_LETTER_LIMIT", "0"),
    ],
)
def test_a_wrong_setting_is_named(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as ended:
        load_settings()
    assert ended.value.code == 78
    assert variable in capsys.readouterr().err


def test_a_missing_secret_is_said_in_words(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="event_id_key"):
        Settings(secrets_dir=tmp_path).secret("event_id_key")


def test_a_short_secret_is_refused(tmp_path: Path) -> None:
    (tmp_path / "routing_key").write_text("short")
    with pytest.raises(SystemExit, match="shorter than 32"):
        Settings(secrets_dir=tmp_path).secret("routing_key")


def test_a_sites_file_with_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sites.toml").write_text('[sites.A]\ntime_zone = "Europe/Atlantis"\n')
    with pytest.raises(SystemExit, match="SITES_FILE"):
        Settings(sites_file=tmp_path / "sites.toml").sites()


def test_a_password_is_never_in_the_settings_text(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("hunter2hunter2")
    settings = Settings(database_password_file=tmp_path / "password")
    assert "hunter2" not in f"{settings!r} {settings.database_password()!r}"
