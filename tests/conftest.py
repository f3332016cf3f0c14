"""Fixtures: the shared corpora where they are present, a small dataset, and a model of one real encoder layer trained on it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

os.environ["HF_HUB_OFFLINE"] = "1"
ROOT = Path(__file__).parent.parent
SHARED = ROOT.parent / "shared"
MODEL_SETTINGS = ("encoder=tiny", "train.epochs=8", "train.learning_rate=1e-3")


def run_script(name: str, *settings: str, cwd: Path = ROOT, stdin: str = "", timeout: int = 300) -> subprocess.CompletedProcess:
    """Run a script as a user does, in a process of its own."""
    command = [sys.executable, str(ROOT / "scripts" / f"{name}.py"), *settings]
    return subprocess.run(command, cwd=cwd, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)


@pytest.fixture(scope="session")
def ptc_articles() -> Path:
    folder = SHARED / "data" / "semeval2020" / "train-articles"
    if not folder.is_dir():
        pytest.skip("the gold corpora (../shared/data) are not on this machine")
    return folder


@pytest.fixture(scope="session")
def seeds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every eighth seed article, at least twenty: enough to learn something, few enough to be quick."""
    folder = tmp_path_factory.mktemp("seeds")
    files = sorted(p for p in (ROOT / "seeds").glob("*.md") if not p.stem.isupper())
    for path in files[:: max(1, len(files) // 20)]:
        shutil.copy(path, folder)
    return folder


@pytest.fixture(scope="session")
def dataset(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dataset") / "seeds"
    done = run_script("build_dataset", f"corpus.path={seeds}", f"output={folder}")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="session")
def model(dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model") / "tiny"
    done = run_script("train", f"dataset={dataset}", f"output={folder}", *MODEL_SETTINGS)
    assert done.returncode == 0, done.stderr
    return folder
