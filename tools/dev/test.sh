# SPDX-License-Identifier: Apache-2.0
# ./dev test: every tier, then what ran and what did not.

all_tiers=(lint unit kvm clients e2e nested fuzz-replay asan)
# Runs only when it is named: it takes as long as all others together.
named_tiers=(tsan)

dev_test() {
    local -a tiers=("$@")
    local tier labels=''
    [[ ${#tiers[@]} -gt 0 ]] || tiers=("${all_tiers[@]}")
    for tier in "${tiers[@]}"; do
        [[ " ${all_tiers[*]} ${named_tiers[*]} " == *" $tier "* ]] || fail_usage "unknown tier '$tier'"
        [[ $tier == asan || $tier == tsan ]] || labels+="|$tier"
    done
    labels=${labels#|}

    setup_for build images test
    [[ " ${tiers[*]} " != *' clients '* ]] || setup_for_clients
    [[ " ${tiers[*]} " != *' nested '* ]] || fetch_stock_kernels
    build_preset release
    [[ " ${tiers[*]} " != *' asan '* ]] || build_preset asan
    [[ " ${tiers[*]} " != *' tsan '* ]] || build_preset tsan
    build_guest_images all

    begin_test_runs
    [[ " ${tiers[*]} " != *' asan '* ]] || run_tests asan 'unit|kvm|fuzz-replay'
    [[ " ${tiers[*]} " != *' tsan '* ]] || run_tests tsan 'unit|kvm|smoke'
    [[ -z $labels ]] || run_tests release "$labels"
    summarise_tests
}

# Before the tier, so that its time is not spent on a download. Where this fails, the tier says why
# it is skipped.
fetch_stock_kernels() {
    setup_package_lists
    guest-images/l1/build >/dev/null || true
}

begin_test_runs() {
    rm -rf build/test-results
    mkdir -p build/test-results
    summary_arguments=()
}

# run_tests PRESET LABELS: every test of these tiers in that build. A failure is reported at the end,
# when all else has run as well.
run_tests() {
    local preset=$1 labels=$2 slower=1
    [[ $preset == release ]] || slower=3
    say "running the $preset build's tests: ${labels//|/, }"
    TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1} \
        SKIFF_GUEST_IMAGES=${guest_images:-} SKIFF_TEST_TIME_FACTOR=${SKIFF_TEST_TIME_FACTOR:-$slower} \
        ctest --test-dir "build/$preset" --label-regex "^($labels)\$" \
        --output-on-failure --no-tests=error --parallel "$(nproc)" \
        --output-junit "$root/build/test-results/$preset.xml" || true
    summary_arguments+=("$preset" "build/$preset" "build/test-results/$preset.xml")
}

# The exit status is the summary's: failed tests, and in CI skipped ones.
summarise_tests() { python3 -B tools/dev/summary.py "${summary_arguments[@]}"; }
