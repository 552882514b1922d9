#!/usr/bin/env bash
# Makes a virtual environment, on a Debian or Ubuntu that has Python but not its venv package too.
set -euo pipefail
venv=$1
python=${PYTHON:-python3}
for candidate in python3.11 python3.12 python3.13 python3.10; do
  if "$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then break; fi
  python=$candidate
done
"$python" -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || {
  echo "error: no Python 3.10 to 3.13 found; sudo apt-get install python3.11, or make PYTHON=/path/to/python" >&2
  exit 2
}
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
  version=$("$python" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$version-venv" >/dev/null
  else
    echo "error: $python cannot make virtual environments; sudo apt-get install $version-venv" >&2
    exit 2
  fi
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
"$venv/bin/pip" install --quiet --upgrade pip
