"""Updates, replacements, deletes, aliases, options: each on the toy cloud."""

from __future__ import annotations

import pulumi
import pytest
from pulumi import Alias, ResourceOptions

from slipway.engine.interface import Result
from slipway.engine.registration import SUPPORTED_OPTIONS
from tests.engine.toy import Box, RemoteGroup, Thing, ToyCloud


def ops(result: Result) -> dict[str, str]:
    return {step.name: step.op for step in result.steps if step.type != "pulumi:pulumi:Stack"}


def changes(result: Result, name: str) -> list[tuple]:
    (step,) = [step for step in result.steps if step.name == name]
    return [(c.path, c.kind, c.old, c.new, c.forces_replace) for c in step.diff]


def test_an_update_names_each_property(engine, world):
    engine(lambda: Thing("a", value={"x": 1, "y": [1, 2], "gone": True})).up()

    def program():
        return Thing("a", value={"x": 2, "y": [1, 3], "new.key": "n"})

    expected = [
        ("value.gone", "delete", True, None, False),
        ('value["new.key"]', "add", None, "n", False),
        ("value.x", "update", 1, 2, False),
        ("value.y[1]", "update", 2, 3, False),
    ]
    assert changes(engine(program).preview(), "a") == expected
    result = engine(program).up()
    assert ops(result) == {"a": "update"}
    assert changes(result, "a") == expected
    assert world.objects["id-1"]["value"] == {"x": 2, "y": [1, 3], "new.key": "n"}


def test_json_inside_a_string_is_compared_as_a_structure(engine):
    engine(lambda: Thing("a", value='{"Statement":[{"Action":"a","Effect":"Allow"}]}')).up()
    result = engine(lambda: Thing("a", value='{"Statement": [{"Effect": "Allow", "Action": "b"}]}')).preview()
    assert changes(result, "a") == [("value#Statement[0].Action", "update", "a", "b", False)]


def test_a_replacement_is_created_before_the_old_one_goes(engine, world):
    engine(lambda: Thing("a", fixed="1")).up()
    result = engine(lambda: Thing("a", fixed="2")).up()
    assert ops(result) == {"a": "replace"}
    assert changes(result, "a") == [("fixed", "update", "1", "2", True)]
    assert world.calls == [("create", "a"), ("create", "a"), ("delete", "a")]
    assert list(world.objects) == ["id-2"]


@pytest.mark.parametrize("program", [
    lambda: Thing("a", name="2"),
    lambda: Thing("a", ResourceOptions(delete_before_replace=True), fixed="2"),
])  # fmt: skip
def test_delete_before_replace(engine, world, program):
    engine(lambda: Thing("a", name="1", fixed="1")).up()
    assert ops(engine(program).up()) == {"a": "replace"}
    assert world.calls == [("create", "a"), ("delete", "a"), ("create", "a")]


def test_delete_before_replace_takes_dependents_along_that_would_be_replaced(engine, world):
    def program(name):
        a = Thing("a", name=name)
        b = Thing("b", fixed=a.made)
        Thing("c", value=b.made)

    engine(lambda: program("1")).up()
    world.calls.clear()
    assert ops(engine(lambda: program("2")).preview()) == {"a": "replace", "b": "replace", "c": "update"}
    assert ops(engine(lambda: program("2")).up()) == {"a": "replace", "b": "replace", "c": "update"}
    assert world.calls == [
        ("delete", "b"),
        ("delete", "a"),
        ("create", "a"),
        ("create", "b"),
        ("update", "c"),
    ]


def test_replace_on_changes(engine):
    engine(lambda: Thing("a", value="1")).up()

    def program():
        return Thing("a", ResourceOptions(replace_on_changes=["value"]), value="2")

    assert changes(engine(program).preview(), "a") == [("value", "update", "1", "2", True)]


def test_deletes_go_backwards_and_only_what_is_gone(engine, world):
    def program(names):
        previous = None
        for name in names:
            previous = Thing(name, ResourceOptions(depends_on=[previous] if previous else []))

    engine(lambda: program("abcd")).up()
    result = engine(lambda: program("a")).up()
    assert ops(result) == {"a": "same", "d": "delete", "c": "delete", "b": "delete"}
    assert world.of("delete") == ["d", "c", "b"]


def test_protected_resources_are_neither_replaced_nor_deleted(engine, world):
    engine(lambda: Thing("a", ResourceOptions(protect=True), fixed="1")).up()
    replaced = engine(lambda: Thing("a", ResourceOptions(protect=True), fixed="2")).up()
    assert not replaced.ok
    assert "protected, and the change of fixed" in replaced.errors[0].message
    for result in (engine(lambda: None).up(), engine(lambda: None).destroy()):
        assert not result.ok
        assert "protected" in result.errors[0].message
    assert world.of("delete") == []
    engine(lambda: Thing("a", fixed="1")).up()
    assert engine(lambda: None).destroy().ok


def test_retain_on_delete_keeps_the_object(engine, world):
    engine(lambda: Thing("a", ResourceOptions(retain_on_delete=True))).up()
    result = engine(lambda: None).up()
    assert ops(result) == {"a": "delete"}
    assert list(world.objects) == ["id-1"]


