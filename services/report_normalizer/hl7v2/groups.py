"""The order groups of ORU, ORM and OMI messages: one OBR with the ORC before it and the observations after it."""

from collections.abc import Iterable
from dataclasses import dataclass

from services.report_normalizer.hl7v2.segments import Message, Segment

LOCAL_SYSTEM = "99CRYO"


@dataclass(frozen=True, slots=True)
class OrderGroup:
    """One order with its observations. A message without OBR forms one group around an empty OBR."""

    order: Segment
    common: Segment | None
    observations: tuple[Segment, ...]

    @property
    def filler(self) -> str:
        """The filler order number: OBR-3, else ORC-3."""
        return self.order.value(3) or (self.common.value(3) if self.common else "")

    @property
    def placer(self) -> str:
        """The placer order number: OBR-2, else ORC-2."""
        return self.order.value(2) or (self.common.value(2) if self.common else "")

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of what was ordered: OBR-4.1 and OBR-4.4."""
        return tuple(code for code in (self.order.value(4, 1), self.order.value(4, 4)) if code)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of what was ordered: OBR-4.2 and OBR-4.5."""
        return tuple(name for name in (self.order.value(4, 2), self.order.value(4, 5)) if name)

    def local(self, code: str) -> Segment | None:
        """The observation with that code of CryoWatch's own system."""
        return next((x for x in self.observations if is_local(x) and x.value(3).upper() == code), None)


def order_groups(message: Message) -> list[OrderGroup]:
    """The groups in order. Observations before the first OBR, and ORCs without one, make a group of their own."""
    found: list[OrderGroup] = []
    common: Segment | None = None
    order: Segment | None = None
    observations: list[Segment] = []

    def close() -> None:
        nonlocal common, order, observations
        if order is not None or common is not None or observations:
            found.append(OrderGroup(order or _empty(message), common, tuple(observations)))
        common, order, observations = None, None, []

    for segment in message.segments:
        if segment.name == "ORC":
            if order is not None or common is not None:
                close()
            common = segment
        elif segment.name == "OBR":
            if order is not None:
                close()
            order = segment
        elif segment.name == "OBX":
            observations.append(segment)
    close()
    return found


def merge_same_report(groups: Iterable[OrderGroup]) -> list[list[OrderGroup]]:
    """Groups that share a filler number together: one report on several examinations."""
    together: dict[str, list[OrderGroup]] = {}
    for number, group in enumerate(groups):
        together.setdefault(group.filler or f"\x00{number}", []).append(group)
    return list(together.values())


def is_local(observation: Segment) -> bool:
    """Whether an observation is coded in CryoWatch's own system."""
    return LOCAL_SYSTEM in (observation.value(3, 3).upper(), observation.value(3, 6).upper())


def _empty(message: Message) -> Segment:
    return Segment("OBR", ("OBR",), message.header.delimiters)
