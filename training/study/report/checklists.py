"""The text of docs/EVIDENCE.md that is written by hand: limits, data and licences, the items of TRIPOD+AI and STARD.

No measured number may stand here. Where an item is not done, it says so.
"""

from __future__ import annotations

__all__ = ["CITATIONS", "DATA_STATEMENT", "LIMITS", "NOT_DONE", "STARD", "STARD_NOTE", "TRIPOD"]

NOT_DONE = "not done"

LIMITS = (
    "Hyperparameters were compared on the folds that these metrics are of, so expect slightly lower values elsewhere. "
    "There is no external validation: patients, devices and countries are those of two public data sets.",
    "Set B has few patients with a finding, and each has several clips; the bootstrap resamples whole patients, and "
    "intervals are wide for that reason. They do not cover the choice of the recipe.",
    "The labels of set B are those of a challenge, without a second reader or an echocardiogram as reference. A murmur "
    "is in effect a patient's label there, an extrasystole a clip's, and no noisy clip is labelled as one.",
    "Ectopic beats are identified by S1 annotations, not by an ECG, and are few: see the counts of windows and "
    "children. A short interval followed by a pause is no proof of an extrasystole; sinus arrhythmia of children looks "
    "alike.",
    "Set B and CirCor were recorded with digital stethoscopes of one project, CirCor's children in one country; only a "
    "part of CirCor was used. Other devices are only simulated here.",
    "Perturbations are applied to recordings that contain noise of their own. The lung sounds and speech that are "
    "mixed in are of the few recordings that training also uses as non-cardiac sounds and as noise, so these rows are "
    "optimistic.",
    "How well non-cardiac sounds are separated from heart sounds, none of them used in training, is on the card.",
    "Windows are withheld here by the network's probability alone; the monitor's quality gate combines it with "
    "acoustic features.",
    "Sex, age, weight and skin colour of set B's patients are unknown, so fairness was not examined; CirCor's table "
    "has some of these, and they were not examined either.",
    "A label holds for five seconds at one site of the chest. It is no finding about a person.",
)

DATA_STATEMENT = (
    ("Recordings", "Public, de-identified sets, named below with their licences; none is part of this repository."),
    (
        "Participants",
        "Set B: a clinical trial in hospitals, ages not reported. CirCor: mostly children, screened in Brazil.",
    ),
    (
        "Acquisition",
        "Set B and CirCor: digital stethoscopes, 4 kHz. Non-cardiac sounds: lung sounds of a manikin, read digits; "
        "everyday sounds from many microphones, 8 kHz.",
    ),
    (
        "Labels",
        "As the sets give them. CirCor's murmurs by auscultation site; a recording of a child without a murmur may "
        "have other findings.",
    ),
    (
        "Excluded",
        "Unreadable recordings, CirCor's unknown murmurs, sites at which a child's murmur is not audible.",
    ),
    ("Synthetic sounds", "Heart and non-cardiac sounds from the generator behind `auscult demo`, for training alone."),
    (
        "Data leakage",
        "Patients stay whole in folds; a child with two numbers is one; spliced beats stay with their patient.",
    ),
)

CITATIONS = (
    'PASCAL CHSC 2011, set B: Bentley, Nordehn, Coimbra, Mannor, "The PASCAL Classifying Heart Sounds Challenge 2011". '
    "Mirrors state CC0.",
    'CirCor DigiScope 2022: Oliveira et al., "The CirCor DigiScope Dataset: From Murmur Detection to Murmur '
    'Classification", IEEE J. Biomed. Health Inform. 2022; PhysioNet circor-heart-sound 1.0.3. ODC-By 1.0.',
    "Non-cardiac sounds: HLS-CMDS lung sounds of a manikin (CC BY 4.0), Free Spoken Digit Dataset (CC BY-SA 4.0).",
    'Everyday sounds: part of ESC-10, K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", 2015. CC BY '
    "3.0.",
    'The article\'s recipe: "CNN Sound Recognition Code Along", 2021.',
    "Intervals: percentiles of a bootstrap over patients. Calibration error: Guo et al. 2017. Metrics of the "
    "challenge: Gomes et al. 2013.",
    "Reporting: Collins et al. 2024 (TRIPOD+AI); Bossuyt et al. 2015 (STARD) and its extension to artificial "
    "intelligence; Mitchell et al. 2019 (model cards).",
)

