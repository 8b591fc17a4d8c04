"""One widget a file. A widget knows model values, emits messages with data, and never meets the engine."""
