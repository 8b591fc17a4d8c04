"""hosts.yaml to Settings: find it, read it, say exactly what is wrong with it."""
