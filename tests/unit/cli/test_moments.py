"""Times as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from tui.cli.moments import moment
from tui.errors import UsageError

NOW = datetime(2026, 2, 28, 15, 30).astimezone().timestamp()


def local(*parts: int) -> float:
    """Epoch seconds of a local time."""
    return datetime(*parts).astimezone().timestamp()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2h", NOW - 7200),
        ("1d12h", NOW - 129_600),
        ("14:30", local(2026, 2, 28, 14, 30)),
        ("14:30:05", local(2026, 2, 28, 14, 30, 5)),
        ("2026-02-01", local(2026, 2, 1)),
        ("2026-02-01T10:00", local(2026, 2, 1, 10)),
        ("2026-02-01 10:00", local(2026, 2, 1, 10)),
        ("2026-02-01T10:00Z", 1_769_940_000.0),
        ("2026-02-01T10:00+02:00", 1_769_932_800.0),
    ],
)
def test_a_moment_is_understood(text: str, meant: float) -> None:
    assert moment(text, NOW, "--since") == meant


@pytest.mark.parametrize("text", ["yesterday", "25:00", "2026-13-01", "", "2", "\x1b[31m", "9" * 500])
def test_what_is_no_moment_is_refused_with_the_forms_that_are(text: str) -> None:
    with pytest.raises(UsageError, match=r"2h \(ago\)") as caught:
        moment(text, NOW, "--since")
    assert "\x1b" not in str(caught.value)
