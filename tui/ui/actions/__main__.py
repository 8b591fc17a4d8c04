"""`python -m tui.ui.actions` prints docs/keys.md."""

from __future__ import annotations

import sys

from tui.ui.actions.page import keys_page

sys.stdout.write(keys_page())