def test_ignored_changes_keep_the_old_value(engine, world):
    engine(lambda: Thing("a", value={"x": 1, "y": 1})).up()

    def program():
        return Thing("a", ResourceOptions(ignore_changes=["value.x"]), value={"x": 2, "y": 2})

    assert changes(engine(program).up(), "a") == [("value.y", "update", 1, 2, False)]
    assert world.objects["id-1"]["value"] == {"x": 1, "y": 2}


@pytest.mark.parametrize("alias", ["urn:pulumi:local::demo::toy:index:Thing::old", Alias(name="old")])
def test_an_alias_moves_a_resource(engine, world, alias):
    engine(lambda: Thing("old")).up()
    result = engine(lambda: Thing("new", ResourceOptions(aliases=[alias]))).up()
    assert ops(result) == {"new": "same"}
    assert ops(engine(lambda: Thing("new")).up()) == {"new": "same"}
    assert world.calls == [("create", "old")]


def test_children_move_with_their_parent(engine, world):
    def program(name, aliases):
        box = Box(name, ResourceOptions(aliases=aliases))
        a = Thing(f"{name}-a", ResourceOptions(parent=box))
        Thing("b", ResourceOptions(parent=box), value=a.made)

    engine(lambda: program("old", [])).up()
    result = engine(lambda: program("new", [Alias(name="old")])).up()
    assert ops(result) == {"new": "same", "new-a": "same", "b": "same"}
    assert ops(engine(lambda: program("new", [])).up()) == {"new": "same", "new-a": "same", "b": "same"}
    assert len(world.objects) == 2


def test_a_resource_may_move_under_a_component(engine):
    engine(lambda: Thing("a")).up()

    def program():
        return Thing(
            "a", ResourceOptions(parent=Box("box"), aliases=[Alias(parent=pulumi.ROOT_STACK_RESOURCE)])
        )

    assert ops(engine(program).up()) == {"box": "create", "a": "same"}


def test_import_adopts_what_exists(engine, world):
    world.objects["id-77"] = {"urn": "x", "value": "1"}
    result = engine(lambda: Thing("a", ResourceOptions(import_="id-77"), value="1")).up()
    assert ops(result) == {"a": "import"}
    assert ops(engine(lambda: Thing("a", value="2")).up()) == {"a": "update"}
    assert "id-99" in engine(lambda: Thing("b", ResourceOptions(import_="id-99"))).up().errors[0].message


def test_what_is_imported_becomes_what_the_program_says_in_the_same_run(engine, world):
    world.objects["id-77"] = {"urn": "x", "value": "1"}
    program = lambda: Thing("a", ResourceOptions(import_="id-77"), value="2")  # noqa: E731
    for result in (engine(program).preview(), engine(program).up()):
        assert result.ok, result.diagnostics
        steps = [
            (step.op, [change.path for change in step.diff]) for step in result.steps if step.name == "a"
        ]
        assert steps == [("import", []), ("update", ["value"])]
    assert world.objects["id-77"]["value"] == "2"
    assert ops(engine(program).up()) == {"a": "same"}


def test_what_is_written_into_the_state_is_put_right_by_the_next_up(engine, world):
    program = lambda: Thing("a", value="2")  # noqa: E731
    first = engine(program).up()
    (urn,) = (step.urn for step in first.steps if step.name == "a")
    for found in ({"value": "1"}, {"value": None}):
        engine(program).amend({urn: found})
        again = engine(program).up()
        assert [step.op for step in again.steps if step.urn == urn] == ["update"]
        assert ops(engine(program).up()) == {"a": "same"}


def test_what_is_imported_is_never_replaced(engine, world):
    world.objects["id-77"] = {"urn": "x", "name": "other"}
    refused = engine(lambda: Thing("a", ResourceOptions(import_="id-77"), name="mine")).up()
    assert "these differ: name" in refused.errors[0].message
    assert list(world.objects) == ["id-77"]


def test_lookups_are_read_and_never_deleted(engine, world):
    world.objects["id-77"] = {"urn": "x", "value": "1"}

    def program():
        found = Thing("found", ResourceOptions(id="id-77"))
        pulumi.export("value", found.value)

    result = engine(program).up()
    assert ops(result) == {"found": "read"}
    assert result.outputs == {"value": "1"}
    engine(lambda: None).up()
    assert list(world.objects) == ["id-77"]


def test_each_provider_resource_has_its_own_configuration(engine):
    def program(region):
        for name in ("one", "two"):
            cloud = ToyCloud(name, f"{region}-{name}")
            answer = pulumi.runtime.invoke_output(
                "toy:index:ask", {"question": name}, pulumi.InvokeOutputOptions(provider=cloud)
            )
            pulumi.export(name, answer.apply(lambda a: a["region"]))
            Thing(f"thing-{name}", ResourceOptions(provider=cloud))
        default = pulumi.runtime.invoke_output("toy:index:ask", {"question": "x"})
        pulumi.export("default", default.apply(lambda a: a["region"]))

    config = {"toy:region": "home"}
    result = engine(lambda: program("r"), config).up()
    assert result.ok, result.diagnostics
    assert result.outputs == {"one": "r-one", "two": "r-two", "default": "home"}
    moved = engine(lambda: program("s"), config).up()
    assert ops(moved) == {"one": "replace", "two": "replace", "thing-one": "replace", "thing-two": "replace"}


