"""What is done to logits before a token is drawn, against distributions worked out by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.tgi_server.parameters import Parameters
from tests.support.tgi_server.sampling import Chooser, Warping, best

CHANCES = np.array([0.5, 0.25, 0.15, 0.1])
LOGITS = np.log(CHANCES).astype(np.float32)


def chances(before=(), **parameters):
    warping = Warping.of(Parameters(do_sample=True, **parameters))
    _, logprobs = Chooser(warping, 0).choose(LOGITS, before)
    return np.exp(logprobs)


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({}, CHANCES),
        ({"temperature": 0.5}, CHANCES**2 / (CHANCES**2).sum()),
        ({"top_k": 2}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_k": 9}, CHANCES),
        ({"top_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
        ({"top_p": 0.01}, [1, 0, 0, 0]),
        # entropy 1.208: the second (information 1.386) is nearest, then the first (0.693), then the third (1.897)
        ({"typical_p": 0.2}, [0, 1, 0, 0]),
        ({"typical_p": 0.7}, [2 / 3, 1 / 3, 0, 0]),
    ],
)
def test_what_is_left_to_draw_from(parameters, expected):
    assert chances(**parameters) == pytest.approx(np.array(expected), abs=1e-6)


def test_repetition_divides_what_is_positive_and_multiplies_what_is_negative():
    logits = np.array([2.0, -2.0, 0.5], np.float32)
    warping = Warping.of(Parameters(repetition_penalty=2.0))
    _, logprobs = Chooser(warping, 0).choose(logits, [0, 1, 1])
    expected = np.array([1.0, -4.0, 0.5])
    assert logprobs - logprobs[0] == pytest.approx(expected - expected[0], abs=1e-6)


def test_frequency_counts_every_occurrence():
    shifted = np.log(chances(before=[1, 1, 2], frequency_penalty=0.5)) - LOGITS
    assert shifted - shifted[0] == pytest.approx([0, -1.0, -0.5, 0], abs=1e-6)


def test_greedy_takes_the_first_and_any_warper_samples():
    assert not Warping.of(Parameters()).sample
    assert not Warping.of(Parameters(temperature=1.0)).sample
    assert Warping.of(Parameters(temperature=1.0)).asked_to_sample(Parameters(temperature=1.0))
    for change in ({"temperature": 0.9}, {"top_k": 1}, {"top_p": 0.9}, {"typical_p": 0.9}):
        assert Warping.of(Parameters(**change)).sample
    assert Chooser(Warping(), 7).choose(LOGITS, [])[0] == 0


def test_draws_follow_the_chances():
    chooser = Chooser(Warping(sample=True), 11)
    drawn = Counter(chooser.choose(LOGITS, [])[0] for _ in range(4000))
    assert np.array([drawn[token] / 4000 for token in range(4)]) == pytest.approx(CHANCES, abs=0.03)


@given(st.lists(st.floats(-20, 20, width=32), min_size=5, max_size=30), st.integers(1, 5))
def test_the_best_are_the_best_with_their_ties(values, count):
    logprobs = np.array(values, np.float32)
    chosen = best(logprobs, count)
    least = sorted(values, reverse=True)[count - 1]
    assert sorted(chosen) == [token for token, value in enumerate(values) if value >= least]
    assert [values[token] for token in chosen] == sorted((values[token] for token in chosen), reverse=True)
