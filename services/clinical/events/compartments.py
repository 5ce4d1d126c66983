"""The compartments of the body as data: where findings happen, what treats them, which lesions lie near."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class Compartments:
    """The table ``compartments.toml``, read once."""

    findings: dict[str, tuple[str, bool, bool]]
    management: dict[str, tuple[str, ...]]
    near: dict[str, tuple[frozenset[str], ...]]

    def of(self, finding: str, site: str | None) -> tuple[str, bool] | None:
        """Compartment and whether it has sides; None for what isn't an adverse event's finding."""
        row = self.findings.get(finding)
        if row is None:
            return None
        compartment, by_site, sided = row
        return (f"{compartment}:{site}" if by_site and site else compartment), sided

    def treats(self, care: str, compartment: str) -> bool:
        """Whether that care is meant for events in that compartment."""
        targets = self.management.get(care, ())
        return compartment in targets or compartment.split(":")[0] in targets

    def unspecific(self, care: str) -> bool:
        """Whether that care says nothing of where the event is (intensive care, a longer stay)."""
        return "any" in self.management.get(care, ())


@cache
def compartments() -> Compartments:
    """The table that comes with the package."""
    data = tomllib.loads(files(__package__).joinpath("compartments.toml").read_text("utf-8"))
    return Compartments(
        {k: (v["compartment"], v.get("by") == "site", v["sided"]) for k, v in data["finding"].items()},
        {k: tuple(v) for k, v in data["management"].items()},
        {k: tuple(frozenset(group) for group in v) for k, v in data["near"].items()},
    )
