"""Banks of sentences. ``{side}``: side, ``{mm}``: depth or size of the finding, ``{hu}``: attenuation.

Every sentence of a bank states the same thing firmly: what the truth holds never hides behind a hedge.
"""

EFFUSION_FIRST = (
    "New small {side} pleural effusion, up to {mm} mm in depth.",
    "There is a small {side} pleural effusion which was not present before the ablation.",
    "Trace {side} pleural effusion, new.",
    "Interval appearance of a minimal {side} pleural effusion.",
    "Small {side}-sided pleural effusion of simple fluid attenuation (5 HU), {mm} mm.",
    "A small amount of {side} pleural fluid is now present, measuring {mm} mm.",
    "{Side} reactive pleural effusion, small, {mm} mm in maximal thickness.",
    "A thin {side} pleural effusion has developed.",
    "Mild {side} pleural effusion with adjacent passive atelectasis.",
)
EFFUSION_AGAIN = (
    "The small {side} pleural effusion noted at the end of the procedure persists, {mm} mm.",
    "{Side} pleural effusion, slightly larger than immediately after the procedure ({mm} mm).",
    "Persistent small {side} pleural effusion.",
    "Unchanged small {side} pleural effusion in comparison with the immediate post-procedural scan.",
    "Small {side} pleural effusion, no significant change since the end of the procedure.",
)
EFFUSION_SHORT = (
    "Small {side} pleural effusion.",
    "Minimal {side} pleural effusion, new since the procedure.",
    "Small reactive {side} pleural effusion not requiring drainage.",
    "{Side} pleural effusion, small.",
)
HEMORRHAGIC_FIRST = (
    "Small {side} hemorrhagic pleural effusion ({hu} HU), {mm} mm in depth.",
    "New {side} pleural effusion of high attenuation ({hu} HU), consistent with hemorrhagic effusion.",
    "Small {side} hemothorax, {mm} mm, not present before the ablation.",
    "Hyperdense {side} pleural effusion ({hu} HU), in keeping with hemorrhagic content.",
    "There is a new small hemorrhagic pleural effusion on the {side}.",
    "Mild {side} hemorrhagic pleural effusion, measuring {mm} mm in thickness.",
)
HEMORRHAGIC_AGAIN = (
    "The {side} hemorrhagic pleural effusion persists and measures {mm} mm ({hu} HU).",
    "Small {side} hemothorax, unchanged since the end of the procedure.",
    "The {side} pleural effusion seen at the end of the procedure has {hu} HU, consistent with hemorrhagic effusion.",
    "Persistent small {side} hemorrhagic pleural effusion, {mm} mm.",
)
HEMORRHAGIC_SHORT = (
    "Small {side} hemorrhagic pleural effusion.",
    "Small {side} hemothorax, no drainage required.",
    "{Side} hemorrhagic pleural effusion, mild.",
)
HYDROPNEUMOTHORAX_FIRST = (
    "New {side} hydropneumothorax with an air component of {mm} mm.",
    "Small {side} hydropneumothorax, not seen before the procedure.",
    "Small {side} pneumothorax ({mm} mm) with an associated small {side} pleural effusion.",
    "{Side} hydropneumothorax with an air-fluid level, {mm} mm of air anteriorly.",
    "New small {side} pneumothorax measuring {mm} mm. Small {side} pleural effusion.",
)
HYDROPNEUMOTHORAX_DRAINED = (
    "{Side} hydropneumothorax, the air component now {mm} mm, with a chest tube in situ.",
    "Residual {side} hydropneumothorax ({mm} mm of air); {side} chest tube in place.",
    "Chest drain in situ on the {side}, with a residual small {side} hydropneumothorax.",
)
HYDROPNEUMOTHORAX_RESIDUAL = (
    "Residual {side} hydropneumothorax, {mm} mm of air, smaller than before.",
    "{Side} hydropneumothorax with an air-fluid level, the air measuring {mm} mm.",
)
HYDROPNEUMOTHORAX_SHORT = (
    "{Side} hydropneumothorax.",
    "Small {side} hydropneumothorax.",
    "New {side} hydropneumothorax.",
)
PNEUMOTHORAX_AT_END = (
    "Small {side} pneumothorax, {mm} mm.",
    "Thin {side} apical pneumothorax of {mm} mm.",
    "Trace {side} pneumothorax along the anterior chest wall.",
)
EMBOLISM_FIRST = (
    "Filling defect of {mm} mm in a segmental {side} lower lobe artery, consistent with pulmonary embolism.",
    "Incidental segmental pulmonary embolism in the {side} lower lobe, {mm} mm.",
    "Small ({mm} mm) pulmonary embolus in a segmental branch of the {side} lower lobe artery, incidental.",
    "Incidental small pulmonary embolism in a segmental branch of the {side} pulmonary artery ({mm} mm).",
)
EMBOLISM_SHORT = (
    "Incidental segmental pulmonary embolism, {side} lower lobe.",
    "Small segmental {side} pulmonary embolism.",
    "Asymptomatic {side} segmental pulmonary embolism.",
)
HEMATOMA_FIRST = (
    "Hematoma of the {side} rectus abdominis muscle, {mm} mm, without active extravasation.",
    "{Side} rectus abdominis hematoma measuring {mm} mm; no contrast extravasation.",
    "Bleeding into the {side} rectus abdominis muscle with an intramuscular hematoma of {mm} mm.",
)
HEMATOMA_AGAIN = (
    "The {side} rectus abdominis hematoma is stable at {mm} mm.",
    "Persistent {side} rectus abdominis muscle hematoma of {mm} mm, without active extravasation.",
)
HEMATOMA_SHORT = (
    "Hematoma of the {side} rectus abdominis muscle.",
    "{Side} rectus abdominis muscle hematoma.",
)

