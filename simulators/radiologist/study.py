"""The text of one CT study, composed from what is to be seen and what is not."""

from dataclasses import dataclass
from datetime import datetime
from random import Random

from simulators.cohort.model import Finding, Lesion, Side
from simulators.radiologist import phrases
from simulators.radiologist.anatomy import Exam
from simulators.radiologist.codes import codes_of
from simulators.radiologist.report import Purpose, ReportText
from simulators.radiologist.statements import Shown, Stage, fill, finding_sentence, impression_sentence

_INDICATIONS = {
    Purpose.BASELINE: (
        "Planning of percutaneous cryoablation of {lesions}.",
        "{Lesions}. Candidate for cryoablation, staging.",
    ),
    Purpose.END: (
        "End of cryoablation of {lesions}. Rule out bleeding or pneumothorax.",
        "Immediate control after cryoablation of {lesions}.",
    ),
    Purpose.URGENT: ("Dyspnea some hours after cryoablation of {lesions}. Pneumothorax?",),
    Purpose.FOLLOW_UP: (
        "24 hours after cryoablation of {lesions}. Rule out pneumothorax, effusion or bleeding.",
        "Control at 24 hours after cryoablation of {lesions}; question of complications.",
        "Day 1 after cryoablation of {lesions}. Evaluate for hemorrhage, pneumothorax, pleural effusion.",
    ),
    Purpose.LATE: (
        "Follow-up after cryoablation of {lesions}. Tumor response.",
        "{Lesions} treated by cryoablation, control of response.",
    ),
}
_COMPARISONS = {
    Purpose.BASELINE: ("None available.", "Outside CT, images not available."),
    Purpose.END: ("Planning CT of {baseline:%d/%m/%Y}.", "CT before the procedure ({baseline:%d/%m/%Y})."),
    Purpose.URGENT: ("CT at the end of the procedure.",),
    Purpose.FOLLOW_UP: (
        "CT at the end of the procedure and planning CT of {baseline:%d/%m/%Y}.",
        "Intraprocedural CT; planning CT dated {baseline:%d/%m/%Y}.",
    ),
    Purpose.LATE: ("CT 24 hours after the procedure.", "Previous CT examinations."),
}
_ABLATED = (Purpose.END, Purpose.URGENT, Purpose.FOLLOW_UP)


@dataclass(frozen=True, slots=True)
class View:
    """What one CT has before it: lesions, complications to be seen, an effusion older than the procedure.

    ``care`` are ready sentences about treatment; ``extra`` are remarks that must not count.
    """

    purpose: Purpose
    exam: Exam
    lesions: tuple[Lesion, ...]
    names: tuple[str, ...]
    shown: tuple[Shown, ...] = ()
    older_effusion: Side | None = None
    care: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()


def compose(rng: Random, view: View, baseline_day: datetime) -> ReportText:
    """The report of a view; the same stream gives the same words."""
    lesions = " and ".join(view.names)
    frame = {"lesions": lesions, "Lesions": lesions[0].upper() + lesions[1:], "baseline": baseline_day}
    return ReportText(
        indication=rng.choice(_INDICATIONS[view.purpose]).format_map(frame),
        technique=_technique(rng, view.exam),
        comparison=rng.choice(_COMPARISONS[view.purpose]).format_map(frame),
        findings=tuple(_findings(rng, view)),
        impression=tuple(_impression(rng, view)),
        codes=codes_of(view.shown),
    )


def _technique(rng: Random, exam: Exam) -> str:
    if exam.code == "24627-2":
        return rng.choice(
            (
                "Helical acquisition of the chest without contrast.",
                "Low-dose CT of the chest, no contrast medium.",
            )
        )
    region = exam.name.removesuffix(" W contrast IV").removeprefix("CT ").lower()
    phase = rng.choice(
        ("in the portal venous phase", "in the arterial and venous phase", "after iodinated contrast medium")
    )
    return f"Multidetector CT of the {region} {phase}."


def _findings(rng: Random, view: View) -> list[str]:
    parts = [_lesion_sentence(rng, view, lesion, name) for lesion, name in zip(view.lesions, view.names, strict=True)]
    if view.purpose in _ABLATED and any(lesion.organ == "lung" for lesion in view.lesions) and rng.random() < 0.6:
        parts.append(rng.choice(phrases.HALO))
    present = [finding_sentence(rng, shown) for shown in view.shown]
    rest = _negatives(rng, view)
    if view.older_effusion:
        rest.append(_older_effusion(rng, view))
    if view.exam.chest and rng.random() < 0.6:
        rest.append(rng.choice(phrases.INCIDENTAL_CHEST))
    if view.exam.abdomen and rng.random() < 0.6:
        rest.append(rng.choice(phrases.INCIDENTAL_ABDOMEN))
    rng.shuffle(rest)
    place = rng.randint(0, len(rest))
    return [*parts, *rest[:place], *present, *view.care, *rest[place:], *view.extra]


