"""Between Textual and the terminal: what the terminal shows is known here, and only what differs is sent."""
