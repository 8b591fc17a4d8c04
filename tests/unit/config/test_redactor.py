"""No secret that is known survives the redactor, in whatever disguise, and a large fleet's cost no more than one."""

from __future__ import annotations

import base64
import time
from urllib.parse import quote

from hypothesis import given
from hypothesis import strategies as st

from tui.config.redactor import LONG, Redactor
from tui.config.secrets import Secret


def test_the_redactor_knows_each_disguise() -> None:
    redact = Redactor()
    secret = 'p/w&x é"'
    redact.add(Secret(secret), "admin")
    header = base64.b64encode(f"admin:{secret}".encode()).decode()
    for text in [
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote(secret, safe="").lower(),
        base64.b64encode(secret.encode()).decode(),
        header,
        header.rstrip("="),
        repr(secret)[1:-1],
        f"Authorization: Basic {header}",
        f"http://admin:{quote(secret, safe='')}@web",
    ]:
        assert "***" in redact(text), text
        assert secret not in redact(text)
        assert header not in redact(text)


def test_a_short_secret_is_redacted_only_as_a_word() -> None:
    redact = Redactor()
    redact.add(Secret("a"))
    assert redact("a failure at a=a") == "*** failure at ***=***"


def test_an_empty_redactor_changes_nothing() -> None:
    redact = Redactor()
    redact.add(Secret(""))
    assert redact("text") == "text"


@given(st.text(min_size=4, max_size=40), st.text(max_size=10), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_of_four_characters_or_more_survives(
    secret: str, user: str, before: str, after: str
) -> None:
    redact = Redactor()
    redact.add(Secret(secret), user)
    assert redact(secret) == "***"
    assert base64.b64encode(f"{user}:{secret}".encode()).decode() not in redact(
        before + base64.b64encode(f"{user}:{secret}".encode()).decode() + after
    )


def test_base64_is_known_wherever_the_secret_begins_in_it() -> None:
    redact = Redactor()
    redact.add(Secret("correct horse"))
    for before in ("", "a", "ab", "someone:", "somebody:", "x:y:"):
        encoded = base64.b64encode(f"{before}correct horse and more".encode()).decode()
        kept = redact(encoded)
        assert "***" in kept
        assert len(kept) <= len(base64.b64encode(f"{before} and more".encode())) + 6


def test_what_was_cut_in_the_middle_of_a_long_secret_is_struck_out_to_the_cut() -> None:
    redact = Redactor()
    secret = "".join(chr(ord("a") + n % 26) for n in range(3000)) + "é"
    redact.add(Secret(secret))
    assert redact(f"cut: {secret[:200]}…") == "cut: ***…"
    assert redact(f"not it: {secret[: LONG - 1]}") == f"not it: {secret[: LONG - 1]}"


def test_secrets_that_overlap_are_struck_out_together() -> None:
    redact = Redactor()
    redact.add(Secret("abcdef"))
    redact.add(Secret("defghi"))
    assert redact("<abcdefghi>") == "<***>"


def test_a_thousand_passwords_cost_the_start_nothing_and_a_text_little() -> None:
    redact, one = Redactor(), Redactor()
    began = time.process_time()
    for number in range(1000):
        redact.add(Secret(f"pass wörd {number:04}"), f"user{number}")
    assert time.process_time() - began < 0.2
    one.add(Secret("pass wörd 0000"))
    text = "ordinary words of a log " * 2000
    assert redact(text) == one(text) == text
    began = time.process_time()
    redact(text)
    assert time.process_time() - began < 0.5
    assert redact("it was pass wörd 0999!") == "it was ***!"
