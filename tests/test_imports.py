"""The modules import in one direction only, and importing the package is quick."""

import ast
import subprocess
import sys

from conftest import ROOT

SOURCE = ROOT / "src" / "proptag"
# From the beginning of the flow to its end: a module imports only from those before it.
ORDER = [
    *("errors", "records", "taxonomy", "labels", "settings", "config", "manifest", "cards"),
    *("corpora", "segment", "voice", "ingest", "leaks", "sentences", "split", "dataset"),
    "seed_check",
    *("runtime", "metrics", "calibrate", "model", "encode", "train"),
    *("predict", "evaluation", "cross_validation", "report", "score", "cli"),
]


def stage(path):
    return path.relative_to(SOURCE).parts[0].removesuffix(".py")


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "proptag":
            rest = node.module.split(".")[1:]
            yield from [rest[0]] if rest else [alias.name for alias in node.names]


def test_every_module_has_its_place():
    assert {stage(p) for p in SOURCE.rglob("*.py")} - {"__init__"} == set(ORDER)


def test_no_module_imports_from_a_later_one():
    backward = [
        f"{path.name} imports {name}"
        for path in SOURCE.rglob("*.py")
        if path.name != "__init__.py" or path.parent != SOURCE
        for name in imported(path)
        if name in ORDER and ORDER.index(name) > ORDER.index(stage(path))
    ]
    assert backward == []


def test_importing_proptag_loads_no_torch():
    code = "import sys, proptag; print('torch' in sys.modules, 'transformers' in sys.modules, 'datasets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False False False"


def test_every_public_name_is_there():
    import proptag

    assert all(getattr(proptag, name) for name in proptag.__all__)
