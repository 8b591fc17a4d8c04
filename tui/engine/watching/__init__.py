"""Supervisords kept current: when each is read, what a reading makes of the one before, and the feed that spares reading."""
