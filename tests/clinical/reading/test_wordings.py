"""Wordings that a reviewer found read wrongly: denials, doubts and presences beside one another, in both languages."""

import pytest

from services.clinical.reading import read
from tests.clinical.reading.expectation import difference

ENGLISH = (
    "Absence of pneumothorax and presence of left effusion. => pneumothorax absent; pleural_effusion present left",
    "No pneumothorax, presence of small left effusion. => pneumothorax absent; pleural_effusion present left small",
    "No hematoma, interval development of left pneumothorax. => hematoma absent; pneumothorax present left",
    "No hematoma, persistence of left pneumothorax. => hematoma absent; pneumothorax present left",
    "No hematoma, appearance of a left pneumothorax. => hematoma absent; pneumothorax present left",
    "No evidence of pneumothorax, evidence of small effusion. => pneumothorax absent; pleural_effusion present small",
    "Pleurae free of effusion, presence of left pneumothorax. => pleural_effusion absent; pneumothorax present left",
    "No significant reduction of the left pneumothorax. => pneumothorax present left",
    "No improvement of the left pneumothorax. => pneumothorax present left",
    "Left pneumothorax, absent on the prior CT. => pneumothorax present left",
    "No effusion on the right, small on the left. => pleural_effusion absent right",
    "The pneumothorax has not disappeared. => pneumothorax present",
    "No complete resolution of the effusion. => pleural_effusion present",
    "Absence of pneumothorax cannot be confirmed. => pneumothorax possible",
    "Absence of pneumothorax is not certain. => pneumothorax possible",
    "Absence of pneumothorax cannot be guaranteed. => pneumothorax possible",
    "We could not confirm the absence of pneumothorax. => pneumothorax possible",
    "It cannot be said that there is no effusion. => pleural_effusion possible",
    "Failed to exclude pneumothorax. => pneumothorax possible",
    "Pneumothorax neither confirmed nor excluded. => pneumothorax possible",
    "The pneumothorax does not persist. => pneumothorax resolved",
    "The pneumothorax no longer persists. => pneumothorax resolved",
    "A pneumothorax does not appear to be present. => pneumothorax absent",
    "A pneumothorax was not found to be present. => pneumothorax absent",
    "Effusion, previously present, is now absent. => pleural_effusion resolved",
    "Pneumothorax no. Effusion no. => pneumothorax absent; pleural_effusion absent",
    "Pneumothorax no, effusion yes. => pneumothorax absent; pleural_effusion present",
)
ITALIAN = (
    "Assenza di PNX e persistenza di versamento sinistro. => pneumothorax absent; pleural_effusion present left",
    "Nessuna evidenza di PNX, persistenza di minimo versamento. => pneumothorax absent; pleural_effusion present",
    "Non evidenza di pneumotorace, evidenza di versamento. => pneumothorax absent; pleural_effusion present",
    "Non solo PNX ma anche versamento. => pneumothorax present; pleural_effusion present",
    "Non regressione del PNX. => pneumothorax present",
    "PNX sinistro, non presente nella precedente TC. => pneumothorax present left",
    "Versamento sinistro assente nella precedente TC. => pleural_effusion present left",
    "PNX non completamente scomparso. => pneumothorax present",
    "Mancata risoluzione del PNX. => pneumothorax present",
    "Non completa risoluzione del versamento. => pleural_effusion present",
    "Scomparsa del PNX, persistenza di versamento. => pneumothorax resolved; pleural_effusion present",
    "Non certamente escludibile un minimo PNX. => pneumothorax possible",
    "Non sicuramente escludibile PNX. => pneumothorax possible",
    "Non del tutto escludibile un minimo PNX. => pneumothorax possible",
    "Non è sicuramente escludibile PNX. => pneumothorax possible",
    "Non escludendosi minimo PNX. => pneumothorax possible",
    "Non certa l'assenza di PNX. => pneumothorax possible",
    "Non si può con certezza escludere PNX. => pneumothorax possible",
    "Non escluso minimo PNX. => pneumothorax possible",
    "PNX non sicuramente escludibile. => pneumothorax possible",
    "PNX né confermato né escluso. => pneumothorax possible",
    "Non si conferma la presenza di PNX. => pneumothorax absent",
    "Non confermata la presenza di PNX. => pneumothorax absent",
    "Non viene confermata la presenza di PNX. => pneumothorax absent",
    "Non è dimostrabile la presenza di PNX. => pneumothorax absent",
    "Non è stata riscontrata la presenza di PNX. => pneumothorax absent",
    "Il PNX non persiste. => pneumothorax resolved",
    "Assenza sia di PNX sia di versamento. => pneumothorax absent; pleural_effusion absent",
    "Mancano segni di PNX. => pneumothorax absent",
    "Mancata comparsa di PNX. => pneumothorax absent",
    "PNX: - => pneumothorax absent",
    "Bolla mimante PNX. => pneumothorax absent",
    "Falsa immagine di pneumotorace. => pneumothorax absent",
)


@pytest.mark.parametrize(("language", "case"), [*(("en", c) for c in ENGLISH), *(("it", c) for c in ITALIAN)])
def test_a_wording(language: str, case: str) -> None:
    sentence, _, wanted = case.partition(" => ")
    assert difference(wanted, read(sentence, language=language).findings) is None
