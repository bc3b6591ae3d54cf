# Format, layers and clang-tidy.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

cpp_files() { (cd "$root" && git ls-files -z -- 'src/*.cpp' 'src/*.hpp' 'tests/*.cpp' 'tests/*.hpp' 'bench/*.cpp' 'bench/*.hpp' | sed -z "s#^#$root/#"); }

check_format() {
  step "format"
  cpp_files | xargs -0 clang-format-19 --dry-run -Werror || die "the format differs" "scripts/dev format rewrites it"
}

check_layers() {
  step "layers"
  "$root/scripts/check_layers"
}

# recently_changed N: at most N sources, those touched by the newest commits first (and what is not committed before them).
recently_changed() {
  (
    cd "$root"
    { git diff --name-only HEAD; git log -n 60 --name-only --format= 2>/dev/null || true; } |
      awk 'NF && !seen[$0]++' | grep -E '^(src|bench)/.*\.cpp$' |
      while IFS= read -r file; do if [[ -f $file ]]; then printf '%s\n' "$file"; fi; done | awk -v most="$1" 'NR <= most'
  )
}

# check_tidy PRESET FILE…: with the preset's own compile commands; any finding is a failure.
check_tidy() {
  local preset=$1
  shift
  (($# > 0)) || return 0
  step "clang-tidy over $# files"
  (cd "$root" && printf '%s\0' "$@" | xargs -0 -n 1 -P "$(build_jobs)" clang-tidy-19 -p "build/$preset" --quiet --warnings-as-errors='*' \
    2> >(grep -v -E 'warnings? (generated|treated)' >&2)) || die "clang-tidy has findings"
}
