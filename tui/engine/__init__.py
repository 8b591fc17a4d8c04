"""Many supervisords, kept current, and the jobs that act on them: own thread, own loop, no widget in sight."""
