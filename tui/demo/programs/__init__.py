"""What the demo's supervisords run. Each file is a program of its own, started by its path, and imports nothing of ours."""
