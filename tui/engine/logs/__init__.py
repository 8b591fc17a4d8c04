"""Logs followed, paged back and read to their end: bytes to lines, of any number of processes at once."""
