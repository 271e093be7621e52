"""Does the source say what an answer says? Located, compared, and told in words; docs/adr/0014-support-by-checks.md.

normalising   two texts that print alike are alike
units         an answer cut into what can be checked
markers       `[n]` in an answer: where the model says that it looked
facts         numbers, units, dates, names and negations of a text
wording       where a sentence departs from the sentence it repeats
locating      where a passage says it
judging       supported, partly or not found, and every doubt
entailment    a second opinion by a cross-encoder, where one is named
"""
