"""What holds for the whole project: imports run downhill, files stay small, the pages tell the truth."""

import ast
import re
import runpy
import shlex
import subprocess
import sys
import tomllib
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import limner
from limner.cli.app import command

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "limner"
SOURCES = sorted(PACKAGE.rglob("*.py"))

ROOMS = [
    ["cli"],
    ["report"],
    ["inference"],
    ["training"],
    ["health", "evaluation"],
    ["metrics", "runs"],
    ["methods"],
    ["weights"],
    ["models"],
    ["networks", "losses"],
    ["synthetic"],
    ["data"],
    ["config", "recipes"],
    ["distributed", "random"],
    ["files"],
    ["errors"],
]
"""docs/architecture.md from top to bottom; a room imports from itself and from rooms below it."""
HEIGHT = {room: -level for level, rooms in enumerate(ROOMS) for room in rooms}

LONGEST = 350
"""Lines of one file."""


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_name(path): path for path in SOURCES}


def imports(path: Path) -> set[str]:
    """The modules of limner that a file imports anywhere, the inside of functions included; not for types alone."""
    found = set()
    for node in _running(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
            assert node.level == 0, f"{path}: imports are absolute"
    return {_module(name) for name in found if name.split(".")[0] == "limner"}


def _running(node: ast.AST):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _running(child)


def _module(name: str) -> str:
    return name if name in MODULES else name.rpartition(".")[0]


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "limner"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_downhill(path):
    own = room(module_name(path))
    if own in ("limner", "__main__"):
        return
    assert own in HEIGHT, f"{own} has no place in docs/architecture.md"
    for module in imports(path):
        other = room(module)
        if other not in ("limner", own):
            assert HEIGHT[other] < HEIGHT[own], f"{module_name(path)} ({own}) imports {module} ({other})"


def test_imports_have_no_circles():
    graph = {name: {m for m in imports(path) if m != name} for name, path in MODULES.items()}
    # A package's own file gathers what lies below it; importing a sibling through the package is the circle to find.
    graph["limner"] = set()
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_is_about_one_thing(path):
    source = path.read_text(encoding="utf-8")
    assert source.count("\n") <= LONGEST
    assert path.name not in ("utils.py", "helpers.py", "common.py", "misc.py")
    assert not source or ast.get_docstring(ast.parse(source)), "the first line of a file says what it is for"


def test_the_lower_rooms_are_free_of_torch():
    for name, path in MODULES.items():
        if room(name) in ("config", "recipes", "errors", "files", "runs") and name != "limner.runs.tensors":
            assert not re.search(r"^(import|from) (torch|torchvision|numpy|PIL)\b", path.read_text(), re.MULTILINE), (
                name
            )


def test_import_limner_imports_no_torch():
    script = "import sys, limner; dir(limner); assert not {'torch', 'numpy', 'PIL', 'pydantic'} & set(sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_public_face():
    for name in ("train", "load"):
        assert callable(getattr(limner, name)) and name in dir(limner)
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        limner.lode  # noqa: B018 (the attribute is what is tested)


def test_every_command_is_documented():
    writer = runpy.run_path(str(ROOT / "docs" / "write_cli.py"))
    expected, found = writer["page"](), (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")
    assert found == expected, "docs/cli.md is not what --help says: run `make docs`"
    for words in writer["walk"](command, ()):
        assert f"\n## limner {' '.join(words)}\n" in found


def commands_in(page: Path) -> list[list[str]]:
    """Lines of code blocks that begin with `limner`, as words."""
    blocks = re.findall(
        r"^```(?:bash|sh|console)?\n(.*?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    lines = [line.partition(" #")[0].removeprefix("$ ").strip() for block in blocks for line in block.splitlines()]
    return [shlex.split(line) for line in lines if line.startswith("limner ")]


@pytest.mark.parametrize("words", commands_in(ROOT / "README.md"), ids=" ".join)
def test_the_commands_of_the_readme_can_be_parsed(words):
    """Every word that is no value must be a known command or option."""
    group, rest = command, words[1:]
    while rest and hasattr(group, "entries") and rest[0] in group.entries:
        group, rest = group.entries[rest[0]].load(rest[0]), rest[1:]
    assert not hasattr(group, "entries"), f"no such command: {' '.join(words)}"
    group.make_context("limner", list(rest), resilient_parsing=False)


def test_the_readme_names_only_targets_that_make_has():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"^make ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert {"quickstart", "test"} <= named <= targets


def test_links_in_the_pages_lead_somewhere():
    for page in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *PACKAGE.rglob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_one_version_in_one_place():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert "version" not in project["project"] and project["tool"]["hatch"]["version"]["path"] == "limner/__init__.py"
    assert f"## {limner.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_every_dependency_is_noticed_and_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {re.match(r"[\w-]+", line)[0].lower() for line in project["dependencies"]}
    notices = (ROOT / "THIRD_PARTY.md").read_text(encoding="utf-8").lower()
    locked = {package["name"] for package in tomllib.loads((ROOT / "uv.lock").read_text())["package"]}
    assert names <= locked
    assert [name for name in sorted(names) if name not in notices] == []
