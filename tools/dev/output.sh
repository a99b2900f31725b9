# SPDX-License-Identifier: Apache-2.0
# What ./dev says while it works: one line a step, a sign of life in long ones, the log on failure.

logs=$root/build/logs

say() { echo "dev: $*" >&2; }
fail() { say "$*"; exit 1; }
fail_usage() { say "$* (see ./dev --help)"; exit 2; }

# step TITLE COMMAND…: runs it with its output in a log. On a terminal the log's last line is shown
# in place; elsewhere a line every 20 seconds, so that no reader takes a long step for a hang.
step() {
    local title=$1 log alive helper status=0 begin=$SECONDS
    shift
    mkdir -p "$logs"
    log=$logs/${title//[^a-zA-Z0-9]/-}.log
    # The helper ends when the only writer of its input is gone, whatever has ended this shell.
    exec {alive}> >(show_progress "$title" "$log")
    helper=$!
    "$@" >"$log" 2>&1 </dev/null {alive}>&- || status=$?
    exec {alive}>&-
    wait "$helper" || true
    if [[ $status -ne 0 ]]; then
        tail -n 60 "$log" >&2
        fail "could not $title (status $status); the whole output is in ${log#"$root"/}"
    fi
    # What took no time (all was there already) is not worth a line.
    [[ $((SECONDS - begin)) -lt 2 ]] || say "$title: done in $((SECONDS - begin)) s"
}

show_progress() {
    local title=$1 log=$2 begin=$SECONDS pause=20 line status
    [[ ! -t 2 ]] || pause=1
    while status=0; read -r -t "$pause" || status=$?; [[ $status -gt 128 ]]; do
        line=$(tail -c 400 "$log" 2>/dev/null | tr '\r' '\n' | grep -v '^ *$' | tail -n 1 | cut -c 1-80)
        line="dev: $title: $((SECONDS - begin)) s  $line"
        if [[ -t 2 ]]; then
            printf '\r\033[K%s' "$line" >&2
        else
            echo "$line" >&2
        fi
    done
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
}
