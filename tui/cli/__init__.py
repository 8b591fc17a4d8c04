"""Without a screen: the same engine for scripts, cron and people who know what they want. Never imports textual.

stdout is data, stderr is narration, the exit code is an interface (`exit_codes`).
"""
