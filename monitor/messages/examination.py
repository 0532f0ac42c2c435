"""What a guided examination found, at each site and for the subject.

Must not import anything but other frozen values.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from monitor.messages.window import Verdict

__all__ = ["Examination", "Finding", "SiteResult"]


@dataclasses.dataclass(frozen=True, slots=True)
class SiteResult:
    """What was found at one site.

    Attributes
    ----------
    site : str
        One of :data:`monitor.labels.SITES`.
    verdict : Verdict or None
        Of the windows that counted, with their mean scores; None where the site was not judged.
    judged_s : float
        Seconds of sound inside at least one window that counted.
    windows : int
        Windows that counted.
    heart_rate_bpm : float or None
        Median over these windows; None where too few of them had one.
    start_s, end_s : float or None
        From the arrival of the chest piece to the end of what counted, seconds of the sound; to the moment at which
        the site was left where nothing counted; None where the chest piece never came there.
    reason : str or None
        Why it was not judged, or with less sound than asked for; None where nothing is missing.
    """

    site: str
    verdict: Verdict | None
    judged_s: float
    windows: int
    heart_rate_bpm: float | None
    start_s: float | None
    end_s: float | None
    reason: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """What the sites say together.

    Attributes
    ----------
    verdict : Verdict or None
        With the pooled scores, see :func:`monitor.analysis.site_pooling.finding`; None where no site was judged.
    labels : mapping of str to str
        What each judged site says alone, by site: a label, or ``"uncertain"``.
    not_judged : tuple of str
        Sites that were asked for and not judged.
    """

    verdict: Verdict | None
    labels: Mapping[str, str]
    not_judged: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Examination:
    """A whole examination.

    Attributes
    ----------
    source : str
    subject : str or None
    good_s : float
        Seconds of usable sound that were asked for at each site.
    sites : tuple of SiteResult
        In the order asked for.
    finding : Finding
    complete : bool
        Whether it went through all sites; False where a person ended it before.
    """

    source: str
    subject: str | None
    good_s: float
    sites: tuple[SiteResult, ...]
    finding: Finding
    complete: bool
