"""When the database is away: a clear answer, and recovery by itself."""

import time

from alembic import command

from deploy.local.database import LocalDatabase
from services.command.migrate import alembic_config
from services.fhir_gateway.app import build
from services.runtime.database import make_engine
from services.runtime.settings import Settings
from tests.fhir_gateway.conftest import Reader, outcome
from tests.fhir_gateway.serving import serving


def test_a_database_away_is_503_with_retry_after_and_the_gateway_recovers() -> None:
    import httpx

    with LocalDatabase() as server:
        engine = make_engine(Settings(database_url=server.create_database("away")))
        command.upgrade(alembic_config(engine), "head")
        with serving(build(engine, Settings())) as address, httpx.Client(base_url=address, timeout=30) as client:
            reader = Reader(client)
            assert reader.json("/r4/AdverseEvent")["total"] == 0
            server.kill()
            for path in ("/r4/AdverseEvent", "/r5/AdverseEvent/x", "/r4/AdverseEvent/x/_history"):
                answer = reader.get(path)
                assert outcome(answer) == (503, "transient")
                assert int(answer.headers["retry-after"]) > 0
            assert reader.get("/r4/metadata").status_code == 200
            server.start()
            deadline = time.monotonic() + 30
            while reader.get("/r4/AdverseEvent").status_code != 200:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        engine.dispose()


def test_a_database_without_tables_is_a_fault_of_the_installation_and_tells_nothing(database: LocalDatabase) -> None:
    import httpx

    engine = make_engine(Settings(database_url=database.create_database("bare")))
    with serving(build(engine, Settings())) as address, httpx.Client(base_url=address) as client:
        answer = Reader(client).get("/r4/AdverseEvent")
        assert outcome(answer) == (500, "exception")
        assert "relation" not in answer.text
    engine.dispose()
