# A test run's own PostgreSQL, and the kinds of tests over a preset's build.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

test_cluster=
test_venv=$root/.cache/venv-test

# A fresh cluster for this run, durable as in production; gone when the run ends. Left-overs of killed runs go first.
start_test_database() {
  local base old pid socket
  base=$(state_root)
  make_dir "$base" 711
  for old in "$base"/test-*; do
    pid=${old##*-}
    if [[ -d $old && ! -d /proc/$pid ]]; then postgres_remove "$old"; fi
  done
  test_cluster=$base/test-$$
  step "starting a PostgreSQL for this run in $test_cluster"
  postgres_create "$test_cluster" trust
  postgres_start "$test_cluster"
  socket=$(postgres_socket_dir "$test_cluster")
  # Roles belong to the cluster: made here, so that databases migrated at the same moment do not race for them.
  "$postgres_bin/psql" -h "$socket" -U postgres -q -c 'CREATE ROLE fairlead_data_plane NOLOGIN' \
    -c 'CREATE ROLE fairlead_control_plane NOLOGIN' postgres
  export FAIRLEAD_TEST_DATABASE_URL="postgresql://postgres@/postgres?host=$socket"
}

stop_test_database() {
  if [[ -n $test_cluster ]]; then postgres_remove "$test_cluster"; fi
  test_cluster=
}

sanitizer_settings() {
  export ASAN_OPTIONS="detect_stack_use_after_return=1:strict_string_checks=1:abort_on_error=1${ASAN_OPTIONS:+:$ASAN_OPTIONS}"
  export UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1${UBSAN_OPTIONS:+:$UBSAN_OPTIONS}"
  # Suppressions go by the functions' names, which the runtime asks a symbolizer for; binutils, which clang needs, has one.
  export TSAN_OPTIONS="halt_on_error=1:second_deadlock_stack=1:suppressions=$root/tests/support/races.supp:print_suppressions=0"
  TSAN_OPTIONS+=":external_symbolizer_path=$(command -v addr2line):allow_addr2line=1"
  # libpqxx 6.4 asks a broken connection for its encoding before it owns the result that it was given, which is then lost.
  export LSAN_OPTIONS="print_suppressions=0:suppressions=$root/tests/support/leaks.supp${LSAN_OPTIONS:+:$LSAN_OPTIONS}"
}

# Where a run also leaves its results as JUnit files, if FAIRLEAD_REPORTS names a folder: .ci/run adds them up.
report_file() { printf '%s/%s-%s.xml' "$FAIRLEAD_REPORTS" "$1" "$2"; }

# The test programs of some rooms that this preset knows.
room_targets() {
  local preset=$1 room kind
  shift
  for room in "$@"; do
    for kind in unit integration; do
      if grep -q "fairlead_${kind}_${room}_tests" "$root/build/$preset/build.ninja"; then printf 'fairlead_%s_%s_tests\n' "$kind" "$room"; fi
    done
  done
}

# run_ctest PRESET LABEL_PATTERN [ctest arguments…]; programs that were not built are left out, not failed.
run_ctest() {
  local preset=$1 labels=$2 report=()
  shift 2
  if [[ -n ${FAIRLEAD_REPORTS:-} ]]; then report=(--output-junit "$(report_file "$preset" "programs")"); fi
  step "tests ($labels), preset $preset"
  ctest --test-dir "$root/build/$preset" -L "$labels" -E '_NOT_BUILT$' -j 2 --output-on-failure --no-tests=error \
    "${report[@]}" "$@"
}

# run_e2e PRESET [pytest arguments…]: both programs on free ports and a scripted receiver.
run_e2e() { run_pytest "$1" e2e "end to end" "${@:2}"; }

# run_compat PRESET [pytest arguments…]: third-party clients and libraries against both programs.
run_compat() {
  FAIRLEAD_GO=$(go_program) || die "there is no Go that tests/compat/go can be built with" "apt-get install golang-go"
  export FAIRLEAD_GO
  run_pytest "$1" compat "clients" "${@:2}"
}

# run_faults PRESET [pytest arguments…]: the short set of faults; it starts a PostgreSQL that it may kill.
run_faults() { run_pytest "$1" faults faults "${@:2}"; }

# run_pytest PRESET FOLDER TEXT [pytest arguments…]
run_pytest() {
  local preset=$1 kind=$2 text=$3 report=()
  shift 3
  if [[ -n ${FAIRLEAD_REPORTS:-} ]]; then report=(--junitxml "$(report_file "$preset" "$kind")"); fi
  if [[ " $*" != *" tests/$kind"* ]]; then set -- "tests/$kind" "$@"; fi
  mapfile -t requirements < <(grep -v '^#' "$root/tests/requirements.txt")
  ensure_venv "$test_venv" "${requirements[@]}"
  step "tests ($text), preset $preset"
  (cd "$root" && FAIRLEAD_BUILD_DIR=$root/build/$preset "$test_venv/bin/python" -m pytest -p no:cacheprovider \
    "${report[@]}" "$@")
}
