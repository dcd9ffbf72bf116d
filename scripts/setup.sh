#!/usr/bin/env bash
# Makes .venv with exactly the packages of requirements.lock. Done once per lock: a stamp remembers it.
set -euo pipefail
cd "$(dirname "$0")/.."

supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'

find_python() {
  local name
  for name in python3.13 python3.12 python3.11 python3; do
    if "$name" -c "$supported" 2>/dev/null; then
      command -v "$name"
      return
    fi
  done
  echo "setup: Headrace needs Python 3.11, 3.12 or 3.13; none of them is on the PATH" >&2
  return 1
}

install_locked() {
  local pip=(.venv/bin/python -m pip --disable-pip-version-check)
  "${pip[@]}" install --quiet uv || echo "setup: uv could not be installed; pip is used, which is slower"
  if ! { [ -x .venv/bin/uv ] && .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python --require-hashes -r requirements.lock; }; then
    echo "setup: installing with pip; this takes some minutes"
    "${pip[@]}" install --quiet --require-hashes -r requirements.lock
  fi
  "${pip[@]}" install --quiet --no-deps --editable .
}

stamp=.venv/installed
wanted=$(cat requirements.lock pyproject.toml | cksum)
if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
  echo "setup: installing the locked packages into .venv"
  [ -x .venv/bin/python ] && .venv/bin/python -c "$supported" || "$(find_python)" -m venv --clear .venv
  install_locked
  echo "$wanted" > "$stamp"
fi

if ! command -v dot >/dev/null; then
  bash scripts/apt-install.sh graphviz fonts-liberation ||
    echo "setup: Graphviz is not installed; maps are drawn with the copy inside pygraphviz"
fi