CHEST_TUBE = (
    "A {side} chest tube was inserted for the symptomatic hydropneumothorax.",
    "{Side} chest tube in situ, correctly positioned.",
    "A 12 F {side} chest drain was placed.",
)
ANTICOAGULATION = (
    "Anticoagulation with low molecular weight heparin was started for the pulmonary embolism.",
    "The ward was informed and anticoagulant treatment with enoxaparin was started; no oxygen is required.",
)
COMPRESSION = (
    "A compression bandage was applied to the abdominal wall.",
    "Treated with a compression bandage; no transfusion was needed.",
)
NOT_DRAINED = (
    "No drainage required.",
    "The patient is asymptomatic and no drain was placed.",
    "Conservative management; no thoracentesis performed.",
)

NO_PNEUMOTHORAX = (
    "No pneumothorax.",
    "There is no pneumothorax.",
    "No evidence of pneumothorax on either side.",
)
NO_EFFUSION = (
    "No pleural effusion.",
    "The pleural spaces are clear, without effusion.",
    "No pleural effusion on either side.",
)
NEITHER = (
    "No pneumothorax or pleural effusion.",
    "There is neither pneumothorax nor pleural effusion.",
    "No evidence of pneumothorax, hemothorax or pleural effusion.",
    "Pneumothorax and pleural effusion are excluded.",
)
NO_EFFUSION_OTHER = (
    "No {side} pleural effusion.",
    "The {side} pleural space is free of fluid.",
    "No effusion on the {side}.",
)
NO_EMBOLISM = (
    "No filling defect in the central or segmental pulmonary arteries.",
    "No evidence of pulmonary embolism.",
    "The pulmonary arteries are patent; pulmonary embolism is ruled out.",
)
NO_PERICARDIAL = (
    "No pericardial effusion.",
    "Heart size normal, no pericardial effusion.",
    "Pericardial effusion is absent.",
)
NO_BLEEDING = (
    "No hematoma along the probe tract.",
    "No active contrast extravasation and no hematoma.",
    "No evidence of bleeding.",
)
NO_FREE = ("No free fluid or free air in the abdomen.", "No ascites.", "No hemoperitoneum, no bowel injury.")
CLEAR_BASES = (
    "The lung bases are clear.",
    "Included lung bases without pleural effusion.",
    "Visualized lung bases are unremarkable.",
)

EXPECTED_AT_END = (
    "The ice ball covers the {lesion} with a margin of {margin} mm.",
    "Ice ball well visualized around the {lesion}, extending {margin} mm beyond its borders.",
    "Hypodense ice ball completely encompassing the {lesion}.",
)
EXPECTED_AT_FOLLOW_UP = (
    "Non-enhancing ablation zone at the site of the {lesion}, as expected.",
    "The ablation zone covers the {lesion} completely; small locules of gas within it are expected.",
    "Expected post-ablation change at the site of the {lesion}, with a rim of hyperemia.",
)
HALO = (
    "Ground-glass halo around the ablation zone, expected.",
    "Perilesional ground-glass opacity in keeping with expected post-ablation change.",
)
INCIDENTAL_CHEST = (
    "Mild dependent atelectasis.",
    "Mild cardiomegaly.",
    "Centrilobular emphysema in both upper lobes.",
    "Coronary artery calcifications.",
    "Small hiatal hernia.",
    "No enlarged mediastinal lymph nodes.",
)
INCIDENTAL_ABDOMEN = (
    "Simple cyst of the left kidney, 22 mm.",
    "Cholecystectomy clips.",
    "Diverticulosis of the sigmoid colon.",
    "No hydronephrosis.",
    "Degenerative changes of the lumbar spine.",
)
PRECAUTION = (
    "Should dyspnea occur, a chest radiograph is advised to exclude pneumothorax.",
    "Repeat imaging if there are symptoms of bleeding or infection.",
)
UNCOMPLICATED = (
    "No complication.",
    "No early complication after cryoablation.",
    "Expected appearances after cryoablation, no complication.",
    "Uncomplicated course.",
)
