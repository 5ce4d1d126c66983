"""The documentation says what is true: its table of settings is the settings."""

from pathlib import Path

from services.runtime.settings import PREFIX, Settings

CONFIGURATION = Path(__file__).parents[1] / "docs" / "configuration.md"


def settings_table() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        rows.append(f"| `{PREFIX}{name.upper()}` | {default} | {field.description} |")
    return "\n".join(rows)


def test_the_settings_table_is_the_settings() -> None:
    text = CONFIGURATION.read_text("utf-8")
    between = text.partition("<!-- settings -->\n")[2].partition("\n<!-- /settings -->")[0]
    assert settings_table() == between
