"""The one place where a low-level error becomes a `WireError`: a cause, what happened in words, and what to do next.

Who comes in: `http` and `connect`, with whatever the kernel, OpenSSL or a peer did. No sentence holds bytes of the peer
that were not cleaned, and none holds a password.
"""

from __future__ import annotations

from tui.errors import Cause, WireError


class HttpStatusError(WireError):
    """An HTTP answer that is not 200; `status` is its number."""

    def __init__(self, status: int, cause: Cause, problem: str, advice: str = "", *, committed: bool) -> None:
        super().__init__(cause, problem, advice, committed=committed)
        self.status = status
