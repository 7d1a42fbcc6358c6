"""Regexes that could take endless time are refused, the others see no more than they can cope with."""

import contextlib
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentry_governed._yaml import quoted
from sentry_governed.errors import ConfigError, TeamsFileError
from sentry_governed.teams import Teams, Term

from .strategies import MANY

EMAIL = (
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+"
    r"[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$"
)  # fmt: skip

REFUSED = [
    (r"^(a+)+$", "(a+)+", r"^(a+)$"),
    (r"^(a|a)*$", "(a|a)*", r"^(a|a)*+$"),
    (r"^(a|aa)+$", "(a|aa)+", r"^(a|aa)++$"),
    (r"^(.*a){12}$", ".*", None),
    (EMAIL, r"(([\-.]|[_]+)?([a-zA-Z0-9]+))*", EMAIL.replace("))*(@)", "))*+(@)")),
    (r"(.*)(.*)(.*)(.*)x", r"(.*)(.*)(.*)(.*)x", None),
    (r"^(([a-z])+.)+[A-Z]([a-z])+$", "(([a-z])+.)+", r"^(([a-z])+.)++[A-Z]([a-z])+$"),
    (r"(?:a?){30}a{30}", "a?", None),
    (r"^(?:(?:.+)-)*prod$", ".+", None),
    (r"(a*)*b", "(a*)*", r"(a*)b"),
    (r"([a-z]+)*!", "([a-z]+)*", r"([a-z]+)*+!"),
    (r"(\w+\s?)*$x", r"(\w+\s?)*", r"(\w+\s?)*+$x"),
    (r"(x+x+)+y", "(x+x+)+y", None),
    (r"(.*?,){11}P", "(.*?,){11}P", None),
    (r"(\d+\.?)+:", r"(\d+\.?)+", r"(\d+\.?)++:"),
    (r"(a|b|ab)*c", "(a|b|ab)*", r"(a|b|ab)*+c"),
    (r"(?:.*,)*x", ".*", None),
    (r"([^x]|y)*z", "([^x]|y)*", None),
    (r"(?=(a+)+$)b", "(a+)+", r"(?=(a+)$)b"),
    (r"(a+)+\B", "(a+)+", r"(a+)\B"),
    (r"(a{1,30}){1,30}b", "(a{1,30}){1,30}", r"(a{1,30}){1,30}+b"),
    (r"(?:[a-z]*;|[a-z])*!", "(?:[a-z]*;|[a-z])*", r"(?:[a-z]*;|[a-z])*+!"),
    (r"(a|aa|aaa){1,20}b", "(a|aa|aaa){1,20}", r"(a|aa|aaa){1,20}+b"),
    (r"a*a*a*a*b", "a*a*a*a*b", None),
    (r"(?i)a*A*a*A*b", "(?i)a*A*a*A*b", None),
    (r"(?:[^éà]|ü)*!", "(?:[^éà]|ü)*", None),
    (r"(?:(?:ab)?){30}(?:ab){30}", "(?:ab)?", None),
    (r"(a)?(?(1)b|a*a*a*a*c)d", r"(a)?(?(1)b|a*a*a*a*c)d", None),
]


@pytest.mark.parametrize(("pattern", "atom", "rewrite"), REFUSED, ids=[pattern for pattern, _, _ in REFUSED])
def test_refused(pattern: str, atom: str, rewrite: str | None) -> None:
    """A regex that could take endless time is an error that names the part, and a safe form if any."""
    with pytest.raises(TeamsFileError) as caught:
        Term.parse(f"k:/{pattern}/")

    (problem,) = caught.value.problems
    assert problem.message == f"regex {quoted(pattern)} could take endless time at {quoted(atom)}"
    if rewrite is None:
        assert problem.hint.startswith("let neighbouring parts begin with different characters")
    else:
        assert problem.hint == f"if nothing has to be given back, write {rewrite!r}"
        assert Term("k", "regex", rewrite).limit


def test_place() -> None:
    """In a file the error stands where the term does, beside all others."""
    with pytest.raises(TeamsFileError) as caught:
        Teams.parse(
            "- Name: A\n  Entities:\n  - Matchers: [on, 'k:/(a+)+$/']\n  - Matchers: ['k:/(b*)*c/']\n"
        )

    assert [(problem.line, problem.column) for problem in caught.value.problems] == [
        (3, 16),
        (3, 20),
        (4, 16),
    ]


