#!/bin/sh
# Makes .venv and installs the project into it with one of the lists beside this file: run or dev.
set -eu
cd "$(dirname "$0")/.."
list=${1:?which list? run or dev}

refuse() {
    echo "$1" >&2
    exit 1
}

[ -w . ] || refuse "This folder cannot be written to: $PWD. Move the project to a folder of yours, or change its permissions."

new_enough() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

can_make_environments() {
    "$1" -c 'import ensurepip, venv' 2>/dev/null
}

# The system's own Python first: distributions compile it with every optimization, version managers mostly do not.
find_python() {
    if [ -z "${PYTHON:-}" ] && new_enough /usr/bin/python3 && can_make_environments /usr/bin/python3; then
        echo /usr/bin/python3
        return
    fi
    for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        if new_enough "$name"; then
            command -v "$name"
            return
        fi
    done
    refuse "IEC Events needs Python 3.11 or newer, and none was found: install one, or name it, for example: make run PYTHON=/opt/python3.12/bin/python3"
}

if ! new_enough .venv/bin/python; then
    python=$(find_python)
    echo "Making .venv with $("$python" --version) ..."
    "$python" -m venv --clear .venv ||
        refuse "Python could not make a virtual environment: on Debian and Ubuntu, install the package python3-venv."
fi

pip() {
    .venv/bin/python -m pip --disable-pip-version-check --quiet "$@"
}

echo "Installing the locked packages ($list) ..."
if [ "$list" = run ]; then
    pip install --require-hashes --requirement requirements/run.txt --requirement requirements/build.txt
else
    pip install --require-hashes --requirement "requirements/$list.txt"
fi
pip install --no-deps --no-build-isolation --editable .
