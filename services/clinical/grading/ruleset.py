"""Rule sets as versioned data: finding and management to a grade, with the rule and its reasons."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from services.clinical.events.adverse_event import Grade

SHIPPED = ("orsi-2024", "sir-2017")


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a rule set. Empty conditions always hold."""

    id: str
    grade: int
    words: str
    events: frozenset[str]
    any_of: frozenset[str] = frozenset()
    qualifiers: frozenset[str] = frozenset()

    def reasons(self, event: str, care: frozenset[str], said: frozenset[str]) -> tuple[str, ...] | None:
        """Why the rule applies, or None when it doesn't."""
        if "*" not in self.events and event not in self.events:
            return None
        given, qualified = self.any_of & care, self.qualifiers & said
        if (self.any_of and not given) or (self.qualifiers and not qualified):
            return None
        return (
            f"finding:{event}",
            *(f"management:{c}" for c in sorted(given)),
            *(f"said:{q}" for q in sorted(qualified)),
        )


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A named, versioned set of rules on one scale."""

    id: str
    version: str
    scale: str
    title: str
    rules: tuple[Rule, ...]

    def grade(self, event: str, care: Sequence[str], said: Sequence[str], *, provisional: bool) -> Grade:
        """The worst grade among the rules that apply. Every event gets one: the first rule holds for all."""
        best: tuple[int, str, Rule, tuple[str, ...]] | None = None
        for rule in self.rules:
            reasons = rule.reasons(event, frozenset(care), frozenset(said))
            if reasons is not None and (best is None or rule.grade > best[0]):
                best = (rule.grade, rule.id, rule, reasons)
        if best is None:
            raise LookupError(f"rule set {self.id} has no rule for {event}")
        grade, name, rule, reasons = best
        return Grade(self.id, self.version, self.scale, grade, name, rule.words, reasons, provisional)


def parse_ruleset(text: str) -> RuleSet:
    """A rule set from TOML; ValueError in words when it isn't one."""
    data = tomllib.loads(text)
    try:
        rules = tuple(
            Rule(
                r["id"],
                r["grade"],
                r["words"],
                frozenset(r["events"]),
                frozenset(r.get("any_of", ())),
                frozenset(r.get("qualifiers", ())),
            )
            for r in data["rule"]
        )
        found = RuleSet(data["id"], data["version"], data["scale"], data["title"], rules)
    except (KeyError, TypeError) as problem:
        raise ValueError(f"the rule set lacks {problem}") from None
    bad = [r.id for r in rules if not 1 <= r.grade <= 5]
    if bad or len({r.id for r in rules}) != len(rules):
        raise ValueError(f"rule set {found.id}: grades run from 1 to 5 and rule ids are unique ({bad})")
    return found


@cache
def shipped() -> tuple[RuleSet, ...]:
    """The rule sets that come with CryoWatch."""
    here = files(__package__)
    return tuple(parse_ruleset(here.joinpath(f"{name}.toml").read_text("utf-8")) for name in SHIPPED)