BOUNDED = [
    (r".*.*=.*", "a"), (r"^.*-(api|web)-.*-(prod|stage)$", "-api-web"), (r"a*a*b", "a"), (r"\s+$", " "),
    (r".*x.*y.*z", "xy"), (r"(a++)+$", "a"), (r"(?>(a+)+)$", "a"), (r"(?:\w+\.)*\w+@", "a."),
    (r"\d+\d+!", "1"),
    (r"\d+!", "1"), (r"(?:ab|a){5}c", "a"), (r".{1,20}.{1,20}.{1,20}b", "a"),
    (r"(?:(?=.*x)[a-z])*!", "a"), (r"([a-z0-9]+(-[a-z0-9]+)*\.)+!", "a-"),
    (r"[^@ ]+@[^@ ]+\.[^@ ]+!", "a@."), (r"foo.*bar.*baz", "foobar"), (r"(?:[a-z]*;|[a-z])*", "a"),
    (r"(\w+) \1!", "a "),
    (r"^\s*(\w+)\s*=\s*(.*?)\s*;$", "a= "), (r"(.)\1+!", "a"), (r"x*?x*?!", "x"), (r"(?s).*\n.*\n!", "\n"),
    (r"(?m)^.*$\n^.*!", "a\n"),
]  # fmt: skip


@pytest.mark.parametrize(("pattern", "pump"), BOUNDED, ids=[pattern for pattern, _ in BOUNDED])
def test_bounded(pattern: str, pump: str) -> None:
    """A regex whose time only grows with a power of the length is accepted, and never takes long."""
    term = Term("k", "regex", pattern)
    assert term.limit is not None
    assert 200 <= term.limit <= 1_024

    for value in (pump * 1_024, pump * 100 + "#" + pump * 1_000, pump * 511 + "!", "x" + pump * 1_024):
        assert cpu_seconds(term, value) < 1


def cpu_seconds(term: Term, value: str) -> float:
    """The least time that a search took in three tries, so that a busy machine does not count."""
    times = []
    for _ in range(3):
        start = time.process_time()
        term.holds([value])
        times.append(time.process_time() - start)
    return min(times)


@pytest.mark.parametrize(
    ("pattern", "limit"),
    [
        ("web", 1_024),
        (".*web.*", 1_024),
        (r"\d+!", 1_024),
        ("a*a*b", 301),
        (r"(a*)\1b", 301),
        (r"[^@ ]+@[^@ ]+\.[^@ ]+", 239),
        (r"(?:\w+\.)*\w+@", 295),
        ("(?:[a-z]*;|[a-z])*", 1_024),
        ("(?:[a-z]*;|[a-z]){5}!", 200),
        ("(?:(?=[a-z]*;)[a-z])*!", 240),
        ("[ab]*(?:ab)+c", 379),
        ("(?i)a*A*!", 240),
    ],
)
def test_limit(pattern: str, limit: int) -> None:
    """A regex sees 1,024 characters, or as many as it can cope with, and says how many."""
    term = Term("k", "regex", pattern)

    assert term.limit == limit
    assert Term("k", "equal", "web").limit is None
    assert Term("k").limit is None


def test_cut() -> None:
    """What stands behind the characters that a regex can cope with is not seen."""
    term = Term("k", "regex", "a*a*b")

    assert term.limit == 301
    assert term.holds(["a" * 300 + "b"])
    assert not term.holds(["a" * 301 + "b"])


@pytest.mark.parametrize(
    ("pattern", "same"),
    [(".*web", "web"), (".*?web.*", "web.*"), (".*.*=.*", "=.*"), ("(?i).*Web", "(?i)Web")],
)
def test_leading(pattern: str, same: str) -> None:
    """A leading `.*` costs nothing, and changes nothing about what is found."""
    whole = Term("k", "regex", pattern)

    assert whole.limit == Term("k", "regex", same).limit == 1_024
    for value in ("web", "x web y", "a\nweb", "WEB", "", "=", "we b"):
        assert whole.holds([value]) is bool(re.search(pattern, value))


