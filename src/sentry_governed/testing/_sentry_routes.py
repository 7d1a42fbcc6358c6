"""The routes of a fake Sentry."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from sentry_governed._values import Response
from sentry_governed.testing._sentry_search import found_issues, hits, page
from sentry_governed.testing._sentry_update import updated
from sentry_governed.testing._sentry_values import FakeExternalIssue, FakeNote
from sentry_governed.testing._sentry_world import NO_PERMISSION, World, detail, empty, field_errors, missing
from sentry_governed.testing._wire import Ask, Routes, as_json
from sentry_governed.typing import JsonValue

_SAME_NOTE_SECONDS = 3600


def _list_orgs(world: World, ask: Ask) -> Response:
    bound = world.installation_of(ask.token)
    return page(
        ask,
        [org.record(world.web(ask)) for org in world.orgs.values() if bound is None or bound.org == org.slug],
    )


def _get_org(world: World, ask: Ask) -> Response:
    return as_json(200, world.org(ask).record(world.web(ask)))


def _list_projects(world: World, ask: Ask) -> Response:
    return page(ask, [project.record() for project in world.projects_of(world.org(ask))])


def _get_project(world: World, ask: Ask) -> Response:
    project = world.project(ask)
    org = world.orgs[project.org].record(world.web(ask))
    return as_json(200, {**project.record(), "organization": org})


def _list_installations(world: World, ask: Ask) -> Response:
    org = world.org(ask)
    return page(ask, [known.record() for known in world.installations.values() if known.org == org.slug])


def _list_issues(world: World, ask: Ask) -> Response:
    found = found_issues(world, world.org(ask), ask)
    return page(ask, [world.record(issue, ask) for issue in found], size="limit", headers=hits(len(found)))


def get_issue(world: World, ask: Ask) -> Response:
    """Answer with one issue."""
    return as_json(200, world.record(world.issue(ask), ask))


def put_issue(world: World, ask: Ask) -> Response:
    """Change one issue."""
    issue = updated(world, world.issue(ask), _body(ask))
    world.issues[issue.id] = issue
    return as_json(200, world.record(issue, ask))


def _get_event(world: World, ask: Ask) -> Response:
    issue, wanted = world.issue(ask), ask["event"]
    environments = ask.all("environment")
    events = [
        event
        for event in world.events_of(issue)
        if not environments or event.tag("environment") in environments
    ]
    if wanted in ("latest", "recommended", "oldest"):
        chosen = events[:1] if wanted == "oldest" else events[-1:]
    else:
        chosen = [event for event in events if event.id == wanted]
    if not chosen:
        raise missing()
    return as_json(200, chosen[0].record(world.projects[issue.org, issue.project]))


def _list_notes(world: World, ask: Ask) -> Response:
    issue = world.issue(ask)
    return page(ask, [note.record(issue.id) for note in world.notes.get(issue.id, ())])


def _create_note(world: World, ask: Ask) -> Response:
    issue, text = world.issue(ask), _body(ask).get("text")
    if not isinstance(text, str) or not text.strip():
        raise field_errors(text="This field is required.")
    known, now, author = world.notes.get(issue.id, ()), world.clock.time(), ask.token or ""
    for note in known:
        if (note.text, note.author) == (text, author) and now - note.created_at < _SAME_NOTE_SECONDS:
            raise detail(400, "You have already posted that comment.")
    made = FakeNote(world.new_id(), text, author, now)
    world.notes[issue.id] = (*known, made)
    return as_json(201, made.record(issue.id))


def _list_links(world: World, ask: Ask) -> Response:
    return as_json(200, [link.record() for link in world.links_of(world.issue(ask))])


def _create_link(world: World, ask: Ask) -> Response:
    installation = world.installations.get(ask["uuid"])
    if installation is None:
        raise missing()
    if ask.token != installation.token:
        raise detail(403, NO_PERMISSION)
    values = _link_fields(_body(ask))
    issue = world.issue_in(installation.org, values["issueId"])
    if issue is None:
        raise empty(404)
    made = FakeExternalIssue(
        id=world.new_id(),
        issue=issue.id,
        service_type=installation.app_slug,
        project=values["project"],
        identifier=values["identifier"],
        web_url=values["webUrl"],
    )
    for known in world.links_of(issue):
        if known.service_type == made.service_type:
            if world.relink == "refuse":
                raise field_errors(nonFieldErrors="An external issue already exists for this issue.")
            made = attrs.evolve(made, id=known.id)
    world.links[made.id] = made
    return as_json(200, made.record())


def _link_fields(body: Mapping[str, JsonValue]) -> dict[str, str]:
    names = ("issueId", "webUrl", "project", "identifier")
    absent = {name: "This field is required." for name in names if body.get(name) in (None, "")}
    if absent:
        raise field_errors(**absent)
    if not str(body["issueId"]).isdecimal():
        raise field_errors(issueId="A valid integer is required.")
    return {name: str(body[name]) for name in names}


ROUTES: Routes[World] = Routes(
    (
        ("GET", "/organizations/", _list_orgs),
        ("GET", "/organizations/{org}/", _get_org),
        ("GET", "/organizations/{org}/projects/", _list_projects),
        ("GET", "/organizations/{org}/sentry-app-installations/", _list_installations),
        ("GET", "/organizations/{org}/issues/", _list_issues),
        ("GET", "/organizations/{org}/issues/{issue}/", get_issue),
        ("PUT", "/organizations/{org}/issues/{issue}/", put_issue),
        ("GET", "/organizations/{org}/issues/{issue}/events/{event}/", _get_event),
        ("GET", "/organizations/{org}/issues/{issue}/notes/", _list_notes),
        ("POST", "/organizations/{org}/issues/{issue}/notes/", _create_note),
        ("GET", "/organizations/{org}/issues/{issue}/comments/", _list_notes),
        ("POST", "/organizations/{org}/issues/{issue}/comments/", _create_note),
        ("GET", "/organizations/{org}/issues/{issue}/external-issues/", _list_links),
        ("POST", "/sentry-app-installations/{uuid}/external-issues/", _create_link),
        ("GET", "/projects/{org}/{project}/", _get_project),
    )
)


def _body(ask: Ask) -> Mapping[str, JsonValue]:
    try:
        body = ask.call.json()
    except ValueError as problem:
        raise detail(400, f"JSON parse error - {problem}") from None
    if not isinstance(body, Mapping):
        raise field_errors(nonFieldErrors="Invalid data. Expected a dictionary.")
    return body
