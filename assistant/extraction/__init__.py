"""Answers in the documents' own words, stage by stage.

    layout → statements → candidates → signals → judging → selection

A passage's surroundings are laid out into prose, lists, tables; what can be read alone is a statement; statements that
may answer are embedded with the question in one batch; signals weigh each of them; the judgement says how likely each
is the answer, and whether there is one; the selection picks one to four and puts them in reading order.
"""
