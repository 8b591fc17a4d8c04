"""Coverage-guided fuzzing of everything that reads an answer; run by hand, in an environment of its own.

    python3.11 -m venv fuzz && fuzz/bin/pip install atheris httptools
    PYTHONPATH=. fuzz/bin/python -m tests.safety.fuzz_codec build/fuzz -max_total_time=600

The first byte chooses the reader. Whatever leaves a reader but the errors that it promises stops the run, and libFuzzer
writes the input to a file `crash-…`: it belongs into tests/unit/rpc as a test.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tui"]):
    from tests.safety import decoders
from tests.safety import mutations

_BEFORE = mutations.status_bodies()[0]
_READERS: tuple[decoders.Reader, ...] = (
    lambda body: decoders.read_status(body, _BEFORE),
    decoders.read_shapes,
    decoders.read_named,
    decoders.read_http,
)


def try_one(data: bytes) -> None:
    """Read these bytes as the answer that their first byte says."""
    if not data:
        return
    try:
        _READERS[data[0] % len(_READERS)](data[1:])
    except (*decoders.EXPECTED, *decoders.HTTP_EXPECTED):
        pass


def plant(corpus: Path) -> None:
    """Give the fuzzer something to begin with."""
    corpus.mkdir(parents=True, exist_ok=True)
    named = mutations.named_bodies([key.address for key in decoders.KEYS])
    seeds = (mutations.status_bodies(), mutations.other_bodies(), named, mutations.http_answers())
    for reader, bodies in enumerate(seeds):
        for number, body in enumerate(bodies):
            (corpus / f"seed-{reader}-{number:03}").write_bytes(bytes([reader]) + body)


def main() -> None:
    """Fuzz until libFuzzer's own options say stop."""
    places = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if places:
        plant(Path(places[0]))
    atheris.Setup(sys.argv, try_one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