@pytest.mark.parametrize("pattern", [".*+web", ".*{2}", ".*|web", "(.*)web", "^.*web"])
def test_leading_kept(pattern: str) -> None:
    """What only looks like a leading `.*` is left as it is."""
    try:
        found = re.compile(pattern)
    except re.error:
        with pytest.raises(ConfigError, match="does not compile"):
            Term("k", "regex", pattern)
    else:
        for value in ("web", "x web", "a\nweb", "", "x"):
            assert Term("k", "regex", pattern).holds([value]) is bool(found.search(value))


EVERYDAY = r"""^web
^web-
-prod$
^payments-(api|worker)$
^(api|web)-
^(?:api|web|worker)-[a-z0-9]+$
service-[0-9]+
^svc-[a-z]+(-[a-z]+)*$
^[a-z]+(-[a-z0-9]+)*-prod$
^[a-z0-9]+(?:-[a-z0-9]+)*$
.*payments.*
.*timeout.*connection.*
foo.*bar.*baz
^ip-10-\d+-\d+-\d+$
^ip-\d{1,3}(-\d{1,3}){3}$
^\d{1,3}(\.\d{1,3}){3}$
^(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)$
^(?:\d{1,3}\.){3}\d{1,3}(?::\d+)?$
^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$
^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}$
([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,}
^(\w+\.)*example\.com$
^([\w-]+\.)*shop\.example$
\.internal$
^https?://
^https?://[^/]+/api/v\d+/
^https?://(www\.)?example\.com(/.*)?$
^(https?)://([^/:]+)(:\d+)?(/[^?#]*)?(\?[^#]*)?(#.*)?$
/checkout/\d+
/orders/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}
[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}
^(GET|POST|PUT|DELETE|PATCH) /api/
^(?:GET|POST) /v\d+/(users|orders)/[^/]+$
^(/[^/]+)*/?$
^/(?:[^/]+/)*index\.html$
(?:/[\w.-]+)+\.(?:js|css|png)$
\.(jpe?g|png|gif|webp)$
^[A-Za-z]:\\(?:[^\\]+\\)*[^\\]*$
^(/[\w.-]+)+$
^v?\d+\.\d+\.\d+$
^v?\d+(\.\d+)*$
^v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?(?:\+([0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?$
^[a-z]+@\d+\.\d+\.\d+(\+\d+)?$
^release-20\d{2}-\d{2}
^\d{4}-\d{2}-\d{2}$
^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(\.\d+)?(Z|[+-]\d{2}:?\d{2})?$
^[\w.+-]+@[\w-]+\.[\w.-]+$
^[a-zA-Z0-9._%+-]+@[a-zA-Z0-9.-]+\.[a-zA-Z]{2,}$
[^@ ]+@[^@ ]+\.[^@ ]+
@example\.(com|org)$
(?i)timeout
(?i)^(timeout|deadline exceeded)
(?i)\b(oom|out of memory)\b
(?i:error|fatal): .*database
^(Timeout|Connection|Http)Error$
(Error|Exception)$
^[A-Z][A-Za-z]+Error:
^(?:[A-Z][a-z]+)+Error$
^(?:[a-z]+\.)+[A-Z]\w+Exception
TypeError: .* is not a function
Cannot read propert(y|ies) '.*' of (undefined|null)
ORA-\d{5}
duplicate key value violates unique constraint "[^"]+"
^"(?:[^"\\]|\\.)*"$
\[[^\]]*\]
\(([^()]*)\)
^(?!test-).*-prod$
^(?!.*(?:test|staging)).*$
^(?=.*api)(?=.*prod)
^eu-(west|central)-[1-3][a-c]?$
^arn:aws:lambda:[a-z0-9-]+:\d{12}:function:[\w-]+$
^(prod|production|live)$
prod(uction)?
^customer_\d+_(eu|us|ap)$
^[0-9a-f]{7,40}$
^k8s-(?:[a-z0-9]+-)+[a-z0-9]{5}$
^[a-z0-9-]+-[0-9a-f]{8,10}-[a-z0-9]{5}$
^.+-[0-9a-f]{9,10}-[a-z0-9]{5}$
^job-.*-nightly$
^(etl|batch)[._-].+[._-](daily|hourly)$
^[^.]+\.[^.]+\.svc\.cluster\.local$
^Mozilla/5\.0 \(.*\) AppleWebKit
iPhone OS (\d+)_(\d+)
^#[0-9a-fA-F]{3,6}$
^(?:\+|00)\d{1,3}[\s-]?\d+$
\d+ms
took \d+(\.\d+)?s
^$
.
.*
.+
^\s*$
^.*-(api|web)-.*-(prod|stage)$
^(?:[^,]*,){2}[^,]*$
^([^:]+:)?[^:]+$
^([a-z]+=[^&]*&)*utm_source=
^(\w+)=(\w+)(;\s*\w+=\w+)*$
\b\w+\.\w+\.\w+\b
^(.*/)?[^/]+\.py$
^(.+)/([^/]+)$
queue:(?:high|low):\d+
^(?P<team>[a-z]+)-(?P<service>[a-z-]+)$
(\w+) \1
<[^>]+>
^.*?error.*?$
^([a-z]+/)?[a-z]+:[\w.-]+$
^[\w.-]+/[\w.-]+@sha256:[0-9a-f]{64}$
^projects/[^/]+/(?:locations|zones)/[^/]+(?:/.*)?$
panic: .*goroutine \d+ \[running\]
\bat [\w.$<>]+\([\w.]+:\d+\)
^(\s*at .+\n)+
^\s*(\w+)\s*=\s*(.*?)\s*$
^(.*):(.*)$
error.*failed.*retry.*timeout
""".strip("\n").split("\n")


