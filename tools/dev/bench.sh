# SPDX-License-Identifier: Apache-2.0
# ./dev bench SUBJECT

dev_bench() {
    local subject=${1:-start}
    [[ $# -eq 0 ]] || shift
    case $subject in
        start)
            setup_for build test
            build_preset release skiff payloads bench_programs
            exec python3 -B tests/bench/start.py --build build/release "$@"
            ;;
        api)
            setup_for build test
            build_preset release skiff payloads bench_programs
            exec python3 -B tests/bench/api.py --build build/release "$@"
            ;;
        block)
            setup_for build test
            build_preset release skiff payloads bench_programs
            exec python3 -B tests/bench/block.py --build build/release "$@"
            ;;
        net)
            setup_for build test
            build_preset release skiff payloads bench_programs
            exec python3 -B tests/bench/net.py --build build/release "$@"
            ;;
        console)
            setup_for build test
            build_preset release skiff payloads
            exec python3 -B tests/bench/console.py --build build/release "$@"
            ;;
        *) fail_usage "unknown benchmark '$subject'" ;;
    esac
}