def _lesion_sentence(rng: Random, view: View, lesion: Lesion, name: str) -> str:
    if view.purpose is Purpose.BASELINE:
        pleura = f", {lesion.pleura_mm} mm from the pleura" if lesion.pleura_mm else ""
        return f"{name[0].upper()}{name[1:]} with a maximum axial diameter of {lesion.size_mm} mm{pleura}."
    if lesion.abandoned:
        return f"No ablation zone at the {name}; there was no safe distance to treat it."
    if view.purpose is Purpose.LATE:
        return fill(
            rng.choice(
                (
                    "Reduction in size of the ablation zone of the {lesion}.",
                    "No enhancement at the site of the treated {lesion}.",
                )
            ),
            lesion=name,
        )
    bank = phrases.EXPECTED_AT_END if view.purpose is Purpose.END else phrases.EXPECTED_AT_FOLLOW_UP
    return fill(rng.choice(bank), lesion=name, margin=rng.randint(5, 10))


def _negatives(rng: Random, view: View) -> list[str]:
    """What is denied: only what is not there."""
    pleural = {shown.side for shown in view.shown if shown.pleural and shown.stage is not Stage.GONE}
    air = any(shown.finding is Finding.HYDROPNEUMOTHORAX for shown in view.shown)
    sides = pleural | ({view.older_effusion} if view.older_effusion else set())
    denied = []
    if view.exam.chest:
        if not sides:
            denied += (
                [rng.choice(phrases.NEITHER)]
                if rng.random() < 0.5
                else [rng.choice(phrases.NO_PNEUMOTHORAX), rng.choice(phrases.NO_EFFUSION)]
            )
        elif not air:
            denied.append(rng.choice(phrases.NO_PNEUMOTHORAX))
        if len(sides) == 1 and rng.random() < 0.7:
            denied.append(fill(rng.choice(phrases.NO_EFFUSION_OTHER), side=next(iter(sides)).other))
        if rng.random() < 0.6:
            denied.append(rng.choice(phrases.NO_PERICARDIAL))
        embolism = any(shown.finding is Finding.PULMONARY_EMBOLISM for shown in view.shown)
        if view.exam.code != "24627-2" and not embolism and rng.random() < 0.45:
            denied.append(rng.choice(phrases.NO_EMBOLISM))
    elif not sides and rng.random() < 0.6:
        denied.append(rng.choice(phrases.CLEAR_BASES))
    if view.exam.abdomen and rng.random() < 0.7:
        denied.append(rng.choice(phrases.NO_FREE))
    blood = any(shown.finding in (Finding.HEMATOMA, Finding.HEMORRHAGIC_EFFUSION) for shown in view.shown)
    if view.purpose in _ABLATED and not blood and rng.random() < 0.6:
        denied.append(rng.choice(phrases.NO_BLEEDING))
    return denied


def _older_effusion(rng: Random, view: View) -> str:
    side = view.older_effusion
    if view.purpose is Purpose.BASELINE:
        return fill(
            rng.choice(("Small {side} pleural effusion.", "Minimal {side} pleural effusion, 7 mm.")),
            side=side,
        )
    return fill(
        rng.choice(
            (
                "Small {side} pleural effusion, unchanged from the planning CT.",
                "The small {side} pleural effusion already present on the planning CT is unchanged.",
                "Pre-existing small {side} pleural effusion, no change from the CT before the procedure.",
            )
        ),
        side=side,
    )


def _impression(rng: Random, view: View) -> list[str]:
    if view.purpose is Purpose.BASELINE:
        target = " and ".join(view.names)
        return [f"{target[0].upper()}{target[1:]} suitable for cryoablation."]
    if view.purpose is Purpose.LATE:
        return [rng.choice(("Good response, no recurrence.", "No sign of local progression.", "Stable disease."))]
    if all(lesion.abandoned for lesion in view.lesions):
        return ["No ablation performed.", rng.choice(phrases.UNCOMPLICATED[:1])]
    present = [impression_sentence(rng, shown) for shown in view.shown if shown.stage is not Stage.GONE]
    coverage = rng.choice(
        (
            "Complete coverage of the target.",
            "Technically complete ablation.",
            "Ablation zone covers the lesion.",
        )
    )
    if not present:
        return [coverage, rng.choice(phrases.UNCOMPLICATED)] if not view.shown else [coverage]
    lines = [coverage, *present] if rng.random() < 0.5 else [*present, coverage]
    return lines + ([rng.choice(phrases.PRECAUTION)] if rng.random() < 0.2 else [])
