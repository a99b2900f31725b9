# SPDX-License-Identifier: Apache-2.0
# The cache of guest images: $cache/PART-HASH/ for each part, $cache/set-HASH/ with links to several.

say() {
    echo "guest-images: $*" >&2
}

# Of what comes in on stdin.
input_hash() {
    sha256sum | cut -c1-16
}

# file_inputs PATH...: names (within the recipes) and contents.
file_inputs() {
    (cd "$recipes" && sha256sum -- "$@")
}

# package_inputs NAME...: the versions of Debian packages; where there is no dpkg, that fact.
package_inputs() {
    dpkg-query -W -f '${Package} ${Version}\n' "$@" 2>/dev/null || echo "unknown versions of $*"
}

# need_commands COMMAND=PACKAGE...: stops with one line that says what to install.
need_commands() {
    local pair missing=()
    for pair in "$@"; do
        command -v "${pair%%=*}" >/dev/null || missing+=("${pair#*=}")
    done
    if [[ ${#missing[@]} -gt 0 ]]; then
        say "missing: apt-get install ${missing[*]}"
        exit 1
    fi
}

# with_lock NAME COMMAND...: one build of a part at a time, also across processes.
with_lock() {
    local lock_fd name=$1
    shift
    exec {lock_fd}>"$cache/.lock-$name"
    if ! flock --nonblock "$lock_fd"; then
        say "$name: waiting for another build of it to end"
        flock "$lock_fd"
    fi
    "$@"
    exec {lock_fd}>&-
}

# build_into_cache PART FOLDER: FOLDER appears whole or not at all.
build_into_cache() {
    local part=$1 folder=$2 started=$SECONDS
    [[ ! -e $folder ]] || return 0 # the other build made it
    work=$cache/$part-build
    rm -rf "$work"
    mkdir -p "$work/result"
    "${part}_build" "$work" "$work/result"
    mv -T "$work/result" "$folder"
    rm -rf "$work"
    # What no one has used for a month.
    find "$cache" -maxdepth 1 -name "$part-*" -mtime +30 -exec rm -rf {} +
    say "$part: done in $((SECONDS - started)) s"
}

# make_set FOLDER...: prints a folder with links to all files of the parts.
make_set() {
    local folder set_folder temporary
    set_folder=$cache/set-$(printf '%s\n' "${@##*/}" | input_hash)
    if [[ ! -e $set_folder ]]; then
        temporary=$(mktemp -d "$cache/.set-XXXXXX")
        chmod 755 "$temporary"
        for folder in "$@"; do
            (cd "$temporary" && ln -s ../"${folder##*/}"/* .)
        done
        mv -T "$temporary" "$set_folder" 2>/dev/null || rm -rf "$temporary" # someone was faster
    fi
    echo "$set_folder"
}