@pytest.mark.parametrize("pattern", EVERYDAY)
def test_everyday(pattern: str) -> None:
    """Regexes of everyday use are accepted, and see at least what a tag holds."""
    term = Term("k", "regex", pattern)

    assert term.limit is not None
    assert term.limit >= 200


def test_everyday_whole() -> None:
    """All but a few of them see as much as any regex."""
    limits = [Term("k", "regex", pattern).limit for pattern in EVERYDAY]

    assert len(EVERYDAY) >= 60
    assert sum(limit == 1_024 for limit in limits) >= len(limits) * 0.9


HOSTILE = [
    "(" * 45 + "a" + ")*" * 45,
    "(" * 200 + "a*" + ")*" * 200,
    "(" * 480 + ")" * 480,
    "(?:" * 100 + "a+" + "){1,9}" * 100,
    "(?:" * 40 + "a*b" + ")*c" * 40,
    "(?:" + "|".join("a" * number for number in range(1, 85)) + ")*b",
    "|".join(f"ab{number}" for number in range(690)),
    ".|" * 2_000 + "x",
    "(?i)" + "[a-z]+-" * 500,
    *(part * (4_000 // len(part)) for part in (
        "(?:a|b)*", "a*", "(.|..|...)*", "(a?){100}", "[a-z]*[0-9]*", "(?=a*)", "((?:a*b)*c)*", ".*?,", "x",
        "((a|b)|(c|d))*", r"\w+\s", "(?:a{1,60}){1,60}",
    )),
]  # fmt: skip


@pytest.mark.parametrize("pattern", HOSTILE, ids=lambda pattern: pattern[:20])
def test_hostile(pattern: str) -> None:
    """Whatever a file's author writes, the check itself ends soon."""
    start = time.process_time()
    with contextlib.suppress(ConfigError):
        Term("k", "regex", pattern)
    assert time.process_time() - start < 5


parts = st.sampled_from(
    ("a", "b", "[ab]", ".", "a?", "a*", "b+", "[ab]*", "(?:a|b)", "a{1,3}", "$", "^", r"\w+")
)
loops = st.sampled_from(("", "", "?", "*", "+", "{2}", "{0,9}", "*?", "++"))
patterns = st.recursive(
    parts,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map("".join),
        st.builds(lambda one, other, loop: f"(?:{one}|{other}){loop}", inner, inner, loops),
        st.builds(lambda one, loop: f"(?:{one}){loop}", inner, loops),
    ),
    max_leaves=6,
)


@settings(max_examples=MANY // 4)
@given(patterns, st.sampled_from(("a", "b", "ab", "aab", "ba", "abb")), st.sampled_from(("", "!", "c", "a!")))
def test_accepted_is_fast(pattern: str, pump: str, end: str) -> None:
    """Whatever was accepted, no repeated text makes it slow."""
    try:
        term = Term("k", "regex", pattern + "!c")
    except ConfigError:
        return
    assert term.limit is not None

    value = (pump * term.limit)[: term.limit - len(end)] + end
    assert cpu_seconds(term, value) < 2
