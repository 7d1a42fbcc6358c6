"""The demo's course of events, and whether it kept its promises."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import attrs

from sentry_governed.cli._demo_scenes import SCENES, Scene
from sentry_governed.cli._demo_stage import Stage, wants_task
from sentry_governed.errors import AlertError
from sentry_governed.routing import Commented, Created, Deferred, Duplicate, Rejected, Skipped, Uncertain


@attrs.frozen(kw_only=True)
class Row:
    """What became of one delivery.

    Attributes:
        number: Of the delivery, from 1.
        alert: What it said.
        shows: What is to be seen in it.
        team: The owning team, or empty.
        why: Why that team, or why there is no task.
        placement: The names of the projects that its task is in, as the fake Asana has them.
        outcome: How it ended.
        task: The task's gid, or None.
        url: Where a person opens the task.
        differs: What is not as promised.
    """

    number: int
    alert: str
    shows: str
    team: str = ""
    why: str = ""
    placement: tuple[str, ...] = ()
    outcome: str = ""
    task: str | None = None
    url: str = ""
    differs: tuple[str, ...] = ()


@attrs.frozen(kw_only=True)
class Report:
    """The whole play.

    Attributes:
        rows: One for each delivery.
        promised: How many tasks there should be.
        made: For how many alerts there is one.
        twice: How many tasks are there beside those.
        linked: How many Sentry issues link to their first task, and to nothing else.
        commented: How many later tasks their Sentry issue names in a comment.
        differs: What is not as promised, row by row and then of the whole.
    """

    rows: tuple[Row, ...]
    promised: int
    made: int
    twice: int
    linked: int
    commented: int
    differs: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """How many tasks are missing."""
        return max(0, self.promised - self.made)


def play(stage: Stage) -> Report:
    """Deliver every scene's webhook, one after the other, and look at what the services then hold."""
    rows: list[Row] = []
    for number, scene in enumerate(SCENES, start=1):
        seen = len(stage.asana.calls)
        row = _delivered(stage, number, scene)
        posts = sum(map(wants_task(scene.title), stage.asana.calls[seen:]))
        rows.append(attrs.evolve(row, differs=tuple(_differences(row, scene, posts))))
    return _judged(stage, tuple(rows))


def _delivered(stage: Stage, number: int, scene: Scene) -> Row:
    row = Row(number=number, alert=scene.title, shows=scene.shows)
    try:
        outcome = stage.handle(number, stage.webhook(number, scene))
    except AlertError as error:
        return attrs.evolve(row, outcome="Refused", why=str(error))
    row = attrs.evolve(row, outcome=type(outcome).__name__)
    match outcome:
        case Created() | Commented():
            row = attrs.evolve(row, team=outcome.team, why=outcome.reason)
        case Duplicate():
            row = attrs.evolve(row, why="the ledger knows its task")
        case Rejected():
            return attrs.evolve(row, why=outcome.problem)
        case Skipped() | Deferred() | Uncertain():
            return attrs.evolve(row, why=outcome.reason)
    row = attrs.evolve(row, task=outcome.task, url=outcome.url)
    made = [task for task in stage.asana.tasks if task.gid == row.task]
    return attrs.evolve(row, placement=tuple(stage.projects[gid] for task in made for gid in task.projects))


def _differences(row: Row, scene: Scene, posts: int) -> Iterator[str]:
    """What of one delivery is not as promised."""
    is_new = scene.outcome == "Created"
    if row.outcome != scene.outcome:
        yield f"it ended as {row.outcome}, not as {scene.outcome}"
    if is_new and row.team != scene.team:
        yield f"its team is {row.team or 'nobody'}, not {scene.team}"
    if is_new and row.placement != scene.projects:
        found, wanted = " and ".join(row.placement), " and ".join(scene.projects)
        yield f"its task is in {found or 'no project'}, not in {wanted}"
    wanted_posts = scene.posts if is_new else 0
    if posts != wanted_posts:
        yield f"asana got {posts} requests for a task, not {wanted_posts}"


def _judged(stage: Stage, rows: tuple[Row, ...]) -> Report:
    """Count what the services hold, and say what is missing or too much."""
    promised = [number for number, scene in enumerate(SCENES, start=1) if scene.outcome == "Created"]
    alerts = Counter(task.notes.splitlines()[-1] for task in stage.asana.tasks)
    chains: dict[str, list[str]] = {}
    for number in promised:
        if number in stage.issues:
            chains.setdefault(stage.issues[number], []).append(rows[number - 1].url)
    report = Report(
        rows=rows,
        promised=len(promised),
        made=len(alerts),
        twice=alerts.total() - len(alerts),
        linked=sum(_links(stage, issue) == [chain[0]] for issue, chain in chains.items()),
        commented=sum(_is_named(stage, issue, url) for issue, chain in chains.items() for url in chain[1:]),
    )
    differs = [f"delivery {row.number}: {difference}" for row in rows for difference in row.differs]
    if report.lost or report.twice:
        differs.append(f"tasks missing: {report.lost}, tasks that are there twice: {report.twice}")
    if report.linked != len(chains):
        differs.append(f"Sentry issues that do not link to their task: {len(chains) - report.linked}")
    if report.commented != sum(len(chain) - 1 for chain in chains.values()):
        differs.append("a later task is not named in Sentry")
    return attrs.evolve(report, differs=tuple(differs))


def _links(stage: Stage, issue: str) -> list[str]:
    return [link.web_url for link in stage.sentry.external_issues(issue)]


def _is_named(stage: Stage, issue: str, url: str) -> bool:
    return bool(url) and any(url in note.text for note in stage.sentry.notes(issue))
