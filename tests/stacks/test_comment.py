"""The comment: always taken by GitHub, always well formed, nothing miscounted, nobody mentioned."""

from __future__ import annotations

import random
import re
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.engine.interface import Op
from slipway.localcloud.github.issue_forms import checked_text
from slipway.stacks.comment.escaping import code, label, link, text
from slipway.stacks.comment.fitting import REST, Part, fit
from slipway.stacks.comment.page import COMMENT, JOB_SUMMARY, Limit, octets, page, units
from slipway.stacks.summary import Property, Risk, Step, Summary
from tests.sampling import drawn, seed, size
from tests.stacks.pages import rendered, told
from tests.stacks.plans import HOSTILE, summary

MENTION = re.compile(r"@[\w-]")
REFERENCE = re.compile(r"#\d|https?://|www\.|\b[0-9a-f]{7,40}\b")


def checked(body: str, limit: Limit = COMMENT) -> None:
    """What must hold of any page."""
    assert limit.measure(body) <= limit.size
    assert len(body) <= limit.size
    if limit is COMMENT:
        assert checked_text({"body": body}) == body
    assert not MENTION.search(body)
    body.encode()  # and so has no half of a character
    found = rendered(body)
    outside = " ".join(found.open_text)
    assert not MENTION.search(outside)
    assert not REFERENCE.search(outside), REFERENCE.search(outside)
    for line in found.graph.splitlines():
        assert re.fullmatch(
            r"flowchart LR|  n\d+\[\"[\w ./#;<>…-]*\"\](:::\w+)?|  n\d+ --> n\d+|  classDef .*", line
        )


def totals(body: str) -> str:
    return body.split("<p>In all ", 1)[1].split("</p>", 1)[0]


def total_of(summaries: list[Summary]) -> str:
    counts: Counter[Op] = Counter()
    for each in summaries:
        counts.update(each.counts)
    order: tuple[Op, ...] = ("delete", "replace", "update", "import", "create")
    text = ", ".join(f"{counts[op]:,} to {op}" for op in order if counts[op]) or "no changes"
    return f"{text}; {sum(each.unchanged for each in summaries):,} unchanged."


@pytest.mark.parametrize("number", drawn([1, 2, 10, 99, 500, 1_000, 3_000, 10_000, 50_000], 4))
def test_plans_of_any_size_with_hostile_names(number: int) -> None:
    plan = summary(seed(number), number)
    body = page([plan])
    checked(body)
    checked(page([plan], limit=JOB_SUMMARY), JOB_SUMMARY)
    assert totals(body) == total_of([plan])
    for what in ("delete", "replace"):
        assert told(body, f"to {what}") == plan.counts.get(what, 0), what


def test_all_deletions_are_named_as_long_as_there_is_room_for_them() -> None:
    plan = summary(seed(1), 1_500, nasty=False, risks=())
    body = page([plan])
    names = [step.name for step in plan.steps if step.op in ("delete", "replace")]
    assert len(names) > 200
    assert [name for name in names if f"<li><code>{name}</code>" not in body] == []
    assert "more to delete" not in body


@settings(max_examples=size(1_500, 80), deadline=None)
@given(
    numbers=st.lists(st.integers(0, 60), min_size=0, max_size=8),
    number=st.integers(0, 10**6),
    room=st.integers(9_000, 70_000),
)
def test_many_stacks_in_any_room(numbers: list[int], number: int, room: int) -> None:
    plans = [summary(number, each, stack=f"s{place}") for place, each in enumerate(numbers)]
    limit = Limit(room, units)
    body = page(plans, limit=limit)
    checked(body, limit)
    assert totals(body) == total_of(plans)
    shuffled = [*plans]
    random.Random(number).shuffle(shuffled)  # noqa: S311 - a repeatable one is meant
    assert page(shuffled, limit=limit) == body


