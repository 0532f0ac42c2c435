"""What docs/EVIDENCE.md says in words: limits, the items of TRIPOD+AI and of STARD, the data and their licences.

No figure that was measured may stand here. Where an item is not done, it says so.
"""

from __future__ import annotations

__all__ = ["CITATIONS", "DATA_STATEMENT", "LIMITS", "NOT_DONE", "STARD", "STARD_NOTE", "TRIPOD"]

NOT_DONE = "not done"

LIMITS = (
    "Settings were compared on the same folds that these figures are of, so expect a little less elsewhere. Nothing "
    "here is an external validation: patients, devices and countries are those of two public sets.",
    "Set B has few patients with a finding, and each gives several clips; intervals draw whole patients and are wide "
    "for that reason. They do not cover the choice of the recipe.",
    "The labels of set B are a challenge's, without a second reader or an echocardiogram to be held against. A murmur "
    "is in effect a patient's label there, an extrasystole a clip's, and none of the clips called noisy is one.",
    "Premature beats are told by marks of S1, not by an ECG, and are few: see the counts of windows and children. A "
    "short interval followed by a pause is no proof of an extrasystole; sinus arrhythmia of children looks alike.",
    "Set B and CirCor were recorded with digital stethoscopes of one project, CirCor's children in one country; only a "
    "part of CirCor was used. Other devices are only imitated here.",
    "Disturbances are made from recordings that hold noise of their own. Lungs and speech that are mixed in are of the "
    "few sounds that training also knows as sounds that are no heart, and as noise, so these rows flatter.",
    "How well sounds that are no heart are told from hearts, none of them heard before, stands on the bundle's card.",
    "Windows are withheld here by the network's own opinion alone; the monitor's quality gate weighs it with others.",
    "Sex, age, weight and skin of set B's patients are not known, so fairness among them was not looked at; CirCor's "
    "table knows some of it, and it was not looked at either.",
    "A label holds for five seconds at one place on the chest. It is no finding about a person.",
)

DATA_STATEMENT = (
    ("Recordings", "Public, de-identified sets, named below with their licences; none is part of this repository."),
    (
        "Who was recorded",
        "Set B: a clinical trial in hospitals, ages not told. CirCor: mostly children, screened in Brazil.",
    ),
    ("How", "Set B and CirCor: digital stethoscopes, 4 kHz. Sounds that are no heart: a manikin's lungs, read digits."),
    ("Labels", "As the sets give them. CirCor's murmurs by place; a child's recording without one may be otherwise."),
    (
        "Left out",
        "Recordings that cannot be read, CirCor's unknown murmurs, places where a child's murmur is not heard.",
    ),
    ("Made sounds", "Hearts and other sounds made by the generator behind `auscult demo`, for training alone."),
    (
        "Leaks looked for",
        "Patients stay whole in folds; a child with two numbers is one; spliced beats stay with theirs.",
    ),
)

CITATIONS = (
    'PASCAL CHSC 2011, set B: Bentley, Nordehn, Coimbra, Mannor, "The PASCAL Classifying Heart Sounds Challenge 2011". '
    "Mirrors state CC0.",
    'CirCor DigiScope 2022: Oliveira et al., "The CirCor DigiScope Dataset: From Murmur Detection to Murmur '
    'Classification", IEEE J. Biomed. Health Inform. 2022; PhysioNet circor-heart-sound 1.0.3. ODC-By 1.0.',
    "Sounds that are no heart: HLS-CMDS lungs of a manikin (CC BY 4.0), Free Spoken Digit Dataset (CC BY-SA 4.0).",
    'The article\'s recipe: "CNN Sound Recognition Code Along", 2021.',
    "Intervals: percentiles of a bootstrap over patients. Calibration error: Guo et al. 2017. Challenge's own figures: "
    "Gomes et al. 2013.",
    "Reporting: Collins et al. 2024 (TRIPOD+AI); Bossuyt et al. 2015 (STARD) and its extension to artificial "
    "intelligence; Mitchell et al. 2019 (model cards).",
)

