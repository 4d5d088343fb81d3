"""Summaries of plans of any size, with names as hostile as anybody could make them."""

from __future__ import annotations

import random
from typing import Any

from slipway.engine.interface import Op
from slipway.stacks.summary import Access, Finding, Message, Property, Risk, Step, Summary

HOSTILE = (
    "`", "```", "~~~", "\n```\n", "</details>", "</ul></details>", "<script>alert(1)</script>", "-->", "<!--",
    "@acme/admins", "@everyone", "#1", "acme/shop#12", "https://evil.example/", "www.evil.example", "|", "||",
    "\n\n", "\r\n", "\x00", "\x1b[31m", "\u202e", "\u2066", "שלום", "مرحبا", "😀", "👩‍👩‍👧", "é", "e\u0301",
    "*bold*", "_x_", "[a](b)", "![a](b)", "&lt;", "&#64;", "\\", "$x^2$", ":tada:", "%%{init: 1}%%",
    '"]; click n1 "', "end", "subgraph", "-- fixes #3", "\ud800", "\U000e0041", "\u00a0", "x" * 400,
)  # fmt: skip
TYPES = (
    "aws:s3/bucket:Bucket",
    "aws:iam/role:Role",
    "aws:ec2/securityGroup:SecurityGroup",
    "kubernetes:apps/v1:Deployment",
    "aws:sqs/queue:Queue",
)
OPS: tuple[Op, ...] = ("create", "update", "delete", "replace", "import")


def hostile(draw: random.Random) -> str:
    return "".join(draw.choice((*HOSTILE, "bucket", "web-1")) for _ in range(draw.randint(1, 4)))


def property_of(draw: random.Random, op: Op, number: int, name: str) -> Property:
    old, new = (None if op == "create" else f'"{name}"'), f'"{name} new"'
    return Property(f"{name}.{number}", "add" if old is None else "update", old, new, op == "replace")


def summary(seed: int, number: int, *, stack: str = "prod", nasty: bool = True, **more: Any) -> Summary:
    """A plan of so many resources, always the same for a seed."""
    draw = random.Random(f"{seed} {number} {stack}")  # noqa: S311 - a repeatable one is meant
    steps: list[Step] = []
    for index in range(number):
        type_ = draw.choice(TYPES)
        op = draw.choices(OPS, [6, 3, 2, 1, 1])[0]
        name = f"r{index}{hostile(draw) if nasty else ''}".encode(errors="replace").decode()
        count = 0 if op in ("delete", "import") else draw.randint(1, 4)
        properties = tuple(property_of(draw, op, each, name[:50]) for each in range(count))
        parent = draw.choice([step.urn for step in steps[-5:]] or [""]) if draw.random() < 0.5 else ""
        urn = f"urn:pulumi:{stack}::shop::{type_}::{name}"
        steps.append(Step(op, urn, type_, name, parent, name if draw.random() < 0.1 else "", properties))
    risks = tuple(
        Risk("data-deleted", f"because {step.name}", step.urn)
        for step in steps
        if step.op == "delete" and step.type == TYPES[0]
    )
    tail = hostile(draw).encode(errors="replace").decode()
    given: dict[str, Any] = {
        "unchanged": draw.randint(0, 999),
        "risks": risks,
        "messages": (Message("warning", f"look {tail}", f"urn:a::b::c::{tail}"), Message("error", tail)),
        "access": (Access(True, f"who {tail}", tail, (tail,), f"arn:{tail}", (tail, "more")),),
        "findings": (Finding(f"check {tail}", "mandatory", tail, tail),),
        "commit": "c" * 40,
        "created": "2026-11-29T20:15:00Z",
        "run": "https://github.com/acme/shop/actions/runs/1",
        **more,
    }
    return Summary("shop", stack, "up", "pulumi", steps=tuple(steps), **given)
