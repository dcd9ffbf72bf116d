#!/usr/bin/env bash
# Programs that only the tests need: a browser, a PostgreSQL server, Graphviz with fonts for many scripts.
set -euo pipefail
cd "$(dirname "$0")/.."

have_postgres() { command -v postgres >/dev/null || compgen -G "/usr/lib/postgresql/*/bin/postgres" >/dev/null; }

missing=()
command -v chromium >/dev/null || missing+=(chromium)
have_postgres || missing+=(postgresql)
command -v dot >/dev/null || missing+=(graphviz)
fc-list 2>/dev/null | grep -qi liberation || missing+=(fonts-liberation fontconfig)

if [ ${#missing[@]} -gt 0 ] && ! bash scripts/apt-install.sh "${missing[@]}"; then
  echo "test-tools: not installed: ${missing[*]}; the tests that need them are skipped and say so"
fi
