"""The routes of a fake Sentry."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import attrs

from sentry_governed._values import Response
from sentry_governed.testing import _sentry_orgs as orgs
from sentry_governed.testing import _sentry_releases as releases
from sentry_governed.testing._sentry_search import asked_projects, direct_hit, found_issues, hits, page
from sentry_governed.testing._sentry_update import updated
from sentry_governed.testing._sentry_values import FakeExternalIssue, FakeInstallation, FakeIssue, FakeNote
from sentry_governed.testing._sentry_world import (
    NO_PERMISSION,
    World,
    body_of,
    detail,
    empty,
    field_errors,
    missing,
)
from sentry_governed.testing._wire import Ask, Record, Routes, as_json
from sentry_governed.typing import JsonValue

_SAME_NOTE_SECONDS = 3600


def _list_issues(world: World, ask: Ask) -> Response:
    org = world.org(ask)
    hit = direct_hit(world, org, ask)
    found = found_issues(world, org, ask) if hit is None else [hit]
    headers = hits(len(found)) + ((("x-sentry-direct-hit", "1"),) if hit else ())
    return page(ask, [world.record(issue, ask) for issue in found], size="limit", headers=headers)


def _put_issues(world: World, ask: Ask) -> Response:
    """Change the issues of these ids, or all that match when none is named; strangers are skipped."""
    org, body = world.org(ask), body_of(ask)
    ids = ask.all("id")
    if ids:
        projects = asked_projects(world, org, ask)
        issues = [world.issue_in(org.slug, number) for number in ids if number in world.issues]
        chosen = [issue for issue in issues if issue is not None and issue.project in projects]
    else:
        chosen = found_issues(world, org, ask)
    for issue in chosen:
        world.issues[issue.id] = updated(world, issue, body)
    return as_json(200, dict(body)) if chosen else Response(204)


def get_issue(world: World, ask: Ask) -> Response:
    """Answer with one issue."""
    return as_json(200, world.record(world.issue(ask), ask))


def put_issue(world: World, ask: Ask) -> Response:
    """Change one issue."""
    issue = updated(world, world.issue(ask), body_of(ask))
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


def _list_events(world: World, ask: Ask) -> Response:
    issue = world.issue(ask)
    environments = ask.all("environment")
    events = [
        event
        for event in reversed(world.events_of(issue))
        if not environments or event.tag("environment") in environments
    ]
    project = world.projects[issue.org, issue.project]
    return page(ask, [event.record(project) for event in events])


def _list_project_events(world: World, ask: Ask) -> Response:
    project = world.project(ask)
    here = {
        issue.id
        for issue in world.issues.values()
        if (issue.org, issue.project) == (project.org, project.slug)
    }
    events = [event for event in world.events.values() if event.issue in here]
    events.sort(key=lambda event: event.created_at, reverse=True)
    return page(ask, [event.record(project) for event in events])


def _tag(world: World, issue: FakeIssue, key: str) -> Record:
    values = Counter(value for event in world.events_of(issue) for name, value in event.tags if name == key)
    top: list[JsonValue] = [{"value": value, "count": count} for value, count in values.most_common()]
    return {
        "key": key,
        "name": key.title(),
        "uniqueValues": len(values),
        "totalValues": values.total(),
        "topValues": top,
    }


def _list_tags(world: World, ask: Ask) -> Response:
    issue = world.issue(ask)
    keys = sorted({key for event in world.events_of(issue) for key, _ in event.tags})
    return as_json(200, [_tag(world, issue, key) for key in keys])


def _get_tag(world: World, ask: Ask) -> Response:
    tag = _tag(world, world.issue(ask), ask["key"])
    if not tag["totalValues"]:
        raise missing()
    return as_json(200, tag)


def _list_notes(world: World, ask: Ask) -> Response:
    issue = world.issue(ask)
    return page(ask, [note.record(issue.id) for note in world.notes.get(issue.id, ())])


def _create_note(world: World, ask: Ask) -> Response:
    issue, text = world.issue(ask), body_of(ask).get("text")
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


def _installation(world: World, ask: Ask) -> FakeInstallation:
    installation = world.installations.get(ask["uuid"])
    if installation is None:
        raise missing()
    if ask.token != installation.token:
        raise detail(403, NO_PERMISSION)
    return installation


def _delete_link(world: World, ask: Ask) -> Response:
    installation = _installation(world, ask)
    link = world.links.get(ask["link"])
    if link is None or world.issue_in(installation.org, link.issue) is None:
        raise missing()
    if link.service_type != installation.app_slug:
        raise missing()
    del world.links[link.id]
    return Response(204)


def _create_link(world: World, ask: Ask) -> Response:
    installation = _installation(world, ask)
    values = _link_fields(body_of(ask))
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
        ("GET", "/organizations/", orgs.list_orgs),
        ("GET", "/organizations/{org}/", orgs.get_org),
        ("GET", "/organizations/{org}/projects/", orgs.list_projects),
        ("GET", "/organizations/{org}/sentry-app-installations/", orgs.list_installations),
        ("GET", "/organizations/{org}/teams/", orgs.list_teams),
        ("GET", "/organizations/{org}/members/", orgs.list_members),
        ("GET", "/organizations/{org}/shortids/{short_id}/", orgs.get_short_id),
        ("GET", "/organizations/{org}/eventids/{event_id}/", orgs.get_event_id),
        ("GET", "/organizations/{org}/releases/", releases.list_releases),
        ("POST", "/organizations/{org}/releases/", releases.create_release),
        ("GET", "/organizations/{org}/releases/{version}/", releases.get_release),
        ("PUT", "/organizations/{org}/releases/{version}/", releases.put_release),
        ("GET", "/organizations/{org}/releases/{version}/deploys/", releases.list_deploys),
        ("POST", "/organizations/{org}/releases/{version}/deploys/", releases.create_deploy),
        ("GET", "/organizations/{org}/issues/", _list_issues),
        ("PUT", "/organizations/{org}/issues/", _put_issues),
        ("GET", "/organizations/{org}/issues/{issue}/", get_issue),
        ("PUT", "/organizations/{org}/issues/{issue}/", put_issue),
        ("GET", "/organizations/{org}/issues/{issue}/events/", _list_events),
        ("GET", "/organizations/{org}/issues/{issue}/events/{event}/", _get_event),
        ("GET", "/organizations/{org}/issues/{issue}/tags/", _list_tags),
        ("GET", "/organizations/{org}/issues/{issue}/tags/{key}/", _get_tag),
        ("GET", "/organizations/{org}/issues/{issue}/notes/", _list_notes),
        ("POST", "/organizations/{org}/issues/{issue}/notes/", _create_note),
        ("GET", "/organizations/{org}/issues/{issue}/comments/", _list_notes),
        ("POST", "/organizations/{org}/issues/{issue}/comments/", _create_note),
        ("GET", "/organizations/{org}/issues/{issue}/external-issues/", _list_links),
        ("POST", "/sentry-app-installations/{uuid}/external-issues/", _create_link),
        ("DELETE", "/sentry-app-installations/{uuid}/external-issues/{link}/", _delete_link),
        ("GET", "/projects/{org}/{project}/", orgs.get_project),
        ("GET", "/projects/{org}/{project}/events/", _list_project_events),
        ("GET", "/projects/{org}/{project}/ownership/", orgs.get_ownership),
    )
)
