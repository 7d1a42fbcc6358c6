"""Whatever a caller claims, and however it is spelt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed.errors import SentryGovernedError
from sentry_governed.sentry import ActionResult
from sentry_governed.typing import JsonValue
from tests.sentry.doors import TASK, Guard, door_to
from tests.sentry.worlds import ISSUES, ORGS, PROJECTS, two_orgs

QUICK = ("sync in process", "async in process")
WRITES = ("issues.resolve", "issues.comment", "issues.update_many", "external_issues.create")
TRUE = st.sampled_from(sorted(PROJECTS))


@settings(deadline=None)
@given(
    action=st.sampled_from(WRITES),
    true=TRUE,
    claimed=TRUE,
    org_by_number=st.booleans(),
    project_by=st.sampled_from(["", "slug", "id", "path"]),
    issue_by=st.sampled_from(["id", "short", "merged"]),
    alias=st.sampled_from(["org", "organization_slug", "organizationSlug"]),
    denied=st.sampled_from(["web", "secret", "rival", "nothing"]),
    kind=st.sampled_from(QUICK),
)
def test_property(
    *,
    action: str,
    true: tuple[str, str],
    claimed: tuple[str, str],
    org_by_number: bool,
    project_by: str,
    issue_by: str,
    alias: str,
    denied: str,
    kind: str,
) -> None:
    """However it is spelt and whatever is claimed, a write is decided on the true project."""
    fake, guard = two_orgs(), Guard(frozenset({denied}))
    installation = fake.add_installation(claimed[0])
    issue = ISSUES[true]
    fake.add_issue(*true, issue_id="88")
    fake.merge(issue, "88")
    project = {"slug": claimed[1], "id": PROJECTS[claimed], "path": "/".join(claimed)}.get(project_by)
    named = {"id": issue, "merged": "88", "short": fake.issue(issue).short_id.lower()}[issue_by]
    params: dict[str, JsonValue] = {
        alias: ORGS[claimed[0]] if org_by_number and project_by != "path" else claimed[0],
        **({} if project is None else {"project": project}),
        **({"ids": [named]} if action == "issues.update_many" else {"id": named}),
        **{
            "issues.comment": {"text": "hello"},
            "issues.update_many": {"status": "resolved"},
            "external_issues.create": dict(TASK.values),
        }.get(action, {}),
    }
    with door_to(fake, kind, guard, installation) as door:
        shown: object
        try:
            shown = door.call("call", action, params)
        except SentryGovernedError as refusal:
            shown = refusal

    writes = [call for call in fake.calls if call.is_write]
    acts = [seen.operation for seen in guard.seen if seen.request and seen.request.method != "GET"]
    assert len(writes) <= len(acts) <= 1
    for act in acts:
        assert (act.stage, act.org, act.projects) == ("act", true[0], (true[1],))
        assert act.resource == issue
    if writes:
        assert denied not in true
        assert claimed[0] == true[0]
        assert project is None or claimed == true
        assert isinstance(shown, ActionResult)
    else:
        assert "SECRET-TITLE" not in repr(shown) + str(getattr(shown, "args", ""))
        assert fake.issue(issue).status == "unresolved"
