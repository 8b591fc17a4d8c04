"""What holds for every test: property tests try the same examples in each run, unless new ones are asked for.

`make test` must say the same of the same code twice; `make explore` looks for examples that nobody has seen yet.
"""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
