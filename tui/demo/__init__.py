"""A real local fleet to look around in: supervisords, sites and workers that misbehave on purpose; nothing stays behind."""
