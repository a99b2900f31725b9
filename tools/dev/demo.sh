# SPDX-License-Identifier: Apache-2.0
# ./dev demo: from a fresh clone to Linux on the terminal.

demo_command='uname -a; free -m'

dev_demo() {
    [[ $# -eq 0 ]] || fail_usage "demo takes no arguments"
    setup_for build images
    build_preset release skiff
    build_guest_images kernel initramfs
    check_kvm
    local -a run=(build/release/skiff run "$guest_images/vmlinux"
        -i "$guest_images/initramfs.cpio" -m 256M -c 1)
    # Without quiet, each line of the kernel's log costs milliseconds where KVM emulates kernel mode.
    if [[ -t 0 && -t 1 ]]; then
        say "booting Linux; Ctrl-] q leaves, as does poweroff in the guest"
        exec "${run[@]}" -a quiet
    fi
    run_demo_command "${run[@]}"
}

check_kvm() {
    [[ -r /dev/kvm && -w /dev/kvm ]] && return 0
    build/release/skiff doctor >&2 || true
    fail "cannot open /dev/kvm for reading and writing, which booting a guest needs"
}

# Runs demo_command in the guest, shows what it prints, and says when user space was reached.
run_demo_command() {
    local began ready='' line status_file status
    status_file=$(mktemp)
    began=${EPOCHREALTIME/./}
    echo "dev: in the guest: $demo_command"
    while IFS= read -r line; do
        line=${line%$'\r'}
        if [[ $line == GUEST-READY* && -z $ready ]]; then
            ready=$(((${EPOCHREALTIME/./} - began) / 1000))
        fi
        printf '%s\n' "$line"
    done < <(
        "$@" --timeout 300 -a "quiet guest_cmd=\"$demo_command\"" </dev/null && status=0 || status=$?
        echo "$status" >"$status_file"
    )
    status=$(<"$status_file")
    rm -f "$status_file"
    [[ $status -eq 0 ]] || fail "the demo ended with status $status"
    [[ -n $ready ]] || fail "the guest never said that it reached user space"
    printf 'dev: Linux reached user space %d.%03d s after the start of skiff, which then ended with status 0\n' \
        $((ready / 1000)) $((ready % 1000))
}
