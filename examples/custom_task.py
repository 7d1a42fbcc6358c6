"""Tasks of your own: a section of the notes that the library does not know, and a place of your own.

`python examples/custom_task.py` makes two tasks in a fake Asana and prints where they are and what they say.
"""

from __future__ import annotations

import sentry_governed as sg
from sentry_governed.asana import Context, FixedProject, Placement, plan_placement
from sentry_governed.testing import FakeAsana, sentry_event_alert, sign_webhook

VIP_DESK = "1300000000000001"
BACKLOG = "1300000000000002"

TEAMS = f"""
default: Platform
teams:
  - Name: Platform
  - Name: Checkout
    AsanaBacklogId: "{BACKLOG}"
    Entities: [
      Matchers: [service:checkout],
    ]
"""


def impact(context: Context) -> str | None:
    """A section: one line, or None to write nothing. It is cleaned and bounded like all others."""
    plans = context.alert.facts.get("plan", ())
    return context.line("Impact", f"customers on plan {', '.join(plans)}" if plans else None)


def vip_first(alert: sg.Alert, route: sg.Route, settings: sg.TaskSettings) -> Placement:
    """A placement: the VIP desk for paying customers in production, the usual plan for all else."""
    usual = plan_placement(alert, route, settings)
    if "vip" not in alert.facts.get("plan", ()) or alert.environment != "production":
        return usual
    desk = FixedProject(VIP_DESK, "VIP desk", "the customer's plan is vip")
    return Placement(((desk,), *usual.choices))


def main() -> None:
    """Route two alerts that differ in one tag."""
    asana = FakeAsana()
    asana.add_project("VIP desk", gid=VIP_DESK)
    asana.add_project("Checkout backlog", gid=BACKLOG)
    builder = sg.TaskBuilder(
        sg.TaskSettings(),
        sections=["issue_url", impact, "routing_reason", "previous_task", "root_task"],
        placement=vip_first,
    )
    router = sg.Router(
        teams=sg.Teams.parse(TEAMS, source="teams.yaml"),
        tasks=builder,
        asana=sg.AsanaClient(sg.AsanaConfig(token=sg.Secret("any"), sender=asana)),
        ledger=sg.MemoryLedger(),
    )
    secrets = sg.WebhookSecrets(sentry="client-secret")
    for number, plan in enumerate(("free", "vip"), start=1):
        body = sentry_event_alert(
            title="ChargeError: declined",
            event=f"{number:032x}",
            tags={"service": "checkout", "plan": plan},
        )
        outcome = router.handle(sg.parse_alert(*sign_webhook(body, "client-secret"), secrets=secrets))
        assert isinstance(outcome, sg.Created), outcome
        task = asana.task(outcome.task)
        print(f"{task.name} is in project {', '.join(task.projects)}")
        print(task.notes, end="\n\n")


if __name__ == "__main__":
    main()
