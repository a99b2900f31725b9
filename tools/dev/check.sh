# SPDX-License-Identifier: Apache-2.0
# ./dev check and ./dev format

dev_check() {
    [[ $# -eq 0 ]] || fail_usage "check takes no arguments"
    setup_for build test
    build_preset release
    begin_test_runs
    run_tests release 'lint|unit'
    summarise_tests
}

dev_format() {
    setup_for test
    python3 -B tests/lint/check_format.py --fix
}
