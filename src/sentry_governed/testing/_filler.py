"""What fills a real event: the parts that routing does not read, in their real shape and size."""

from __future__ import annotations

from sentry_governed.testing._wire import Record

_FRAMES = 14
_BREADCRUMBS = 30


def _frame(number: int) -> Record:
    return {
        "function": f"handle_step_{number}",
        "module": f"shop.orders.steps.step_{number}",
        "filename": f"shop/orders/steps/step_{number}.py",
        "abs_path": f"/srv/app/src/shop/orders/steps/step_{number}.py",
        "lineno": 40 + number,
        "pre_context": [f"    value_{line} = order.lines[{line}].amount" for line in range(5)],
        "context_line": f"    total = check_range(value_{number}, limit={number})",
        "post_context": [f"    audit.record('line', value_{line})" for line in range(5)],
        "in_app": number % 3 == 0,
        "vars": {f"value_{line}": str(line * number) for line in range(6)},
    }


def _breadcrumb(number: int, timestamp: float) -> Record:
    return {
        "timestamp": timestamp - _BREADCRUMBS + number,
        "type": "http",
        "category": "httplib",
        "level": "info",
        "message": None,
        "data": {"http.method": "GET", "url": f"https://stock.internal/items/{number}", "status_code": 200},
    }


def filler(title: str, timestamp: float) -> Record:
    """The bulk of an event of that title and time."""
    kind, _, text = title.partition(": ")
    stack: Record = {"frames": [_frame(number) for number in range(_FRAMES)], "frames_omitted": None}
    mechanism: Record = {"type": "django", "handled": False}
    return {
        "location": "shop/orders/steps/step_13.py",
        "culprit": "shop.orders.steps.step_13 in handle_step_13",
        "logger": "",
        "type": "error",
        "metadata": {"type": kind, "value": text or kind, "filename": "shop/orders/steps/step_13.py"},
        "exception": {
            "values": [{"type": kind, "value": text or kind, "stacktrace": stack, "mechanism": mechanism}]
        },
        "breadcrumbs": {"values": [_breadcrumb(number, timestamp) for number in range(_BREADCRUMBS)]},
        "contexts": {
            "browser": {"name": "Firefox", "version": "140.0", "type": "browser"},
            "runtime": {"name": "CPython", "version": "3.12.4", "type": "runtime"},
            "trace": {"trace_id": "4f" * 16, "span_id": "2a" * 8, "op": "http.server", "type": "trace"},
        },
        "request": {
            "url": "https://shop.example.com/api/orders/",
            "method": "POST",
            "headers": [["Host", "shop.example.com"], ["Accept", "application/json"]],
            "query_string": [],
        },
        "user": {"id": "u-1042", "ip_address": "192.0.2.7"},
        "sdk": {"name": "sentry.python.django", "version": "2.30.0"},
        "modules": {f"package-{number}": f"1.{number}.0" for number in range(20)},
        "fingerprint": ["{{ default }}"],
        "hashes": ["9c" * 16],
        "extra": {},
        "transaction": "/api/orders/",
    }
