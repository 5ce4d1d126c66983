"""The resources of one value, and the references between them.

A reference leads to an identifier by its own ``identifier`` element, by a contained resource, or by another entry of
the Bundle: its fullUrl, or type and id. A reference that leads nowhere names nobody; nothing is guessed from ids.
"""

from dataclasses import dataclass, field

from services.report_normalizer.fhir.elements import Element, child, children, text
from services.report_normalizer.reasons import InvalidCode, Rejected

_NO_TYPE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Entry:
    """One resource, where it stands in the value, and whether the Bundle asks to delete it."""

    resource: Element
    where: str
    deletes: bool = False


@dataclass(slots=True)
class Resources:
    """The entries in order, and an index of what references may name."""

    entries: list[Entry]
    by_reference: dict[str, Element] = field(default_factory=dict)

    def resolve(self, reference: Element, within: Element) -> Element:
        """The resource that a reference leads to; empty when it leads nowhere."""
        target = text(reference, "reference")
        if target.startswith("#"):
            contained = children(within, "contained")
            return next((c for c in contained if text(c, "id") == target[1:]), {})
        target = target.split("/_history/")[0]
        return self.by_reference.get(target) or self.by_reference.get("/".join(target.split("/")[-2:]), {})

    def identifiers(self, reference: Element, within: Element) -> list[Element]:
        """The identifiers that a reference stands for."""
        return children(reference, "identifier") or children(self.resolve(reference, within), "identifier")


def open_bundle(value: Element) -> Resources:
    """The resources of a Bundle (of any type), or the one resource."""
    kind = text(value, "resourceType")
    if not kind:
        raise Rejected(InvalidCode.RESOURCE_TYPE_MISSING, "resourceType")
    if kind != "Bundle":
        return Resources([Entry(value, kind)])
    found = Resources([])
    raw = value.get("entry", [])
    for number, entry in enumerate(raw if isinstance(raw, list) else [raw]):
        resource = child(entry, "resource")
        deletes = text(child(entry, "request"), "method").upper() == "DELETE"
        where = f"Bundle.entry[{number}]"
        if not text(resource, "resourceType") and not deletes:
            raise Rejected(InvalidCode.BUNDLE_ENTRY_WITHOUT_RESOURCE, where)
        found.entries.append(Entry(resource, f"{where}.{text(resource, 'resourceType')}", deletes))
        for name in (text(entry, "fullUrl"), f"{text(resource, 'resourceType')}/{text(resource, 'id')}"):
            if name and not name.endswith("/"):
                found.by_reference.setdefault(name, resource)
    return found


def identifier_of_type(identifiers: list[Element], wanted: frozenset[str]) -> str:
    """The value of the first identifier of a type in ``wanted``; empty when there is none."""
    return next((text(i, "value") for i in identifiers if text(i, "value") and type_codes(i) & wanted), "")


def untyped_identifier(identifiers: list[Element]) -> str:
    """The value of the first identifier without a type."""
    return next((text(i, "value") for i in identifiers if text(i, "value") and not type_codes(i)), "")


def type_codes(identifier: Element) -> frozenset[str]:
    """The type codes of an identifier, in capitals."""
    kind = child(identifier, "type")
    codes = frozenset(text(c, "code").upper() for c in children(kind, "coding"))
    return codes - {""} or (frozenset((text(kind, "text").upper(),)) if text(kind, "text") else _NO_TYPE)
