# Configuring and compiling a preset with its progress shown.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

# "Building CXX object src/a/CMakeFiles/x.dir/b.cpp.o" → "b.cpp.o"
short_name() { printf '%s' "${1##*/}"; }

# Reads ninja's output: the log gets all of it, the person a single line "[n/m]", or the failing step's whole text.
show_ninja() {
  local log=$1 preset=$2 line from=$SECONDS
  while IFS= read -r line; do
    printf '%s\n' "$line" >>"$log"
    if [[ $line =~ ^\[[0-9]+/[0-9]+\] ]]; then
      progress "compiling $preset ${BASH_REMATCH[0]} $(((SECONDS - from) / 60)):$(printf '%02d' $(((SECONDS - from) % 60))) $(short_name "${line#*] }")"
    fi
  done
  progress_end
}

configure_preset() {
  local preset=$1
  local log=$root/build/$preset/build.log
  mkdir -p "$root/build/$preset"
  (cd "$root" && cmake --preset "$preset") >"$log" 2>&1 ||
    { tail -n 30 "$log" >&2; die "cmake --preset $preset failed" "the whole output is in $log"; }
}

# build_preset PRESET [TARGET…]: build/PRESET holds the result; quick when nothing changed.
build_preset() {
  local preset=$1 log
  shift
  log=$root/build/$preset/build.log
  step "building preset $preset ($(build_jobs) at once; the log is build/$preset/build.log)"
  configure_preset "$preset"
  local targets=()
  if (($# > 0)); then targets=(--target "$@"); fi
  local status=0
  (cd "$root" && NINJA_STATUS='[%f/%t] ' cmake --build --preset "$preset" -j "$(build_jobs)" "${targets[@]}" 2>&1) |
    show_ninja "$log" "$preset" || status=$?
  if ((status != 0)); then
    sed -n '/^FAILED:/,$p' "$log" | head -n 60 >&2
    die "compiling preset $preset failed" "the whole output is in $log"
  fi
}
