"""What a server counts: its clients, those it dropped, and the requests it refused. Belongs to the server's thread."""

from __future__ import annotations

import dataclasses

__all__ = ["Counts"]


@dataclasses.dataclass(slots=True)
class Counts:
    """Numbers since the server began.

    Attributes
    ----------
    clients : int
        Followers of lines or sound that are connected now.
    served : int
        Followers so far.
    dropped : int
        Followers that did not read, or not fast enough, and were disconnected.
    refused : int
        Requests and frames that were malformed, too large, too slow, or not allowed.
    """

    clients: int = 0
    served: int = 0
    dropped: int = 0
    refused: int = 0

    def sentence(self) -> str | None:
        """Return what a person should know at the end; None where all went well.

        Examples
        --------
        >>> Counts(served=3, dropped=1, refused=10_000).sentence()
        'served 3 clients; 1 did not read fast enough and was dropped; 10000 bad requests refused'
        """
        if not (self.dropped or self.refused):
            return None
        parts = [f"served {self.served} client{'s' if self.served != 1 else ''}"]
        if self.dropped:
            parts.append(f"{self.dropped} did not read fast enough and {'were' if self.dropped > 1 else 'was'} dropped")
        if self.refused:
            parts.append(f"{self.refused} bad request{'s' if self.refused != 1 else ''} refused")
        return "; ".join(parts)
