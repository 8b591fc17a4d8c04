"""supervisor-tui: one terminal window over every supervisord you run."""

__version__ = "0.1.0"
