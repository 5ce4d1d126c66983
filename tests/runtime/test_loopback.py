"""Nothing listens beyond this machine unless somebody says so."""

import ipaddress

import pytest
from pydantic_core import PydanticUndefined
from sqlalchemy import create_engine

from services.runtime.settings import Settings
from services.runtime.worker import Applied, Processor, Worker

ADDRESSES = [name for name in Settings.model_fields if name.endswith("_host")]


def test_every_door_has_a_host_setting() -> None:
    ports = {name.removesuffix("_port") for name in Settings.model_fields if name.endswith("_port")}
    assert ports == {name.removesuffix("_host") for name in ADDRESSES}
    assert {"ops", "mllp", "fhir_intake", "gateway"} <= ports


@pytest.mark.parametrize("name", ADDRESSES)
def test_its_default_is_loopback(name: str) -> None:
    default = Settings.model_fields[name].default
    assert default is not PydanticUndefined
    assert ipaddress.ip_address(default).is_loopback


def test_fausts_own_web_pages_are_off(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WEB_ENABLED", "FAUST_WEB_ENABLED", "NODE_HOSTNAME"):
        monkeypatch.setenv(name, "true")  # Faust reads variables of its own
    import asyncio

    processor = Processor(
        "report_normalizer", ("hl7v2-inbound",), (), lambda *_: Applied({}, 0, False), lambda *_: Applied({}, 0, False)
    )
    worker = Worker(processor, Settings(), create_engine("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    loop = asyncio.new_event_loop()
    app = worker._faust(loop)
    assert app.conf.web_enabled is False
    assert app.conf.web_tables_enabled is False
    assert not app.web.blueprints or not app.conf.web_enabled
    loop.close()
