"""What a difference between two arms is worth: paired tests, intervals, and what the questions could have shown.

`intervals` and `tests` take numbers, `power` says how small a difference would have been seen, `comparing` joins them
for every pair of arms, and `verdict` says in one sentence which arm pays.
"""
