"""Telling others of changes: a program of the user's, or a web address.

hook       gathers, waits its turn, delivers, tries again: in a thread of its own, with a bounded queue
report     what is told, as JSON and as environment variables
command    runs a program: no shell, nothing secret in its environment, ended when it takes too long
webhook    posts to an address: no redirects, no proxies, a deadline for the whole
"""
