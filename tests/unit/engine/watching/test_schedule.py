"""Delays are arithmetic: nothing here sleeps."""

from __future__ import annotations

import pytest

from tui.engine.watching.schedule import (
    ADAPTIVE_CEILING,
    ANSWERS,
    BACKOFF_CEILING,
    BREAKER_FAILURES,
    HEALTHY_SECONDS,
    JITTER,
    RESTART_PAUSE,
    STAGGER_FROM,
    Schedule,
)


def always(number: float) -> Schedule:
    return Schedule(2.0, draw=lambda: number)


@pytest.mark.parametrize("draw", [0.0, 0.25, 0.999])
def test_a_healthy_host_is_polled_at_its_period_within_a_tenth(draw: float) -> None:
    delay = always(draw).after_success(0.0, now=100.0)
    assert 2.0 * (1 - JITTER) <= delay <= 2.0 * (1 + JITTER)


def test_the_time_an_answer_took_counts_as_part_of_the_period() -> None:
    assert always(0.5).after_success(0.5, now=100.0) == pytest.approx(1.5)


def test_a_host_is_asked_so_seldom_that_its_answers_take_half_a_percent_of_its_time() -> None:
    schedule = always(0.5)
    for second in range(ANSWERS):
        schedule.after_success(0.05, now=100.0 + second)
    assert schedule.period == pytest.approx(0.05 / 0.005)
    assert schedule.slowed


def test_the_way_to_a_distant_host_is_not_counted_as_its_work() -> None:
    schedule = always(0.5)
    schedule.round_trip(0.3)
    schedule.round_trip(0.2)
    for second in range(ANSWERS):
        schedule.after_success(0.205, now=100.0 + second)
    assert schedule.period == 2.0
    assert not schedule.slowed


def test_one_slow_answer_does_not_change_the_period() -> None:
    schedule = always(0.5)
    for latency in (0.01, 0.01, 3.0):
        schedule.after_success(latency, now=100.0)
    assert schedule.period == 2.0


def test_the_adapted_period_has_a_ceiling_but_a_configured_longer_one_stays() -> None:
    slow, rare = always(0.5), Schedule(600.0, draw=lambda: 0.5)
    for schedule in (slow, rare):
        for _ in range(ANSWERS):
            schedule.after_success(30.0, now=100.0)
    assert slow.period == ADAPTIVE_CEILING
    assert rare.period == 600.0


def test_the_bound_of_the_back_off_doubles_up_to_a_minute() -> None:
    schedule = always(1.0)
    delays = [schedule.after_failure() for _ in range(8)]
    assert delays[:4] == [4.0, 8.0, 16.0, 32.0]
    assert delays[-1] == BACKOFF_CEILING
    for _ in range(2000):
        delay = schedule.after_failure()
    assert delay == BACKOFF_CEILING


def test_the_jitter_of_the_back_off_is_full_but_never_a_hammer() -> None:
    schedule = always(0.0)
    assert [schedule.after_failure() for _ in range(5)] == [1.0] * 5


def test_failures_are_forgotten_only_after_a_healthy_while() -> None:
    schedule = always(1.0)
    for _ in range(6):
        schedule.after_failure()
    schedule.after_success(0.01, now=100.0)
    schedule.after_success(0.01, now=100.0 + HEALTHY_SECONDS / 2)
    assert schedule.failures == 6
    schedule.after_success(0.01, now=100.0 + HEALTHY_SECONDS)
    assert schedule.failures == 0


def test_a_flapping_host_keeps_its_back_off() -> None:
    schedule = always(1.0)
    for now in range(0, 60, 4):
        schedule.after_failure()
        schedule.after_success(0.01, now=float(now))
    assert schedule.after_failure() == BACKOFF_CEILING


def test_the_breaker_opens_after_repeated_failures_and_closes_with_the_first_answer() -> None:
    schedule = always(0.5)
    for _ in range(BREAKER_FAILURES):
        assert not schedule.breaker_open
        schedule.after_failure()
    assert schedule.breaker_open
    schedule.after_success(0.01, now=100.0)
    assert not schedule.breaker_open


def test_a_restarting_supervisord_is_asked_soon_but_never_within_a_second() -> None:
    assert always(0.0).after_restarting() == RESTART_PAUSE
    assert always(0.999).after_restarting() < 2 * RESTART_PAUSE


def test_what_the_user_asks_for_starts_from_fresh() -> None:
    schedule = always(1.0)
    for _ in range(9):
        schedule.after_failure()
    schedule.resume()
    assert not schedule.breaker_open
    assert schedule.after_failure() == 4.0


def test_a_small_fleet_begins_at_once_and_a_large_one_host_by_host() -> None:
    schedule = always(0.5)
    assert [schedule.first(number, STAGGER_FROM) for number in (0, STAGGER_FROM - 1)] == [0.0, 0.0]
    delays = [schedule.first(number, 1000) for number in range(1000)]
    assert delays == sorted(delays)
    assert delays[0] == 0.0
    assert 0.9 < delays[-1] < 1.0
    assert max(schedule.first(number, 10_000) for number in range(10_000)) == 2.0


def test_rows_are_stale_after_three_periods_also_of_a_host_that_was_slowed_down() -> None:
    schedule = always(0.5)
    assert schedule.stale_after == pytest.approx(6.6)
    for _ in range(ANSWERS):
        schedule.after_success(0.1, now=100.0)
    assert schedule.stale_after == pytest.approx(66.0)