TRIPOD = (
    ("1", "title: model, population, outcome", "heading of this page"),
    ("2", "abstract", f"the first table; a structured abstract is {NOT_DONE}"),
    ("3a-3c", "context, target population and use, inequalities", f"README; inequalities {NOT_DONE}"),
    ("4", "objectives", "Targets"),
    ("5a, 5b", "sources and dates of data", "Data; dates of recording are those of the sets"),
    ("6a-6c", "setting, eligibility, treatments", "Data; treatments are unknown"),
    ("7", "preparation of data", "docs/design.md, docs/decisions/0002"),
    ("8a-8c", "outcome, who assessed it, blinding", "Data; assessors and blinding are not reported for set B"),
    ("9a-9c", "predictors", "docs/decisions/0002: the sound alone, no patient data"),
    ("10", "sample size", f"all recordings available; no calculation: {NOT_DONE}"),
    ("11", "missing data", "Data, excluded; partial labels: docs/decisions/0004"),
    ("12a-12g", "analysis: split, model, tuning, performance, heterogeneity", "Method; Subgroups"),
    ("13", "class imbalance", "docs/decisions/0004; Ablations (no class balance)"),
    ("14", "fairness", f"{NOT_DONE}: see Limits"),
    ("15", "output of the model", "docs/formats/json-lines.md; the label with the largest calibrated score"),
    (
        "16",
        "differences of training and evaluation data",
        "different patients of the same sets: no external validation",
    ),
    ("17", "ethical approval", "that of the data sets; none was sought for this use of public data"),
    ("18a, 18b", "funding, conflicts of interest", "not stated here"),
    ("18c, 18d", "protocol, registration", f"{NOT_DONE}; the targets were written down beforehand"),
    ("18e, 18f", "data and code", "Data; this repository"),
    ("19", "patients and public", f"{NOT_DONE}"),
    ("20a-20c", "participants, their flow and characteristics", f"Data, counts; characteristics {NOT_DONE}"),
    ("21", "development: counts in each analysis", "Data, counts; Subgroups"),
    ("22", "specification of the model", "the bundle itself, docs/formats/bundle-format.md"),
    ("23a, 23b", "performance, heterogeneity, with intervals", "Targets; Each label; Subgroups"),
    ("24", "updating", "`auscult train`; no updated model is reported"),
    ("25, 26", "interpretation, limits", "Ablations; Limits"),
    ("27a-27c", "use in practice: poor input, users, next steps", "README; research use, not for diagnosis"),
)
"""Number, what the item asks for, where it is answered. Source: TRIPOD+AI 2024, 27 items."""

STARD_NOTE = (
    "Numbers are those of STARD 2015; the additional items of its extension to artificial intelligence are paraphrased "
    "and marked AI."
)

STARD = (
    ("1, 2", "title and abstract name measures of accuracy", f"heading and first table; abstract {NOT_DONE}"),
    ("3, 4", "background, intended use, objectives", "README; Targets"),
    ("5", "data collected before or after the test", "before: a retrospective use of public sets"),
    (
        "6-9",
        "eligibility, where and when, series",
        f"Data; whether series were consecutive is not reported: {NOT_DONE}",
    ),
    ("10a", "index test, reproducible", "How to reproduce; docs/decisions"),
    ("10b, 11", "reference standard and why", "Data, labels; S1 annotations for rhythm; no echocardiogram, no ECG"),
    (
        "12a, 12b",
        "cut-offs",
        "largest score; specificity 0.90 where named; operating point of the other folds",
    ),
    ("13a, 13b", "blinding of readers", "the index test saw no label; blinding of the reference is not reported"),
    (
        "14-18",
        "analysis, indeterminate and missing results, variability, sample size",
        "Method; Error rate by coverage",
    ),
    ("19", "flow of participants", f"counts in Data; a diagram is {NOT_DONE}"),
    ("20-22", "characteristics, severity, time between tests", f"{NOT_DONE}: unknown for set B"),
    ("23, 24", "cross tabulation, accuracy with precision", "Confusion; Each label"),
    ("25", "adverse events", "none possible: no person was examined for this study"),
    ("26, 27", "limits, implications", "Limits; research use, not for diagnosis"),
    ("28-30", "registration, protocol, funding", f"registration and protocol {NOT_DONE}; funding not stated here"),
    ("AI", "partition of data, no patient on both sides", "Method; tests of the folds"),
    ("AI", "preparation and quality of input, and what is refused", "Robustness, windows withheld"),
    ("AI", "version of the test", "docs/evidence names command and options; the bundle its digest"),
    ("AI", "hardware and software needed", "README; `auscult bench`"),
    ("AI", "analysis of errors and of subgroups", "Subgroups; Confusion; single errors are not described"),
    ("AI", "bias and fairness", f"{NOT_DONE}: see Limits"),
    ("AI", "external validation", f"{NOT_DONE}"),
    ("AI", "availability of code and data", "this repository; Data"),
)
"""Number, what the item asks for, where it is answered. Source: STARD 2015, 30 items."""