def test_a_thousand_stacks_are_counted_where_they_have_no_row() -> None:
    plans = [summary(1, 3, stack=f"stack-{place}") for place in range(1_000)]
    body = page(plans)
    checked(body)
    assert totals(body) == total_of(plans)
    rows = len(re.findall(r"^<tr><td><code>", body, re.MULTILINE))
    rest = re.search(r"and ([\d,]+) more stacks: ([\d,]+) to delete", body)
    assert rest is not None
    assert rows + int(rest[1].replace(",", "")) == 1_000
    deletions = re.findall(r"^<tr><td><code>[^<]*</code></td><td>(\d*)", body, re.MULTILINE)
    in_rows = sum(int(each or 0) for each in deletions)
    assert in_rows + int(rest[2].replace(",", "")) == sum(each.counts.get("delete", 0) for each in plans)


@settings(max_examples=size(3_000, 60), deadline=None)
@given(value=st.lists(st.sampled_from(HOSTILE) | st.text(st.characters(codec=None)), max_size=6).map("".join),
       room=st.integers(20, 200))  # fmt: skip
def test_no_text_is_more_than_a_text(value: str, room: int) -> None:
    for shown in (text(value, room), code(value, room)):
        assert len(shown) <= room + len("<code></code>")
        assert "\n" not in shown
        assert "@" not in shown
        found = rendered(f"<p>{shown.encode(errors='replace').decode()}</p>")
        assert set(found.elements) <= {"p", "code"}
    assert re.fullmatch(r"[\w ./#;…-]*", label(value))
    assert '"' not in label(value)


def test_what_has_no_shape_is_shown_and_nothing_turns_the_line_around() -> None:
    assert text("a\u202eb\n\x00") == "a\\u202eb\\u000a\\u0000"
    assert text("\u05d0\u05d1 x") == "\u2068\u05d0\u05d1 x\u2069"
    assert text("😀") == "😀"
    assert text("ab" * 100, 20).endswith("…")
    assert link("javascript:alert(1)", "run") == "run"
    assert link('https://x/"onclick=1', "run") == '<a href="https://x/&quot;onclick=1">run</a>'


class TestWhatComesFirst:
    plan = Summary(
        "shop",
        "prod",
        "up",
        "pulumi",
        steps=(
            Step("update", "u1", "aws:ec2/securityGroup:SecurityGroup", "quiet", properties=(
                Property("description", "update", '"a"', '"b"'),)),
            Step("update", "u2", "aws:ec2/securityGroup:SecurityGroup", "open", properties=(
                Property("ingress", "add", None, '"0.0.0.0/0"'),)),
            Step("create", "u3", "aws:sqs/queue:Queue", "mail"),
            Step("delete", "u4", "aws:iam/role:Role", "gone"),
            Step("replace", "u5", "aws:rds/instance:Instance", "db", properties=(
                Property("engine", "update", '"postgres"', '"aurora"', True),
                Property("tags", "add", None, "{}"))),
        ),
        risks=(Risk("network-opened", "tcp 22", "u2"), Risk("data-replaced", "lost", "u5")),
    )  # fmt: skip

    def test_risks_then_deletions_then_what_is_risky_then_the_rest(self) -> None:
        body = page([self.plan])
        order = ["replaces what keeps data", "opens to the internet", ">gone<", "because of", ">open<"]
        order += [">quiet<", "1 <code>aws:sqs/queue:Queue</code>"]
        places = [body.rindex(each) if each == ">open<" else body.index(each) for each in order]
        assert places == sorted(places)
        assert (
            "<code>engine</code> (<code>&quot;postgres&quot;</code> → <code>&quot;aurora&quot;</code>)"
            in body
        )
        assert "+ tags: {}" in body

    def test_stacks_by_what_is_to_be_looked_at(self) -> None:
        calm = replace(self.plan, stack="a", risks=(), steps=self.plan.steps[:1])
        failed, none = replace(calm, stack="z", ok=False), replace(calm, stack="b", steps=())
        body = page([none, calm, self.plan, failed])
        rows = re.findall(r"<tr><td><code>shop/(\w+)", body)
        assert rows == ["z", "prod", "a", "b"]
        assert "3 of 4 stacks change, 1 could not be planned" in body

    def test_in_little_room_the_risky_update_stays_and_the_calm_one_goes(self) -> None:
        calm = [
            Step(
                "update", f"q{i}", "t:t:T", f"calm{i}", properties=(Property("p", "update", "1", "2" * 200),)
            )
            for i in range(100)
        ]
        plan = replace(self.plan, steps=(*calm, *self.plan.steps))
        body = page([plan], limit=Limit(12_000, units))
        assert "+ ingress: &quot;0.0.0.0/0&quot;" in body
        assert "more to update:" in body
        assert "1 <code>aws:sqs/queue:Queue</code>" in body

    def test_secrets_are_told_to_change_and_not_shown(self) -> None:
        change = Property("password", "update", "[secret aa]", "[secret bb]", secret=True)
        body = page([replace(self.plan, steps=(Step("update", "u", "t:t:T", "n", properties=(change,)),))])
        assert "! password: another secret" in body
        assert "[secret" not in body


