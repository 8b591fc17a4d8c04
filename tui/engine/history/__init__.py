"""What was seen to change, kept on this machine: written by a thread of its own, read by pages.

recorder    takes transitions from the engine and never lets it wait
writing     one batch into the file: the same change seen by two programs is one row
trimming    keeps it within its age and its size
file        the file itself: private, checked, moved aside when damaged
layout      tables, codes, versions
reading     pages, newest first
coverage    when somebody looked, and when nobody did
figures     restarts, time in each state, availability
"""
