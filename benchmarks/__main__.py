"""Print the performance table: every number is a median of this run, beside the bound that it must keep."""

from collections.abc import Iterator

from benchmarks import (
    backtest,
    cold_start,
    diff,
    engine,
    flow_overhead,
    jetstream,
    lambda_start,
    lint,
    policy,
    polled,
    regexes,
    router,
    verify_parse,
    webhook,
    worker,
)

Row = tuple[str, str, str, bool]


def _cold_start() -> Iterator[Row]:
    bounds = {"import sentry_governed": 10, f"load {cold_start.RULES} rules + first route": 120}
    for name, milliseconds in cold_start.measure().items():
        bound = bounds[name]
        yield (
            f"{name}, over a bare interpreter",
            f"{milliseconds:.1f} ms",
            f"<= {bound} ms",
            milliseconds <= bound,
        )


def _against(what: str, measured: dict[str, float], bound: float) -> Iterator[Row]:
    (_, floor), (_, ours) = measured.items()
    ratio = ours / floor
    yield (
        what,
        f"{ours:.0f} us = {ratio:.2f} x {floor:.0f} us",
        f"<= {bound:.2f} x",
        ratio <= bound,
    )


def _policy() -> Iterator[Row]:
    for name, microseconds in policy.measure().items():
        yield f"Policy.decide, {name}", f"{microseconds:.1f} us", "<= 3 us", microseconds <= 3


def _router() -> Iterator[Row]:
    """How fast alerts become tasks; the rate has no bound, for it says as much of the machine."""
    (_, handled), (_, bare), *gains = router.measure().items()
    yield "alerts handled a second and core", f"{handled:.0f}, bare requests allow {bare:.0f}", "-", True
    for name, gain in gains:
        yield name, f"{gain:.1f} x", ">= 12 x", gain >= 12


def _routes() -> Iterator[Row]:
    routes = engine.measure_routes()
    for (rules, kind), (ours, naive) in routes.items():
        bound = 10 if rules == engine.SIZES[0] else 15
        growth = ours / routes[engine.SIZES[0], kind][0]
        yield (
            f"route one 17-tag event, {rules:,} rules, {kind}",
            f"{ours:.1f} us = naive / {naive / ours:,.0f} = {growth:.2f} x 215 rules",
            f"<= {bound} us",
            ours <= bound,
        )
    for name, (ours, naive) in engine.measure_worst().items():
        yield f"worst case: {name}", f"{ours:,.0f} us = {ours / naive:.2f} x naive", "", True


def _loads() -> Iterator[Row]:
    for name, seconds in engine.measure_load().items():
        yield f"load 10,000 rules, {name}", f"{seconds:.2f} s", "<= 0.5 s", seconds <= 0.5
    megabytes = engine.measure_memory()
    yield "memory of a process with 100,000 rules", f"{megabytes:.0f} MB", "<= 250 MB", megabytes <= 250


def _backtest() -> Iterator[Row]:
    rates = backtest.measure()
    what = f"backtest of recorded facts, 17 tags, {backtest.RULES:,} rules"
    facts, bodies, bare = rates["facts"], rates["bodies"], rates["json"]
    yield what, f"{facts:,.0f} alerts a second", ">= 50,000", facts >= 50_000
    yield "the same, if no rule matches any", f"{rates['misses']:,.0f} alerts a second", "", True
    yield (
        "backtest of webhook bodies",
        f"{bodies:,.0f} alerts a second = {bare / bodies:.2f} x json.loads",
        "",
        True,
    )


def _regexes() -> Iterator[Row]:
    slowest = regexes.measure()
    refused = max(slowest["refuse"], slowest["accept"])
    yield (
        "look at a regex that is meant to be slow, the slowest",
        f"{refused:.1f} ms",
        "<= 10 ms",
        refused <= 10,
    )
    yield "search for one that is accepted, the slowest", f"{slowest['search']:.1f} ms", "", True


def _lints() -> Iterator[Row]:
    (_, usual), *worst = lint.measure().items()
    yield "lint 10,000 rules", f"{usual:.2f} s", "<= 0.5 s", usual <= 0.5
    for name, seconds in worst:
        yield f"lint, worst case: {name}", f"{seconds:.2f} s", "", True


def _jetstream() -> Iterator[Row]:
    """How fast a worker empties a stream; like the router's rate, it says as much of the machine."""
    (_, bare), *ours = jetstream.measure().items()
    for name, rate in ours:
        yield (
            f"alerts a second off JetStream, {name}",
            f"{rate:.0f} = bare fetch and ack / {bare / rate:.1f}",
            "-",
            True,
        )


def _embedded() -> Iterator[Row]:
    """How fast webhooks come in and are worked off without a broker; the disk has its say in it."""
    accepted = webhook.measure()
    for name in ("no inbox", "SQLite"):
        rate, bare = accepted[name], accepted[f"bare, {name}"]
        yield f"webhooks accepted a second, {name}", f"{rate:.0f} = bare / {bare / rate:.2f}", "-", True
    alone, worked = worker.measure().values()
    yield (
        "alerts a second off a SQLite inbox, one thread",
        f"{worked:.0f} = the router alone / {alone / worked:.2f}",
        "-",
        True,
    )


def _aws() -> Iterator[Row]:
    """What a cold function costs, and how fast a worker takes alerts off SQS."""
    for name, (milliseconds, megabytes) in lambda_start.measure().items():
        is_bound = name in lambda_start.BOUND
        yield (
            f"import of the Lambda handler, {name}",
            f"{milliseconds:.0f} ms, {megabytes:.0f} MB",
            "<= 200 ms, <= 60 MB" if is_bound else "",
            not is_bound or (milliseconds <= 200 and megabytes <= 60),
        )
    bare, worked = polled.measure().values()
    yield (
        "alerts a second and core off SQS",
        f"{worked:.0f} = bare receive and delete / {bare / worked:.2f}",
        "-",
        True,
    )


def _diff() -> Iterator[Row]:
    for name, seconds in diff.measure().items():
        yield f"diff of {diff.RULES:,} rules, {name}", f"{seconds:.2f} s", "", True


def rows() -> Iterator[Row]:
    """One row a number; measured one after the other, so that none disturbs the next."""
    yield from _cold_start()
    yield from _routes()
    yield from _loads()
    yield from _backtest()
    yield from _diff()
    yield from _regexes()
    yield from _lints()
    yield from _against("verify + parse a 25 KB webhook, over hmac + json.loads", verify_parse.measure(), 1.5)
    yield from _against("one guarded and audited request, over bare httpx", flow_overhead.measure(), 1.25)
    yield from _policy()
    yield from _router()
    yield from _embedded()
    yield from _jetstream()
    yield from _aws()


def main() -> None:
    """Print a Markdown table, a row as soon as it is known."""
    print("| what | measured | must be | |\n|---|---|---|---|")
    for what, measured, bound, kept in rows():
        print(f"| {what} | {measured} | {bound} | {'ok' if kept else 'OVER'} |", flush=True)


if __name__ == "__main__":
    main()
