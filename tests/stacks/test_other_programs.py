"""What programs in other languages than Python are made of: their folders, and local packages of theirs."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stacks.text_facts import stack_facts, text_facts
from tests.stacks.clones import Files, InMemory

STACK = {"apps/p/Pulumi.dev.yaml": "config:\n  p:size: 1\n"}
NODE = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: nodejs\n",
    "apps/p/package.json": json.dumps(
        {"name": "p", "dependencies": {"@acme/net": "*", "tool": "file:../../libs/tool"}}
    ),
    "apps/p/index.ts": 'import { net } from "@acme/net";\nimport { x } from "../../shared/x.js";\n'
    'import { y } from "~/y";\n',
    "apps/p/tsconfig.json": '{"compilerOptions": {"paths": {"~/*": ["../../aliased/*"]}}}\n',
    "package-lock.json": "1",
    "libs/net/package.json": '{"name": "@acme/net"}',
    "libs/net/src/deep.ts": "1",
    "libs/tool/package.json": '{"name": "tool"}',
    "libs/tool/main.js": "1",
    "libs/other/package.json": '{"name": "@acme/other"}',
    "libs/other/index.ts": "1",
    "shared/x.ts": "export const x = 1;\n",
    "shared/z.ts": "export const z = 1;\n",
    "aliased/y.ts": "1",
    "apps/q/index.ts": "1",
    "apps/p/node_modules/a/index.js": "1",
    "apps/p/README.md": "1",
}
GO = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: go\n",
    "apps/p/main.go": 'package main\n\nimport "example.com/mono/libs/net"\n',
    "apps/p/main_test.go": "package main\n",
    "go.mod": "module example.com/mono\n\nrequire example.com/tool v1.0.0\n\n"
    "replace example.com/tool => ./tool\n",
    "go.sum": "1",
    "libs/net/net.go": 'package net\n\nimport "example.com/mono/libs/deep"\n',
    "libs/deep/deep.go": "package deep\n\n//go:embed data/*\nvar data string\n",
    "libs/deep/data/x.json": "1",
    "libs/other/other.go": "package other\n",
    "tool/tool.go": "package tool\n",
}
DOTNET = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: dotnet\n",
    "apps/p/p.csproj": '<Project><ItemGroup><ProjectReference Include="..\\..\\libs\\net\\net.csproj" />'
    "</ItemGroup></Project>\n",
    "apps/p/Program.cs": "class Program {}\n",
    "Directory.Packages.props": "1",
    "libs/net/net.csproj": '<Project><ProjectReference Include="../deep/deep.csproj" /></Project>\n',
    "libs/net/Inner/Net.cs": "1",
    "libs/deep/deep.csproj": "<Project />\n",
    "libs/deep/Deep.cs": "1",
    "libs/other/Other.cs": "1",
}
YAML = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: yaml\nresources:\n  one:\n    type: aws:s3:Bucket\n"
    "    properties:\n      source: {fn::readFile: ../../shared/text.txt}\n",
    "apps/p/notes/text.txt": "1",
    "shared/text.txt": "1",
    "shared/other.txt": "1",
}
MAIN = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: nodejs\nmain: ../../programs/p\n",
    "programs/p/index.js": "1",
    "programs/q/index.js": "1",
}
JAVA = {
    **STACK,
    "apps/p/Pulumi.yaml": "name: p\nruntime: java\n",
    "apps/p/pom.xml": "<relativePath>../../libs/base/pom.xml</relativePath>",
    "apps/p/src/App.java": "1",
    "libs/base/pom.xml": "1",
    "libs/base/src/Base.java": "1",
    "libs/other/pom.xml": "1",
    "settings.gradle": "1",
}
MADE_OF = [
    (NODE, "apps/p/index.ts", "// a word\nimport 1;\n"),
    (NODE, "apps/p/package.json", "{}"),
    (NODE, "package-lock.json", "2"),
    (NODE, "libs/net/src/deep.ts", "2"),
    (NODE, "libs/tool/main.js", "2"),
    (NODE, "shared/x.ts", "2"),
    (NODE, "aliased/y.ts", "2"),
    (NODE, "apps/p/Pulumi.dev.yaml", "config:\n  p:size: 2\n"),
    (GO, "apps/p/main.go", "package other\n"),
    (GO, "libs/net/net.go", "package net\n"),
    (GO, "libs/deep/deep.go", "package deep\n"),
    (GO, "libs/deep/data/x.json", "2"),
    (GO, "go.mod", "module example.com/mono\n"),
    (GO, "go.sum", "2"),
    (GO, "tool/tool.go", "package tool\n\nvar x = 1\n"),
    (DOTNET, "apps/p/Program.cs", "2"),
    (DOTNET, "libs/net/Inner/Net.cs", "2"),
    (DOTNET, "libs/deep/Deep.cs", "2"),
    (DOTNET, "Directory.Packages.props", "2"),
    (YAML, "apps/p/Pulumi.yaml", "name: p\nruntime: yaml\n"),
    (YAML, "apps/p/notes/text.txt", "2"),
    (YAML, "shared/text.txt", "2"),
    (MAIN, "programs/p/index.js", "2"),
    (JAVA, "apps/p/src/App.java", "2"),
    (JAVA, "libs/base/src/Base.java", "2"),
    (JAVA, "settings.gradle", "2"),
]
NOT_OF = [
    (NODE, "libs/other/index.ts", "2"),
    (NODE, "shared/z.ts", "2"),
    (NODE, "apps/q/index.ts", "2"),
    (NODE, "apps/p/node_modules/a/index.js", "2"),
    (NODE, "apps/p/README.md", "2"),
    (GO, "libs/other/other.go", "package other\n\nvar x = 1\n"),
    (GO, "apps/p/main_test.go", "package other\n"),
    (GO, "apps/p/main.go", f"// A word.\n{GO['apps/p/main.go']}"),
    (DOTNET, "libs/other/Other.cs", "2"),
    (YAML, "shared/other.txt", "2"),
    (YAML, "apps/p/Pulumi.yaml", f"# A word.\ndescription: words\n{YAML['apps/p/Pulumi.yaml']}"),
    (MAIN, "programs/q/index.js", "2"),
    (JAVA, "libs/other/pom.xml", "2"),
    (YAML, "apps/p/Pulumi.dev.yaml", "# A word.\nconfig:\n  p:size: 1\n"),
]


def ids(cases: list[tuple[dict[str, str], str, str]]) -> list[str]:
    runtimes = [files["apps/p/Pulumi.yaml"].split("runtime: ")[1].split()[0] for files, _, _ in cases]
    return [f"{runtime}-{path}" for runtime, (_, path, _) in zip(runtimes, cases, strict=True)]


@pytest.mark.parametrize(("files", "path", "text"), MADE_OF, ids=ids(MADE_OF))
def test_a_program_is_made_of(files: Files, path: str, text: str) -> None:
    assert InMemory().concerned(files, {**files, path: text}) == ["p/dev"]


@pytest.mark.parametrize(("files", "path", "text"), NOT_OF, ids=ids(NOT_OF))
def test_a_program_is_not_made_of(files: Files, path: str, text: str) -> None:
    assert InMemory().concerned(files, {**files, path: text}) == []


@pytest.mark.parametrize(
    ("runtime", "file", "text"),
    [
        ("nodejs", "index.ts", 'new pulumi.StackReference("acme/net/" + pulumi.getStack());'),
        ("nodejs", "index.ts", "new pulumi.StackReference(`acme/net/${pulumi.getStack()}`);"),
        ("go", "main.go", 'pulumi.NewStackReference(ctx, fmt.Sprintf("acme/net/%s", ctx.Stack()), nil)'),
        ("dotnet", "P.cs", 'new StackReference($"acme/net/{Deployment.Instance.StackName}");'),
        ("java", "P.java", 'new StackReference("acme/net/" + Deployment.getInstance().getStackName());'),
        ("yaml", "x.yaml", "fn::stackReference: acme/net/${pulumi.stack}"),
    ],
)
def test_a_stack_needs_what_it_reads_outputs_of(runtime: str, file: str, text: str) -> None:
    files = {
        **STACK,
        "apps/p/Pulumi.yaml": f"name: p\nruntime: {runtime}\n",
        f"apps/p/{file}": text,
        "net/Pulumi.yaml": "name: net\nruntime: yaml\n",
        "net/Pulumi.dev.yaml": "",
        "net/Pulumi.prod.yaml": "",
    }
    assert InMemory().evidence(files)["p/dev"].upstreams == ("net/dev",)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('  p:a: "x\n  p:b: 1"\n', '  p:a: "x\n  p:b: 2"\n'),
        ("  p:a: 'x\n    y'\n  p:b: 1\n", "  p:a: 'x\n    z'\n  p:b: 1\n"),
        ("  p:a: |\n    # one\n", "  p:a: |\n    # two\n"),
        ("  p:a: {b: &x 1}\n  p:c: *x\n", "  p:a: {b: &x 2}\n  p:c: *x\n"),
        ("  p:a:\n  - 1\n", "  p:a:\n  - 2\n"),
    ],
)
def test_what_is_more_than_plain_yaml_counts_as_one_piece(one: str, other: str) -> None:
    assert stack_facts(f"config:\n{one}".encode()) != stack_facts(f"config:\n{other}".encode())


@pytest.mark.parametrize("text", ['  p:a: "x\n  p:b: 1"\n', "  p:a: 'x\n  p:b: 1'\n", "  p:a: |\n  p:b: 1\n"])
def test_no_key_is_read_out_of_a_text(text: str) -> None:
    assert stack_facts(f"config:\n{text}".encode())["keys"] == {}


PARTS = st.text("abc: -#'\"\n\t[]{}&*!|", max_size=60)


@given(st.lists(st.tuples(st.text("abc", min_size=1, max_size=3), st.integers(0, 9)), max_size=5), PARTS)
def test_two_files_of_a_stack_that_say_another_thing_are_not_taken_for_the_same(
    keys: list[tuple[str, int]], noise: str
) -> None:
    """By a real parser of YAML: where that reads two values, the facts are two."""
    import yaml  # noqa: PLC0415 - the other reader, for this test alone

    one = "config:\n" + "".join(f"  p:{name}: {value}\n" for name, value in keys)
    for other in (one + noise, one + f"  p:more: {noise}\n", noise + one):
        try:
            read = yaml.safe_load(one), yaml.safe_load(other)
        except (yaml.YAMLError, ValueError):
            continue
        if read[0] != read[1]:
            mine, theirs = stack_facts(one.encode()), stack_facts(other.encode())
            assert (mine["keys"], mine["rest"]) != (theirs["keys"], theirs["rest"])


@given(st.binary(max_size=200), st.sampled_from(["a.ts", "a.go", "package.json", "go.mod", "tsconfig.json"]))
def test_any_bytes_have_facts(content: bytes, name: str) -> None:
    assert text_facts(name, content) == text_facts(f"other/{name}", content)
