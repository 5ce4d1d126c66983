"""The report's final position on each finding, from all its mentions.

An addendum outweighs the impression, the impression the findings, and anything firm an earlier
episode or a question. Within one weight a plain contradiction leaves the finding possible.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.clinical.reading.lexicon import SINCE
from services.clinical.reading.model import Assertion, Finding, Side

_WEIGHTS = {"addendum": 4, "impression": 3, "findings": 2, "body": 2}
_FINAL = 10
_FIRM = (Assertion.PRESENT, Assertion.ABSENT, Assertion.POSSIBLE, Assertion.RESOLVED)
_ORDER = (*_FIRM[:1], Assertion.POSSIBLE, Assertion.RESOLVED, Assertion.ABSENT)
_LOOSE = (Assertion.HISTORICAL, Assertion.HYPOTHETICAL, Assertion.OTHER_SUBJECT)
_SIDES = (Side.LEFT, Side.RIGHT)


@dataclass(frozen=True, slots=True)
class Mention:
    """A finding as mentioned; `narrow` denies only a kind of it ("no large", "no tension")."""

    finding: Finding
    narrow: bool
    preliminary: bool = False

    @property
    def weight(self) -> int:
        """How much its section counts; anything final counts more than anything preliminary."""
        return _WEIGHTS.get(self.finding.section, 1) + (0 if self.preliminary else _FINAL)


def positions(mentions: Sequence[Mention]) -> tuple[tuple[Finding, ...], bool]:
    """The final findings in canonical order, and whether the report contradicts itself."""
    groups: dict[tuple[str, str], list[Mention]] = {}
    for one in mentions:
        groups.setdefault((one.finding.kind, one.finding.finding), []).append(one)
    final: list[Finding] = []
    contradictory = False
    for group in groups.values():
        if len(group) == 1:
            final.append(group[0].finding)
            continue
        for placed in _by_site(group):
            made, clash = _by_side(placed)
            final.extend(made)
            contradictory = contradictory or clash
    final = _specific(final)
    final.sort(key=lambda f: (f.kind, f.finding, f.site or "", f.side or "", f.assertion, f.start))
    return tuple(final), contradictory


def _specific(final: list[Finding]) -> list[Finding]:
    """Blood in the pleura is not also plain fluid there: an effusion that the report elsewhere calls bloody goes."""
    bloody = {
        side
        for f in final
        if f.finding == "hemorrhagic_pleural_effusion" and f.assertion is Assertion.PRESENT
        for side in _spread(f.side)
    }
    if not bloody:
        return final
    return [
        f
        for f in final
        if not (f.finding == "pleural_effusion" and f.assertion is Assertion.PRESENT and set(_spread(f.side)) <= bloody)
    ]


def _spread(side: Side | None) -> tuple[Side | None, ...]:
    return _SIDES if side is Side.BILATERAL else (side,)


def _by_site(group: list[Mention]) -> list[list[Mention]]:
    """One list per site. What names no site goes with the only site there is; a denial goes with each."""
    sited: dict[str, list[Mention]] = {}
    for one in group:
        if one.finding.site is not None:
            sited.setdefault(one.finding.site, []).append(one)
    bare = [one for one in group if one.finding.site is None]
    if not sited or not bare:
        return [*sited.values(), bare] if bare else list(sited.values())
    shown = {
        site
        for site, ones in sited.items()
        if any(m.finding.assertion in (Assertion.PRESENT, Assertion.POSSIBLE) for m in ones)
    }
    denials = [one for one in bare if one.finding.assertion is Assertion.ABSENT]
    others = [one for one in bare if one.finding.assertion is not Assertion.ABSENT]
    if len(shown) == 1 or (not shown and len(sited) == 1):
        only = next(iter(shown or sited))
        sited[only].extend(bare)
        return [sorted(ones, key=lambda m: m.finding.start) for ones in sited.values()]
    for site in shown:
        sited[site].extend(denials)
    left = others if shown else bare
    return [*sited.values(), left] if left else list(sited.values())


def _by_side(group: list[Mention]) -> tuple[list[Finding], bool]:
    sided = [one for one in group if one.finding.side is not None]
    if not sided:
        made, clash = _decide(group, None)
        return [made], clash
    bare = [one for one in group if one.finding.side is None]
    parts: dict[Side, list[Mention]] = {side: [] for side in _SIDES}
    for one in sided:
        for side in _SIDES:
            if one.finding.side in (side, Side.BILATERAL):
                parts[side].append(one)
    used = {side: list(ones) for side, ones in parts.items() if ones}
    shown = [
        side
        for side, ones in used.items()
        if any(m.finding.assertion in _FIRM and m.finding.assertion is not Assertion.ABSENT for m in ones)
    ]
    rest: list[Mention] = []
    for one in bare:
        homes = shown or []
        if one.finding.assertion in _FIRM and homes:
            for side in homes:
                used[side].append(one)
        else:
            rest.append(one)
    results: list[tuple[Side | None, Finding]] = []
    contradictory = False
    for side in _SIDES:
        if side in used:
            made, clash = _decide(used[side], side)
            contradictory = contradictory or clash
            results.append((side, made))
    if len(results) == 2 and _same(results[0][1], results[1][1]):
        results = [(Side.BILATERAL, replace(results[0][1], side=Side.BILATERAL))]
    if results and len(rest) == len(bare) and not any(made.assertion in _FIRM for _, made in results):
        # "Right pneumothorax before; no longer seen": what is gone was where it had been.
        only = results[0][0] if len(results) == 1 else None
        if only in _SIDES and rest and all(m.finding.assertion is Assertion.RESOLVED for m in rest):
            made, clash = _decide([*used[only], *rest], only)
            return [made], contradictory or clash
    if results and not any(one.finding.assertion in _FIRM for one in rest):
        rest = [] if any(made.assertion in _FIRM for _, made in results) else rest
    if rest:
        made, clash = _decide(rest, None)
        contradictory = contradictory or clash
        results.append((None, made))
    return [made for _, made in results], contradictory


def _same(left: Finding, right: Finding) -> bool:
    """Whether both sides rest on one and the same bilateral statement."""
    return (left.start, left.end, left.assertion) == (right.start, right.end, right.assertion) and replace(
        left, side=None
    ) == replace(right, side=None)


def _decide(group: list[Mention], side: Side | None) -> tuple[Finding, bool]:
    firm = [one for one in group if one.finding.assertion in _FIRM]
    if not firm:
        chosen = min(group, key=lambda m: (_LOOSE.index(m.finding.assertion), m.finding.start))
        return _filled(chosen, group, side), False
    broad = [one for one in firm if not one.narrow]
    shown = [one for one in broad if one.finding.assertion is not Assertion.ABSENT]
    pool = broad if shown else firm
    top = max(one.weight for one in pool)
    level = [one for one in pool if one.weight == top]
    if level[0].finding.section == "addendum":
        level = [one for one in level if one.finding.start >= level[-1].finding.start] or level
    said = {one.finding.assertion for one in level}
    if Assertion.PRESENT in said and Assertion.ABSENT in said:
        chosen = _best(level, Assertion.PRESENT)
        made = _filled(chosen, group, side)
        return replace(made, assertion=Assertion.POSSIBLE), True
    wanted = next(assertion for assertion in _ORDER if assertion in said)
    made = _filled(_best(level, wanted), group, side)
    earlier = {q for m in group if m.finding.assertion is Assertion.HISTORICAL for q in m.finding.qualifiers}
    if wanted in (Assertion.ABSENT, Assertion.RESOLVED) and SINCE in earlier:
        # There at the end of the procedure, as the quoted report says, and denied now.
        qualifiers = tuple(sorted({*made.qualifiers, SINCE}))
        made = replace(made, assertion=Assertion.RESOLVED, qualifiers=qualifiers)
    return made, False


def _best(level: list[Mention], assertion: Assertion) -> Mention:
    """The mention of `assertion` that says most; among equals the first."""
    found = [one for one in level if one.finding.assertion is assertion]
    return max(found, key=lambda m: (_told(m.finding), -m.finding.start))


def _told(one: Finding) -> int:
    return sum(value is not None for value in (one.side, one.size_mm, one.severity, one.change, one.site))


def _filled(chosen: Mention, group: list[Mention], side: Side | None) -> Finding:
    """The chosen mention, completed from the mentions that say the same elsewhere in the report."""
    made = chosen.finding
    if len(group) == 1 and made.side is side:
        return made
    alike = [made, *(m.finding for m in group if m.finding.assertion is made.assertion and m is not chosen)]
    if made.assertion is Assertion.ABSENT:
        return replace(made, side=side)
    return replace(
        made,
        side=side,
        size_mm=next((f.size_mm for f in alike if f.size_mm is not None), None),
        severity=next((f.severity for f in alike if f.severity is not None), None),
        change=next((f.change for f in alike if f.change is not None), None),
        site=next((f.site for f in alike if f.site is not None), None),
        qualifiers=tuple(sorted({q for f in alike for q in f.qualifiers})),
    )
