"""A moment as people write it: how long ago, a time of today, or a date."""

from __future__ import annotations

from datetime import datetime

from tui.errors import UsageError
from tui.text import clean, parse_duration

_FORMS = "2h (ago), 14:30 (today), 2026-02-28, or 2026-02-28T14:30"


def moment(text: str, wall: float, option: str) -> float:
    """Epoch seconds for `text` at our `wall` time; a time without a zone is a local one. Raises UsageError."""
    text = text.strip()
    try:
        return wall - parse_duration(text)
    except ValueError:
        pass
    now = datetime.fromtimestamp(wall).astimezone()
    try:
        if ":" in text and "-" not in text:
            found = datetime.combine(now.date(), datetime.strptime(text, _clock_form(text)).time())  # noqa: DTZ007
        else:
            found = datetime.fromisoformat(text)
        return found.timestamp() if found.tzinfo else found.astimezone().timestamp()
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{option} does not know the time {clean(text, 40)!r}", f"write {_FORMS}") from None


def _clock_form(text: str) -> str:
    return "%H:%M:%S" if text.count(":") > 1 else "%H:%M"
