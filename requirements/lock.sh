#!/bin/sh
# Makes the lists of exact versions beside this file again from pyproject.toml.
#
# Versions already listed stay, unless --upgrade or --upgrade-package NAME is given.
# The lists hold hashes and no addresses, and fit Python 3.11 and later on Linux and macOS.
set -eu
cd "$(dirname "$0")/.."

compile() { # compile LIST WHAT...
    list=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate --output-file "requirements/$list.txt" "$@"
}

# The largest list decides; the others are parts of it.
compile dev pyproject.toml --all-extras --group build --group dev "$@"
compile build --group build --constraints requirements/dev.txt "$@"
compile run pyproject.toml --constraints requirements/dev.txt "$@"
compile server pyproject.toml --all-extras --constraints requirements/dev.txt "$@"
