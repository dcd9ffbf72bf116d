#!/usr/bin/env bash
# Installs Debian packages quietly where that is possible without asking: as root, with apt-get. Exit 1 otherwise.
set -euo pipefail
[ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || exit 1
export DEBIAN_FRONTEND=noninteractive
log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "apt-get: installing $*"
{ apt-get -q update && apt-get -qy install --no-install-recommends "$@"; } >"$log" 2>&1 || {
  tail -n 5 "$log" >&2
  exit 1
}