def test_a_failing_function_is_named(engine):
    def program():
        pulumi.export("x", pulumi.runtime.invoke_output("toy:index:ask", {"fail": True}))

    result = engine(program).up()
    assert not result.ok
    assert "toy:index:ask" in result.errors[0].message


def test_remote_components_register_their_children(engine, world):
    def program(count):
        pulumi.export("total", RemoteGroup("group", count).total)

    for action in ("preview", "up"):
        result = getattr(engine(lambda: program(3)), action)()
        assert result.ok, result.diagnostics
        assert ops(result) == {"group": "create", **{f"group-{i}": "create" for i in range(3)}}
    assert result.outputs == {"total": 3}
    parents = {step.parent for step in result.steps if step.name.startswith("group-")}
    assert parents == {"urn:pulumi:local::demo::toy:index:Group::group"}
    assert ops(engine(lambda: program(1)).up())["group-2"] == "delete"


def test_a_changed_trigger_replaces(engine, world):
    def program(trigger, value=1):
        Thing("a", ResourceOptions(replacement_trigger=trigger, delete_before_replace=True), value=value)

    engine(lambda: program(None)).up()
    # One that comes, or stays, replaces nothing.
    assert ops(engine(lambda: program("1")).up()) == {"a": "same"}
    assert ops(engine(lambda: program("1", 2)).up()) == {"a": "update"}
    world.calls.clear()
    expected = [("replacement_trigger", "update", "1", "2", True)]
    assert changes(engine(lambda: program("2", 2)).preview(), "a") == expected
    result = engine(lambda: program(pulumi.Output.secret("2"), 2)).up()
    assert ops(result) == {"a": "replace"}
    assert changes(result, "a") == expected
    assert world.calls == [("delete", "a"), ("create", "a")]
    assert ops(engine(lambda: program("2", 2)).up()) == {"a": "same"}
    assert ops(engine(lambda: program(None, 2)).up()) == {"a": "same"}


def test_a_trigger_that_is_not_known_yet_replaces_in_a_preview(engine, world):
    def program(name):
        made = Thing("made", name=name).made
        Thing("a", ResourceOptions(replacement_trigger=made, delete_before_replace=True))

    assert ops(engine(lambda: program("1")).up()) == {"made": "create", "a": "create"}
    assert ops(engine(lambda: program("1")).up()) == {"made": "same", "a": "same"}
    assert ops(engine(lambda: program("2")).preview()) == {"made": "replace", "a": "replace"}
    assert ops(engine(lambda: program("2")).up()) == {"made": "replace", "a": "replace"}


@pytest.mark.parametrize("option", [
    {"deleted_with": "other"},
    {"replace_with": ["other"]},
    {"transforms": [lambda args: None]},
    {"hooks": pulumi.ResourceHookBinding(after_create=[lambda args: None])},
    {"hide_diffs": ["value"]},
])  # fmt: skip
@pytest.mark.parametrize("action", ["preview", "up"])
def test_options_outside_the_list_are_refused_by_name(engine, world, option, action):
    (name,) = option
    assert name not in SUPPORTED_OPTIONS

    def program():
        other = Thing("other")
        value = {"other": other}.get(option[name]) if isinstance(option[name], str) else option[name]
        value = [other] if value == ["other"] else value
        Thing("a", ResourceOptions(**{name: value}))

    result = getattr(engine(program), action)()
    assert not result.ok
    assert f"does not support '{name}'" in result.errors[0].message, result.diagnostics


def test_an_unknown_package_is_named(engine):
    result = engine(lambda: pulumi.CustomResource("azure:index:Thing", "a", {})).up()
    assert "no provider for the package 'azure'" in result.errors[0].message


def test_check_failures_name_the_property(engine, world):
    result = engine(lambda: Thing("a", value="invalid")).preview()
    assert result.errors[0].message == "value: may not be 'invalid'"
    assert result.errors[0].urn.endswith("::a")


def test_two_resources_of_one_name_are_refused(engine):
    def program():
        Thing("a")
        Thing("a")

    assert "name of its own" in engine(program).up().errors[0].message


def test_what_the_program_ignores_is_no_drift(engine, world):
    def program():
        return Thing("a", ResourceOptions(ignore_changes=["value"]), value="1", name="n")

    engine(program).up()
    world.objects["id-1"]["value"] = "somebody's"
    assert not engine(program).drift().changed
    assert not engine(program).refresh().changed
    assert ops(engine(program).up()) == {"a": "same"}
    assert world.objects["id-1"]["value"] == "somebody's"
    world.objects["id-1"]["name"] = "other"
    (changed,) = [step for step in engine(program).drift().steps if step.op != "same"]
    assert [change.path for change in changed.diff] == ["name"]
