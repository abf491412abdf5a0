#!/usr/bin/env bash
# Make or renew a virtual environment with this project in it: tools/setup.sh FOLDER EXTRAS
#
# Takes no more than git, make and a Python 3.10 to 3.14. What the system lacks is installed with
# apt-get where that is permitted, else named in one line. PYTHON names the Python to take.
set -euo pipefail

folder=$1
extras=$2
pythons="python3.12 python3.13 python3.11 python3.14 python3.10 python3"
newest=14
if [ "$extras" = tflite ]; then  # tflite-runtime has no wheel for a later one
    pythons="${PYTHON:-} $pythons"
    newest=11
else
    pythons=${PYTHON:-$pythons}
fi

say() { echo "setup: $*"; }
fail() {
    echo "setup: $*" >&2
    exit 1
}

as_root=
if [ "$(id -u)" != 0 ]; then as_root="sudo -n"; fi
may_install() { command -v apt-get >/dev/null && $as_root true 2>/dev/null; }

# system_packages WHY NAME...: install Debian packages, or end with a line that names them.
system_packages() {
    local why=$1
    shift
    if ! may_install; then
        fail "$why: run 'sudo apt-get install $*' (or install the same by your system's means)" \
            "and then the same command again"
    fi
    say "$why: installing $*"
    { $as_root apt-get update &&
        $as_root env DEBIAN_FRONTEND=noninteractive \
            apt-get install -y --no-install-recommends "$@"; } ||
        fail "apt-get could not install $* (its words are above): check the network and run the" \
            "same command again"
}

# find_python MODULE: print the first suitable Python that can import MODULE.
find_python() {
    local python
    for python in $pythons; do
        if "$python" -c "import sys, $1
assert (3, 10) <= sys.version_info[:2] <= (3, $newest)" 2>/dev/null; then
            echo "$python"
            return
        fi
    done
    return 1
}

has_environment() { "$folder/bin/python" -c "import pip" 2>/dev/null; }

make_environment() {
    local python version
    # Debian's Python comes without ensurepip, which a virtual environment takes.
    if ! python=$(find_python ensurepip); then
        python=$(find_python sys) || fail "no Python 3.10 to 3.$newest among $pythons:" \
            "install one, or name it: make PYTHON=/path/to/python"
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        system_packages "$python cannot make virtual environments" "python$version-venv"
    fi
    say "making $folder with $("$python" --version)"
    rm -rf "$folder"
    "$python" -m venv "$folder"
}

# Libraries that Qt asks for and the system lacks.
missing_libraries() {
    local qt
    for qt in "$folder"/lib/python3.*/site-packages/PyQt5/; do
        [ ! -d "$qt" ] || ldd "$qt"QtWidgets.abi3.so "$qt"Qt5/plugins/platforms/libq{xcb,offscreen}.so
    done | awk '/not found/ { print $1 }' | sort -u | xargs
}

qt_libraries() {
    [ -n "$(missing_libraries)" ] || return 0
    # libfontconfig1 brings a font along.
    system_packages "Qt lacks system libraries" libdbus-1-3 libfontconfig1 libgl1 \
        libglib2.0-0 libx11-xcb1 libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 \
        libxcb-render-util0 libxcb-shape0 libxcb-xinerama0 libxcb-xkb1 libxkbcommon-x11-0
    [ -z "$(missing_libraries)" ] || fail "Qt still lacks $(missing_libraries): install it and" \
        "run the same command again"
}

cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ "$extras" = tflite ]; then
    if [ "$(uname)" != Linux ] || ! find_python sys >/dev/null; then
        say "no tflite-runtime here: it takes Linux and Python 3.10 or 3.11"
        exit 0
    fi
    if ! has_environment && ! find_python ensurepip >/dev/null && ! may_install; then
        say "no tflite-runtime here: $(find_python sys) cannot make virtual environments," \
            "which takes the system's package; the tests of that runtime are skipped"
        exit 0
    fi
fi
has_environment || make_environment
say "installing ecgstream[$extras] into $folder"
"$folder/bin/python" -m pip install --editable ".[$extras]" ||
    fail "pip could not install ecgstream[$extras] (its words are above): check the network and" \
        "run the same command again"
if [ "$(uname)" = Linux ] && [ "$extras" != tflite ]; then qt_libraries; fi