class TestDifferencesFromTheApproved:
    def plan(self, *steps: Step, key: str = "") -> Summary:
        return Summary("shop", "prod", "up", "pulumi", steps=steps, secrets_key=key)

    def update(self, new: str, *, secret: bool = False) -> Step:
        return Step(
            "update", "u", "t:t:T", "n", properties=(Property("p", "update", "1", new, secret=secret),)
        )

    def said(self, before: Summary, now: Summary) -> str:
        body = page([now], approved={"shop/prod": before})
        return body.split("difference", 1)[1] if "approved last</h4>" in body else ""

    def test_none_of_the_same(self) -> None:
        assert self.said(self.plan(self.update("2")), self.plan(self.update("2"))) == ""

    def test_what_came_what_went_and_what_is_another(self) -> None:
        delete = Step("delete", "d", "t:t:T", "gone")
        came = self.said(self.plan(), self.plan(delete))
        assert "delete was not approved" in came
        assert "delete was approved and is not planned any more" in self.said(self.plan(delete), self.plan())
        assert "update changes otherwise than was approved: p" in self.said(
            self.plan(self.update("2")), self.plan(self.update("3"))
        )
        other = Step("replace", "u", "t:t:T", "n")
        assert "replace was not approved" in self.said(self.plan(self.update("2")), self.plan(other))

    def test_secrets_compare_under_one_key_only(self) -> None:
        one, two = (self.update(f"[secret {each}]", secret=True) for each in ("aa", "bb"))
        assert "otherwise" in self.said(self.plan(one, key="k"), self.plan(two, key="k"))
        assert self.said(self.plan(one, key="k"), self.plan(two, key="j")) == ""
        assert self.said(self.plan(one), self.plan(two)) == ""


class TestFitting:
    @settings(max_examples=size(3_000, 200), deadline=None)
    @given(data=st.data(), limit=st.integers(0, 4_000))
    def test_a_page_is_never_too_long_and_says_what_is_missing(self, data: st.DataObject, limit: int) -> None:
        def part(depth: int) -> Part:
            lines = data.draw(st.lists(st.text("aé😀", max_size=60), max_size=8))
            inner = data.draw(st.integers(0, 3 - depth))
            level = data.draw(st.integers(0, 2))

            def rest(shown: int) -> str:
                return f"{len(lines) - shown} more" if len(lines) > shown else ""

            return Part("<", ">", level, lines, rest, [part(depth + 1) for _ in range(inner)])

        top = Part("head", "foot", parts=[part(1) for _ in range(data.draw(st.integers(0, 4)))])
        for measure in (len, units, octets):
            shown = fit(top, limit, measure)
            assert measure(shown) <= max(limit, len("head\nfoot\n"))
            assert shown.count("<") == shown.count(">")

    def test_parts_of_a_level_take_turns(self) -> None:
        parts = [Part(f"part {name}", "", 1, [name * 90] * 50, lambda shown: "more") for name in "ab"]
        shown = fit(Part("top", parts=parts), 4_000 + 2 * REST)
        assert abs(shown.count("a" * 90) - shown.count("b" * 90)) <= 1
        assert shown.count("more") == 2

    def test_what_ends_gives_its_room_back(self) -> None:
        parts = [Part("h", "", 0, ["x"], lambda shown: ""), Part("k", "", 1, ["y" * REST])]
        assert "y" in fit(Part("top", parts=parts), 2 * REST - 200)
