"""Paired tests and intervals beside what they promise, by simulation and by exact values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eval.statistics.comparing import compare_arms
from eval.statistics.intervals import bootstrap_mean, paired_shares, upper_bound, wilson
from eval.statistics.power import detectable_difference, questions_needed, questions_to_reach
from eval.statistics.significance import holm, mcnemar, paired_permutation
from eval.statistics.verdict import cheapest_first, judge


def test_wilson_gives_the_published_interval_of_26_in_50():
    low, high = wilson(26, 50)
    assert (round(low, 2), round(high, 2)) == (0.39, 0.65)


def test_the_upper_bound_without_failures_is_the_rule_of_three():
    assert upper_bound(0, 100) == pytest.approx(1 - 0.05 ** (1 / 100))
    assert upper_bound(0, 0) == upper_bound(5, 5) == 1


@pytest.mark.parametrize(("wins", "losses", "expected"), [(16, 4, 0.0118), (0, 0, 1.0), (1, 0, 1.0), (10, 0, 2 / 1024)])
def test_mcnemar_is_the_binomial_test_of_the_questions_that_differ(wins, losses, expected):
    assert mcnemar(wins, losses) == pytest.approx(expected, abs=5e-5)
    assert mcnemar(losses, wins) == pytest.approx(expected, abs=5e-5)


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=12))
def test_permuting_right_and_wrong_answers_gives_mcnemars_p(differences):
    values = np.array(differences)
    assert paired_permutation(values) == pytest.approx(mcnemar(int((values > 0).sum()), int((values < 0).sum())))


@given(st.lists(st.floats(0, 1), min_size=1, max_size=10))
def test_holm_keeps_the_order_and_never_lowers_a_p(p_values):
    adjusted = holm(p_values)
    assert all(p <= corrected <= 1 for p, corrected in zip(p_values, adjusted, strict=True))
    assert min(adjusted) == pytest.approx(min(1, len(p_values) * min(p_values)))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.array(adjusted)[order]) >= 0).all()


def test_newcombes_interval_equals_his_published_example():
    """Statistics in Medicine 17 (1998), table II: 36, 12, 2, 0 of 50."""
    low, high = paired_shares(np.array([[36, 12], [2, 0]]))
    assert (round(low, 4), round(high, 4)) == (0.0569, 0.3404)


def test_arms_that_never_differ_keep_an_interval_with_width():
    low, high = paired_shares(np.array([[30, 0], [0, 20]]))
    assert low < -0.02
    assert high > 0.02
    low, high = bootstrap_mean(np.zeros(20), np.ones(20))
    assert low < -0.1
    assert high > 0.1


def test_intervals_hold_what_they_promise():
    random = np.random.default_rng(7)
    true, held = 0.1, 0
    for _ in range(400):
        first = random.random(80) < 0.7
        second = np.where(random.random(80) < 0.8, first, random.random(80) < 0.7 - true / 0.2)
        table = np.array(
            [[(first & second).sum(), (first & ~second).sum()], [(~first & second).sum(), (~first & ~second).sum()]]
        )
        low, high = paired_shares(table)
        held += low <= true <= high
    assert held >= 370  # 380 expected, standard deviation 4.4


def test_a_null_gives_a_false_pays_in_no_more_than_one_of_twenty():
    """Four arms of equal worth, right together on 3 of 4 questions: 2,000 verdicts."""
    random = np.random.default_rng(11)
    arms = ("prompting", "rag", "long_context", "fine_tuned")
    false = 0
    for _ in range(2_000):
        shared, own = random.random(60) < 0.6, random.random((4, 60)) < 0.6
        together = random.random((4, 60)) < 0.75
        scores = {arm: np.where(together[n], shared, own[n]).astype(float) for n, arm in enumerate(arms)}
        verdict = judge(arms, compare_arms(scores))
        false += any(step.finding == "pays" for step in verdict.steps)
    assert false <= 0.05 * 2_000


def test_documents_that_rise_and_fall_together_are_no_false_finding():
    """20 documents of 10 questions, all right or all wrong together: one by one they seem to show a difference."""
    random = np.random.default_rng(3)
    documents = [str(number) for number in range(20) for _ in range(10)]
    alone = clustered = 0
    for _ in range(60):
        scores = {arm: np.repeat(random.random(20) < 0.5, 10).astype(float) for arm in ("prompting", "rag")}
        alone += compare_arms(scores)[0].significant
        clustered += compare_arms(scores, documents)[0].significant
    assert clustered <= 7 < alone


def test_few_documents_are_taken_as_these_documents():
    scores = {"prompting": [0.0] * 12, "rag": [1.0] * 12}
    [found] = compare_arms(scores, ["a", "b", "c"] * 4)
    assert (found.clusters, found.test) == (0, "McNemar, exact")
    assert found.significant


@pytest.mark.parametrize("rates", [(0.75, 0.80, 0.81, 0.86), (0.80, 0.86, 0.93)])
def test_the_order_of_published_tables_comes_out_of_simulated_answers(rates):
    """Prompting, RAG, fine-tuning and both, as published; one difficulty a question makes the arms agree mostly."""
    difficulty = np.random.default_rng(5).permutation(np.arange(2_000) / 2_000)
    scores = {f"arm{n}": (difficulty < rate).astype(float) for n, rate in enumerate(rates)}
    found = compare_arms(scores)
    verdict = judge(tuple(scores), found)
    assert [round(comparison.difference, 2) for comparison in found[: len(rates) - 1]] == [
        round(rate - rates[0], 2) for rate in rates[1:]
    ]
    assert verdict.best == f"arm{len(rates) - 1}"
    assert [step.finding for step in verdict.steps] == ["pays"] * (len(rates) - 1)


@pytest.mark.parametrize(("questions", "difference", "discordant"), [(470, 0.05, 0.15), (120, 0.12, 0.2)])
def test_power_is_as_computed(questions, difference, discordant):
    assert questions_needed(difference, discordant, 0.05) == pytest.approx(questions, rel=0.15)
    needed = questions_needed(difference, discordant, 0.05)
    random = np.random.default_rng(13)
    wins_share = (discordant + difference) / 2
    counts = random.multinomial(needed, [wins_share, discordant - wins_share, 1 - discordant], size=1_500)
    power = np.mean([mcnemar(wins, losses) < 0.05 for wins, losses, _ in counts])
    assert 0.74 <= power <= 0.84  # the exact test is a little more careful than the formula


@given(st.integers(8, 5_000), st.floats(0.01, 1))
def test_the_detectable_difference_is_the_one_that_so_many_questions_show(questions, moment):
    found = detectable_difference(questions, moment, 0.05)
    assert 0 < found <= 1
    assert found == 1 or questions_needed(found, moment, 0.05) <= questions


def test_too_few_questions_can_show_nothing():
    assert questions_to_reach(0.05) == 6
    assert mcnemar(6, 0) < 0.05 < mcnemar(5, 0)
    assert detectable_difference(5, 1.0, 0.05) == 1.0
    with pytest.raises(ValueError, match="difference of 0"):
        questions_needed(0, 0.2, 0.05)


def test_graded_scores_are_permuted_and_bootstrapped():
    random = np.random.default_rng(17)
    base = random.random(60) * 0.5
    [found] = compare_arms({"prompting": base, "rag": base + random.normal(0.2, 0.1, 60)})
    assert found.test == "paired permutation"
    assert found.significant
    assert found.interval.low < 0.2 < found.interval.high
    assert math.isclose(found.difference, 0.2, abs_tol=0.04)


def test_the_verdict_says_what_pays_what_costs_and_what_was_not_shown():
    right, questions = np.arange(120), 120
    scores = {
        "prompting": (right < 72).astype(float),
        "rag": (right < 96).astype(float),
        "fine_tuned": np.roll(right < 97, 3).astype(float),
        "few_shot": (right < 40).astype(float),
    }
    verdict = judge(tuple(scores), compare_arms(scores))
    assert verdict.best == "rag"
    assert [step.finding for step in verdict.steps] == ["pays", "nothing shown", "costs"]
    first, second, third = verdict.sentence.split("; ")
    assert first == "rag +20 points over prompting (95 % CI 13…27, p < .001)"
    assert second.startswith(
        f"fine_tuned adds nothing to rag that {questions} questions could show (+1 points measured"
    )
    assert third.startswith("few_shot −47 points over rag")


@pytest.mark.parametrize(
    ("prices", "order"),
    [
        ({"rag": 900.0, "prompting": 30.0, "few_shot": 200.0}, ["prompting", "few_shot", "rag"]),
        ({"prompting": 30.9, "fine_tuned": 30.0, "rag": 900.0}, ["prompting", "fine_tuned", "rag"]),  # nearly equal
        ({"b": 0.0, "a": 0.0}, ["b", "a"]),
        ({"d": 109.0, "c": 104.0, "b": 100.0}, ["c", "b", "d"]),  # d is near to c, not to the cheapest of them
    ],
)
def test_nearly_equal_prices_leave_arms_as_they_were_named(prices, order):
    assert cheapest_first(prices) == order


def test_arms_without_the_same_questions_are_refused():
    with pytest.raises(ValueError, match="every question"):
        compare_arms({"prompting": [1.0], "rag": [1.0, 0.0]})
    with pytest.raises(ValueError, match="two arms"):
        judge(("rag",), [])
