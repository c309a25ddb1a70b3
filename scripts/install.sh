#!/usr/bin/env bash
# Creates a virtual environment with vidseg in it: scripts/install.sh VENV EXTRAS
# - a torch that python3 already has is kept (the environment sees the system's packages);
# - with an NVIDIA driver pip takes the CUDA build; without one, the CPU build.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}
extras=${2:-dev}
constraints=()
if python3 -c "import torch" 2>/dev/null; then
  python3 -m venv --system-site-packages "$venv"
else
  python3 -m venv "$venv"
  if ! command -v nvidia-smi >/dev/null; then
    constraints=(-c constraints-cpu.txt)
    cpu_index=https://download.pytorch.org/whl/cpu
    # Only Linux has a separate CPU build; where its index is out of reach, pip's own answers.
    if [ "$(uname -s)" = Linux ] && curl -sfI --max-time 5 "$cpu_index/torch/" >/dev/null 2>&1; then
      "$venv/bin/python" -m pip install -q "${constraints[@]}" --index-url "$cpu_index" torch
    else
      "$venv/bin/python" -m pip install -q "${constraints[@]}" torch
    fi
  fi
fi
"$venv/bin/python" -m pip install -q "${constraints[@]}" -e ".[$extras]"
