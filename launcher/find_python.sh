# Sourced by bin/*: enters the project's virtual environment, and makes it first where it is missing or outdated.
# Plain sh and no other program, so that it works where nothing is installed yet. Expects $root.

version_test='import sys; sys.exit(sys.version_info < (3, 12))'
venv_test='import sys, venv; (len(sys.argv) > 1) or __import__("ensurepip")'

# usable PROGRAM: sets $python when PROGRAM is a Python that can carry the environment; notes in $seen why not.
usable() {
    command -v "$1" >/dev/null 2>&1 || return 1
    found=$("$1" -c 'import sys; print("%d.%d.%d" % sys.version_info[:3])' 2>/dev/null) || return 1
    if ! "$1" -c "$version_test" >/dev/null 2>&1; then
        seen="$seen
  Python $found at $(command -v "$1") is too old."
        return 1
    fi
    if ! "$1" -c "$venv_test" ${uv:+uv} >/dev/null 2>&1; then
        seen="$seen
  Python $found at $(command -v "$1") lacks its venv module (on Debian and Ubuntu: apt install python3-venv)."
        return 1
    fi
    python=$("$1" -c 'import sys; print(sys.executable)')
}

# find_python: sets $python and, where there is one, $uv. Ends the script with advice when no Python is new enough.
find_python() {
    seen=""
    uv=""
    if command -v uv >/dev/null 2>&1 && uv --version >/dev/null 2>&1; then uv=uv; fi
    if [ -n "${PYTHON:-}" ]; then
        usable "$PYTHON" && return
        give_advice "PYTHON=$PYTHON names no usable Python."
    fi
    if [ -n "$uv" ]; then
        candidate=$(UV_PYTHON_DOWNLOADS=never uv python find --no-project '>=3.12' 2>/dev/null) || candidate=""
        [ -n "$candidate" ] && usable "$candidate" && return
    fi
    pyenv="${PYENV_ROOT:-${HOME:-}/.pyenv}/versions"
    for candidate in python3.14 python3.13 python3.12 python3 \
        "$pyenv"/3.13*/bin/python "$pyenv"/3.14*/bin/python "$pyenv"/3.12*/bin/python; do
        usable "$candidate" && return
    done
    give_advice "Amplistay needs Python 3.12 or newer, and none was found here."
}

give_advice() {
    printf '%s\n' "$1" >&2
    [ -n "$seen" ] && printf 'Looked at:%s\n' "$seen" >&2
    printf '%s\n' \
        "" \
        "Get one in any of these ways, then run the same command again:" \
        "  Debian 13, Ubuntu 24.04 or newer   apt install python3 python3-venv" \
        "  macOS with Homebrew                brew install python@3.13" \
        "  anywhere, without root             uv python install 3.13   (uv is one small program)" \
        "  with pyenv                         pyenv install 3.13" \
        "If there is one in an unusual place, name it:  PYTHON=/path/to/python3.13 bin/up" >&2
    exit 1
}

# enter LEVEL: makes sure that .venv satisfies requirements/LEVEL.txt and sets $python to its interpreter.
enter() {
    umask 022
    PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}"
    UV_PYTHON_DOWNLOADS=never
    export PYTHONPATH UV_PYTHON_DOWNLOADS
    # Each of the many processes would compile all of Django anew where no bytecode may lie beside the sources.
    if [ -n "${PYTHONDONTWRITEBYTECODE:-}" ]; then
        unset PYTHONDONTWRITEBYTECODE
        PYTHONPYCACHEPREFIX="${PYTHONPYCACHEPREFIX:-${AMPLISTAY_DATA:-$root/.data}/bytecode}"
        export PYTHONPYCACHEPREFIX
    fi
    python="$root/.venv/bin/python"
    if ! { [ -x "$python" ] && "$python" -P "$root/launcher/environment.py" check "$1" 2>/dev/null; }; then
        find_python
        "$python" -P "$root/launcher/environment.py" make "$1" ${uv:+"$uv"} || exit
        python="$root/.venv/bin/python"
    fi
}
