"""Compose file, dashboards and rules speak of what there is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from deploy.local.stack import SERVICES
from services.charts.rates import SiteCounts
from services.clinical.rates.rate import WINDOWS, Counts
from services.complication_metrics.collector import RatesCollector
from services.runtime.metrics import PipelineMetrics

ROOT = Path(__file__).parents[2]
OTHERS = {"cryo_dead_letters_open", "cryo_due_groups", "cryo_due_groups_published", "cryo_rates_leader", "up"}


def known_metrics() -> set[str]:
    rates = RatesCollector()
    registry = CollectorRegistry()
    registry.register(rates)
    pipeline = PipelineMetrics("s", ("t",)).registry
    families = [family for source in (registry, pipeline) for family in source.collect()]
    names = {family.name for family in families}
    samples = {sample.name for family in families for sample in family.samples}
    return names | samples | {f"{name}_total" for name in names} | OTHERS


def panels() -> list[dict[str, Any]]:
    """Panels of every dashboard; a row is a heading."""
    dashboards = [json.loads(p.read_text("utf-8")) for p in (ROOT / "deploy/grafana/dashboards").glob("*.json")]
    return [panel for d in dashboards for panel in d["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    found = [t["expr"] for panel in panels() for t in panel["targets"]]
    for path in (ROOT / "deploy/prometheus/rules").glob("*.yml"):
        found += [r["expr"] for g in yaml.safe_load(path.read_text("utf-8"))["groups"] for r in g["rules"]]
    return found


def compose() -> dict[str, dict[str, object]]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text("utf-8"))["services"])


def test_every_expression_uses_a_metric_that_is_served() -> None:
    for expression in expressions():
        used = set(re.findall(r"\b(cryo_[a-z_]+)", expression))
        assert used or "up{" in expression, expression
        assert used <= known_metrics(), expression


def test_every_panel_uses_the_provisioned_data_source() -> None:
    source = yaml.safe_load((ROOT / "deploy/grafana/provisioning/datasources/prometheus.yaml").read_text("utf-8"))
    uid = source["datasources"][0]["uid"]
    for panel in panels():
        assert uid == panel["datasource"]["uid"]


def test_panels_have_ids_of_their_own_and_do_not_overlap() -> None:
    for path in (ROOT / "deploy/grafana/dashboards").glob("*.json"):
        shown = json.loads(path.read_text("utf-8"))["panels"]
        assert len(shown) == len({panel["id"] for panel in shown})
        places = [panel["gridPos"] for panel in shown]
        cells = [(p["x"] + x, p["y"] + y) for p in places for x in range(p["w"]) for y in range(p["h"])]
        assert len(cells) == len(set(cells))
        assert max(x for x, _ in cells) < 24


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_package_is_a_compose_service_of_the_same_name(service: str) -> None:
    assert (ROOT / "services" / service / "__main__.py").exists()
    assert [f"services.{service}"] == compose()[service]["command"]


def test_every_service_package_is_run() -> None:
    packages = {p.parent.name for p in (ROOT / "services").glob("*/__main__.py")} - {"command"}
    assert packages == set(SERVICES)


def test_ports_are_published_on_this_machine_only() -> None:
    for name, service in compose().items():
        for port in service.get("ports", ()):  # type: ignore[attr-defined]
            assert str(port).startswith("${CRYOWATCH_BIND:-127.0.0.1}:"), name


def test_prometheus_scrapes_every_service() -> None:
    config = yaml.safe_load((ROOT / "deploy/prometheus/prometheus.yml").read_text("utf-8"))
    (targets,) = config["scrape_configs"][0]["static_configs"]
    assert {f"{name}:9464" for name in SERVICES} == set(targets["targets"])


def test_series_are_at_most_600_and_40_a_site() -> None:
    full = Counts({(s, m): 1 for s in ("all", "organ=bone", "organ=lung", "organ=soft_tissue") for m in _measures()})
    for sites in (1, 7):
        rates = RatesCollector()
        from datetime import UTC, datetime

        rates.update([SiteCounts(f"S{n}", w, full) for n in range(sites) for w in WINDOWS], datetime.now(UTC))
        assert sum(len(f.samples) for f in rates.collect()) <= 600 + 40 * sites


def _measures() -> set[str]:
    from services.clinical.rates.rate import UNITS

    return {measure for pair in UNITS.values() for measure in pair}
