"""Imports point downwards only, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGE = REPOSITORY / "src" / "peachdash"

# from the top to the bottom; a layer may import what stands below it
LAYERS = [
    ["cli"],
    [
        "user_commands",
        "import_commands",
        "label_commands",
        "score_command",
        "training_commands",
        "candidate_commands",
    ],
    [
        "terminal",
        "terminal_figures",
        "terminal_labels",
        "terminal_trainings",
        "terminal_candidates",
        "serve",
        "command_line",
    ],
    ["usage"],
    ["ui"],
    ["jobs"],
    ["workflows"],
    ["queries"],
    ["storage"],
    ["charts", "data_sets"],
    ["ingest", "evaluation", "labelling", "logs"],
    ["insights"],
    ["sentiment"],
    ["config"],
    ["records", "errors"],
]
ORDER = {name: level for level, names in enumerate(LAYERS) for name in names}
TORCH = {"torch", "transformers", "peft", "captum"}
SQL = {"sqlalchemy", "duckdb", "duckdb_sqlalchemy", "alembic"}


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py") if "migrations" not in path.parts)


def layer_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def typing_only(tree: ast.Module) -> list[ast.AST]:
    """Imports under `if TYPE_CHECKING:`, which nothing runs."""
    blocks = [
        node
        for node in tree.body
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING"
    ]
    return [child for block in blocks for child in ast.walk(block)]


def imports(path: Path, *, top_level_only: bool = False) -> list[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = (
        tree.body if top_level_only else [node for node in ast.walk(tree) if node not in typing_only(tree)]
    )
    found = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.append(node.module or "")
            found += [f"{node.module}.{alias.name}" for alias in node.names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_downwards(path):
    own = layer_of(path)
    if own == "__init__":
        return
    assert own in ORDER, f"{own} has no place among the layers"
    for name in imports(path):
        parts = name.split(".")
        if parts[0] == "peachdash" and len(parts) > 1 and parts[1] in ORDER and parts[1] != own:
            assert ORDER[parts[1]] > ORDER[own], f"{path.name} of {own} imports {name}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_libraries_stay_in_their_layers(path):
    own = layer_of(path)
    roots = {name.split(".")[0] for name in imports(path)}
    if own != "sentiment":
        assert not roots & TORCH
    if own not in ("storage", "queries", "workflows"):
        assert not roots & SQL, f"SQL outside storage and queries: {path}"
    if own not in ("ui", "serve"):
        assert "streamlit" not in roots
    assert not {name.split(".")[0] for name in imports(path, top_level_only=True)} & TORCH, (
        "torch is imported inside functions, so that importing a module stays cheap"
    )


@pytest.mark.parametrize(
    "path", [REPOSITORY / "app.py", *sorted((REPOSITORY / "pages").glob("*.py"))], ids=lambda p: p.name
)
def test_pages_are_thin(path):
    roots = {name.split(".")[0] for name in imports(path)}
    assert not roots & (TORCH | SQL | {"pandas", "numpy"})
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 110
    assert "unsafe_allow_html" not in source
    assert "session_state" not in source


def test_modules_stay_small():
    long = {str(path): len(path.read_text().splitlines()) for path in modules()}
    assert {path: lines for path, lines in long.items() if lines > 400} == {}


def run_alone(script: str) -> None:
    """Run a script in a process of its own, where nothing is imported yet."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_dashboard_opens_without_torch():
    script = (
        "import sys, pkgutil, importlib, peachdash.ui\n"
        "for module in pkgutil.walk_packages(peachdash.ui.__path__, 'peachdash.ui.'):\n"
        "    importlib.import_module(module.name)\n"
        "import peachdash.jobs.service, peachdash.workflows.evaluation\n"
        f"assert not {TORCH!r} & set(sys.modules), {TORCH!r} & set(sys.modules)\n"
    )
    run_alone(script)


def test_models_can_be_scored_and_measured_without_a_database():
    script = (
        "import sys, pkgutil, importlib, peachdash.sentiment, peachdash.evaluation\n"
        "for package in (peachdash.sentiment, peachdash.evaluation):\n"
        "    for module in pkgutil.walk_packages(package.__path__, package.__name__ + '.'):\n"
        "        if module.name != 'peachdash.sentiment.kernels':  # it needs triton, which comes with CUDA\n"
        "            importlib.import_module(module.name)\n"
        f"heavy = {SQL | TORCH | {'streamlit', 'pydantic_settings'}!r} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    run_alone(script)


def test_processes_that_prepare_texts_stay_small():
    """Each one of them that imported pandas would take 50 MB more."""
    run_alone(
        "import sys, peachdash.sentiment.preparing\n"
        "heavy = {'pandas', 'pyarrow', 'torch', 'transformers'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )


def test_every_query_and_workflow_takes_a_scope():
    without = []
    for folder in ("queries", "workflows"):
        for path in sorted((PACKAGE / folder).glob("*.py")):
            for node in ast.parse(path.read_text()).body:
                public = isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
                if not public:
                    continue
                takes_data = {"connection", "database"} & {argument.arg for argument in node.args.args}
                if takes_data and "scope" not in {argument.arg for argument in node.args.args}:
                    without.append(f"{folder}/{path.name}: {node.name}")
    allowed = {
        "queries/readings.py: fetch_frame",  # it runs a statement that was built within a scope
        "workflows/sign_in.py: load_scope",  # these two are where scopes come from
        "workflows/sign_in.py: sign_in",
        "workflows/links.py: open_link",  # shared links carry a secret instead of a scope
        "workflows/links.py: unlock_link",
        "workflows/links.py: answer_through_link",
        "workflows/sign_in.py: sign_out",  # it ends the sign-ins of whoever calls it
    }
    assert set(without) == allowed
