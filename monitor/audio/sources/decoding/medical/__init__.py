"""Recordings of hospitals and research archives: WFDB, EDF, BDF and DICOM."""