TRIPOD = (
    ("1", "title: model, population, outcome", "heading of this page"),
    ("2", "abstract", f"the first table; a structured abstract is {NOT_DONE}"),
    ("3a-3c", "context, target population and use, inequalities", f"README; inequalities {NOT_DONE}"),
    ("4", "objectives", "To reach"),
    ("5a, 5b", "sources and dates of data", "Data; dates of recording are those of the sets"),
    ("6a-6c", "setting, eligibility, treatments", "Data; treatments are not known"),
    ("7", "preparation of data", "docs/design.md, docs/decisions/0002"),
    ("8a-8c", "outcome, who assessed it, blinding", "Data; assessors and blinding are not told by set B"),
    ("9a-9c", "predictors", "docs/decisions/0002: the sound alone, no fact about the patient"),
    ("10", "sample size", f"all there was; no calculation: {NOT_DONE}"),
    ("11", "missing data", "Data, left out; partial labels: docs/decisions/0004"),
    ("12a-12g", "analysis: split, model, tuning, performance, heterogeneity", "How it was measured; Subgroups"),
    ("13", "class imbalance", "docs/decisions/0004; Ablations (no class balance)"),
    ("14", "fairness", f"{NOT_DONE}: see Limits"),
    ("15", "output of the model", "docs/formats/json-lines.md; the label with the largest calibrated score"),
    ("16", "differences of training and evaluation data", "patients apart, else the same sets: no external validation"),
    ("17", "ethical approval", "of the sets' makers; none was sought for this use of public data"),
    ("18a, 18b", "funding, conflicts of interest", "not stated here"),
    ("18c, 18d", "protocol, registration", f"{NOT_DONE}; the figures to be reached were written down beforehand"),
    ("18e, 18f", "data and code", "Data; this repository"),
    ("19", "patients and public", f"{NOT_DONE}"),
    ("20a-20c", "participants, their flow and characteristics", f"Data, counts; characteristics {NOT_DONE}"),
    ("21", "development: counts in each analysis", "Data, counts; Subgroups"),
    ("22", "specification of the model", "the bundle itself, docs/formats/bundle-format.md"),
    ("23a, 23b", "performance, heterogeneity, with intervals", "To reach; Each label; Subgroups"),
    ("24", "updating", "`auscult train`; no updated model is reported"),
    ("25, 26", "interpretation, limits", "Ablations; Limits"),
    ("27a-27c", "use in practice: poor input, users, next steps", "README; research use, not for diagnosis"),
)
"""Number, what the item asks for, where it is answered. Source: TRIPOD+AI 2024, 27 items."""

STARD_NOTE = (
    "Numbers are those of STARD 2015; what its extension to artificial intelligence asks for besides stands without a "
    "number, in words of our own."
)

STARD = (
    ("1, 2", "title and abstract name measures of accuracy", f"heading and first table; abstract {NOT_DONE}"),
    ("3, 4", "background, intended use, objectives", "README; To reach"),
    ("5", "data collected before or after the test", "before: a retrospective use of public sets"),
    ("6-9", "eligibility, where and when, series", f"Data; whether series were consecutive is not told: {NOT_DONE}"),
    ("10a", "index test, to be repeated", "How to reproduce; docs/decisions"),
    ("10b, 11", "reference standard and why", "Data, labels; S1 marks for rhythm; no echocardiogram, no ECG"),
    ("12a, 12b", "cut-offs", "largest score; specificity 0.90 where named; both fixed beforehand"),
    ("13a, 13b", "blinding of readers", "the test saw no label; blinding of the reference is not told"),
    ("14-18", "analysis, indeterminate and missing results, variability, sample size", "How it was measured; Coverage"),
    ("19", "flow of participants", f"counts in Data; a diagram is {NOT_DONE}"),
    ("20-22", "characteristics, severity, time between tests", f"{NOT_DONE}: not known of set B"),
    ("23, 24", "cross tabulation, accuracy with precision", "Confusion; Each label"),
    ("25", "adverse events", "none possible: no person was examined for this"),
    ("26, 27", "limits, implications", "Limits; research use, not for diagnosis"),
    ("28-30", "registration, protocol, funding", f"registration and protocol {NOT_DONE}; funding not stated here"),
    ("AI", "partition of data, and that nobody is on both sides", "How it was measured; tests of the folds"),
    ("AI", "preparation and quality of input, and what is refused", "Other devices, windows withheld"),
    ("AI", "version of the test", "docs/evidence names command and options; the bundle its digest"),
    ("AI", "hardware and software needed", "README; `auscult bench`"),
    ("AI", "analysis of errors and of subgroups", "Subgroups; Confusion; single errors were not described"),
    ("AI", "bias and fairness", f"{NOT_DONE}: see Limits"),
    ("AI", "external validation", f"{NOT_DONE}"),
    ("AI", "code and data to be had", "this repository; Data"),
)
"""Number, what the item asks for, where it is answered. Source: STARD 2015, 30 items."""
