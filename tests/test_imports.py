"""Imports point one way: infra, components, slipway.access, slipway.platform; the command knows neither."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The ground floor, which everything may import.
GROUND = ("slipway.platform", "slipway.errors", "slipway.private_folder")

# Room -> prefixes of our own modules that it may import, besides itself.
ALLOWED = {
    # The text that instances boot with is part of what ships, and checked there.
    "infra": ("components", "runners.boot.user_data", "slipway.access", *GROUND),
    "components": ("slipway.access", *GROUND),
    "slipway/platform": ("slipway.errors",),
    "slipway/access": GROUND,
    "slipway/aws": GROUND,
    "slipway/store": ("slipway.aws", *GROUND),
    "slipway/github": GROUND,
    "slipway/engine": GROUND,
    # Its page shows the stacks that run there as the dashboard does.
    "slipway/localcloud": (
        "slipway.aws",
        "slipway.engine",
        "slipway.github",
        "slipway.stacks",
        "slipway.store",
        *GROUND,
    ),
    # What a provider reads is read in one way: by the providers of the embedded cloud, too.
    "slipway/guards": ("slipway.aws", "slipway.engine", "slipway.github", "slipway.localcloud", *GROUND),
    "slipway/apps": ("slipway.github", "slipway.localcloud", *GROUND),
    "slipway/bootstrap": ("slipway.access", "slipway.aws", "slipway.engine", "slipway.github", *GROUND),
    # What ships keeps its own meaning of its table: items and reasons are read by the code that writes them.
    "slipway/runners": (
        "runners.control.items",
        "runners.control.reasons",
        "slipway.apps",
        "slipway.aws",
        "slipway.github",
        "slipway.engine.project",
        "slipway.localcloud",
        *GROUND,
    ),
    # The operator's view knows nothing of the rehearsal, which plays against it.
    "slipway/rehearsal": (
        "runners.control.items",
        "runners.control.reasons",
        "slipway.aws",
        "slipway.localcloud",
        "slipway.runners",
        *GROUND,
    ),
    "slipway/recovery": ("slipway.aws", "slipway.engine", "slipway.github", *GROUND),
    "slipway/stacks": ("slipway.aws", "slipway.engine", "slipway.github", "slipway.store", *GROUND),
    "slipway/adoption": ("slipway.access", "slipway.stacks", *GROUND),
    "slipway/demo": ("slipway.aws", "slipway.localcloud", *GROUND),
    "slipway/cli": ("slipway",),
}
PURE = (
    "slipway/access",
    "slipway/platform",
    "components/cluster/lockout.py",
    "slipway/platform/addressing.py",
)


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: relative import"
            yield from [f"{node.module}.{name.name}" for name in node.names]


def sources(place: str) -> list[Path]:
    path = ROOT / place
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_only_what_lies_below_it(room: str) -> None:
    own = room.replace("/", ".")
    allowed = (own, *ALLOWED[room])
    for file in sources(room):
        for module in imported(file):
            if module == "slipway":  # the package itself, for where it lies
                continue
            if module.split(".")[0] in ("infra", "components", "runners", "slipway", "release"):
                assert any(module == prefix or module.startswith(prefix + ".") for prefix in allowed), (
                    f"{file.relative_to(ROOT)} imports {module}"
                )


@pytest.mark.parametrize("place", PURE)
def test_pure_rooms_do_no_io(place: str) -> None:
    for file in sources(place):
        for module in imported(file):
            forbidden = ("pulumi", "boto3", "os", "subprocess", "socket", "urllib.request", "requests")
            assert module.split(".")[0] not in forbidden, f"{file.relative_to(ROOT)} imports {module}"


def test_components_read_no_configuration() -> None:
    for file in sources("components"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Attribute):
                assert node.attr not in ("Config", "StackReference", "get_stack", "environ", "getenv"), (
                    f"{file.relative_to(ROOT)}:{node.lineno} reads {node.attr}"
                )


def test_every_test_file_is_collected() -> None:
    for file in (ROOT / "tests").rglob("*.py"):
        if not file.name.startswith("test_"):
            names = [n.name for n in ast.walk(ast.parse(file.read_text())) if isinstance(n, ast.FunctionDef)]
            assert not [name for name in names if name.startswith("test_")], file


# What a client library is called -> where in slipway/ it may be imported, and why.
CLIENTS: dict[str, dict[str, str]] = {
    "boto3": {"slipway/aws": "the one way to AWS"},
    "botocore": {"slipway/aws": "the one way to AWS"},
    "requests": {
        "slipway/github": "the one way to GitHub",
        "slipway/stacks/drift/sending": "callbacks, to whatever address somebody gives",
    },
    "urllib3": {"slipway/github": "what requests raises"},
    "github": {"slipway/github": "PyGithub's objects, over that way"},
    "http.client": {"slipway/localcloud/loopback_http": "the one way to servers of this machine"},
    "urllib.request": {},
    "httpx": {},
    "aiohttp": {},
}


@pytest.mark.parametrize("library", CLIENTS)
def test_one_room_speaks_for_all_to_a_service(library: str) -> None:
    importing: set[str] = set()
    for file in sources("slipway"):
        place = str(file.relative_to(ROOT))
        if any(f"{module}.".startswith(f"{library}.") for module in imported(file)):
            owners = [
                owner for owner in CLIENTS[library] if f"{place}/".startswith((f"{owner}/", f"{owner}.py"))
            ]
            assert owners, f"{place} imports {library}, which only {', '.join(CLIENTS[library])} may"
            importing.update(owners)
    assert importing == set(CLIENTS[library]), "an exception that nothing needs"
