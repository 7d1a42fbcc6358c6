"""What deciding on one action costs: a policy with few exact patterns, and one with many."""

from __future__ import annotations

import time
from statistics import median

from sentry_governed.policy import Effect, Policy

ROUNDS = 300
CALLS = 100
SIZES = (10, 10_000)


def _policy(size: int) -> Policy:
    """A policy whose every list of names has so many exact patterns."""
    numbers = range(size)
    return Policy(
        allowed_orgs=[f"org-{number}" for number in numbers],
        denied_orgs=[f"former-{number}" for number in numbers],
        allowed_projects=[f"org-1/web-{number}" for number in numbers],
        denied_projects=[f"org-1/secret-{number}" for number in numbers],
        writes="allow",
    )


def _microseconds(policy: Policy) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        policy.decide("issues.resolve", org="org-1", project="web-7")
    return (time.perf_counter() - start) / CALLS * 1e6


def measure() -> dict[str, float]:
    """Median microseconds a decision, the policies in turns."""
    policies = {f"{size} patterns": _policy(size) for size in SIZES}
    for policy in policies.values():
        decision = policy.decide("issues.resolve", org="org-1", project="web-7")
        if decision.effect is not Effect.ALLOW:
            raise SystemExit("the measured decision is not the one that was meant")
    times: dict[str, list[float]] = {name: [] for name in policies}
    for _ in range(ROUNDS):
        for name, policy in policies.items():
            times[name].append(_microseconds(policy))
    return {name: median(values) for name, values in times.items()}


if __name__ == "__main__":
    for name, microseconds in measure().items():
        print(f"{name:16} {microseconds:6.2f} us")
