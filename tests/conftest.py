"""What holds for every test: property tests try the same examples in each run, unless new ones are asked for.

`make test` must say the same of the same code twice; `make explore` looks for examples that nobody has seen yet. Programs
that tests start hear ctrl-c, also when the tests run in the background of a shell, which passes on that it ignores it.
"""

from __future__ import annotations

import os
import signal

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))

for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)
