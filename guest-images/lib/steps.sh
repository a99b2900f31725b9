# SPDX-License-Identifier: Apache-2.0
# Long steps, with progress: on a terminal a line that is rewritten, otherwise one every 20 s.

# step TEXT PROGRESS COMMAND...: runs it with its output in $work/log. PROGRESS is a function that
# prints how far it is, or : for nothing. A failure prints the end of the log and stops the build.
step() {
    local text=$1 progress=$2 started=$SECONDS log=$work/log pid shown
    shift 2
    echo "== $text: $*" >>"$log"
    [[ -t 2 ]] || say "$text …"
    "$@" >>"$log" 2>&1 </dev/null &
    pid=$!
    trap 'stop_step '"$pid" INT TERM
    shown=$SECONDS
    while kill -0 "$pid" 2>/dev/null; do
        if [[ -t 2 ]]; then
            printf '\r\033[Kguest-images: %s … %s %d s' "$text" "$($progress)" $((SECONDS - started)) >&2
        elif ((SECONDS - shown >= 20)); then
            shown=$SECONDS
            say "$text … $($progress) $((SECONDS - started)) s"
        fi
        sleep 0.2
    done
    trap - INT TERM
    [[ ! -t 2 ]] || printf '\r\033[K' >&2
    if ! wait "$pid"; then
        say "$text failed after $((SECONDS - started)) s; the end of $log:"
        tail -n 20 "$log" >&2
        exit 1
    fi
    say "$text: $((SECONDS - started)) s"
}

stop_step() {
    kill "$1" 2>/dev/null
    [[ ! -t 2 ]] || echo >&2
    say "interrupted"
    exit 130
}
