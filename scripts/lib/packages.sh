# What the machine needs, said once, and installing what is missing.
# shellcheck shell=bash disable=SC2034,SC2154,SC2164

run_packages=(postgresql-15 python3 python3-venv ca-certificates)
# python3-yaml and npm make the API's document and its reference (cmake/documentation.cmake).
build_packages=(python3-yaml npm clang-19 lld-19 cmake ninja-build pkg-config ccache libboost1.81-dev libssl-dev zlib1g-dev libfmt-dev
  libspdlog-dev nlohmann-json3-dev libgtest-dev prometheus-cpp-dev libcli11-dev libpqxx-dev libc-ares-dev libre2-dev
  libmimalloc-dev libyaml-dev libmozjs-102-dev libseccomp-dev)
fault_packages=(faketime)
compat_packages=(golang-go)
check_packages=(libclang-rt-19-dev clang-format-19 clang-tidy-19 shellcheck systemd)

# Go for the tests of a client, the machine's own or Debian's: one that their go.mod allows.
go_program() {
  local program version wanted
  wanted=$(sed -n 's/^go //p' "$root/tests/compat/go/go.mod")
  for program in go /usr/lib/go-1.19/bin/go; do
    version=$(GOTOOLCHAIN=local "$program" env GOVERSION 2>/dev/null) || continue
    if [[ $(printf '%s\n' "$wanted" "${version#go}" | sort -V | head -n 1) == "$wanted" ]]; then
      printf '%s' "$program"
      return 0
    fi
  done
  return 1
}

missing_packages() {
  local package
  for package in "$@"; do
    if [[ $package == golang-go ]] && go_program >/dev/null; then continue; fi
    # npm may have come with another Node than Debian's, which would conflict with its package.
    if [[ $package == npm ]] && command -v npm >/dev/null; then continue; fi
    [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) == installed ]] || printf '%s\n' "$package"
  done
}

# sudo is there, and needs no password or has somebody to type it.
can_sudo() { command -v sudo >/dev/null || return 1; sudo -n true 2>/dev/null || [[ -t 0 ]]; }

# As root, or through sudo; otherwise a clear word that names the packages.
as_root() {
  if ((EUID == 0)); then "$@"; else sudo "$@"; fi
}

# PostgreSQL's package makes and starts a cluster of the system when it is first installed. We need none, so we ask it not
# to, for this one installation; a cluster that exists is never touched.
postgres_switch=/etc/postgresql-common/createcluster.d/fairlead-install.conf
switch_cluster_off() {
  as_root mkdir -p /etc/postgresql-common/createcluster.d
  printf 'create_main_cluster = false\n' | as_root tee "$postgres_switch" >/dev/null
}
switch_cluster_back() { as_root rm -f "$postgres_switch"; }

ensure_packages() {
  local missing
  mapfile -t missing < <(missing_packages "$@")
  ((${#missing[@]} > 0)) || return 0
  if ((EUID != 0)); then
    can_sudo || die "these packages are missing, and installing them needs root:" "apt-get install --no-install-recommends ${missing[*]}" \
      "run that as root, then start this script again"
    sudo true || die "sudo was refused; these packages are missing: ${missing[*]}"
  fi
  step "installing ${#missing[@]} packages: ${missing[*]}"
  local log needs_switch=false package status=0
  log=$(mktemp)
  for package in "${missing[@]}"; do [[ $package == postgresql-15 ]] && needs_switch=true; done
  run_logged "$log" "apt-get update" as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
  if $needs_switch; then switch_cluster_off; fi
  (run_logged "$log" "apt-get install" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -q -y -o Dpkg::Use-Pty=0 install --no-install-recommends "${missing[@]}") || status=$?
  if $needs_switch; then switch_cluster_back; fi
  ((status == 0)) || exit "$status"
  rm -f "$log"
}

# ensure_venv FOLDER REQUIREMENTS…: a Python environment with these pinned packages; made again when the list changes.
ensure_venv() {
  local folder=$1 wanted
  shift
  wanted=$(printf '%s\n' "$@")
  [[ -f $folder/.installed && $(cat "$folder/.installed") == "$wanted" ]] && return 0
  step "Python packages: $*"
  local log
  log=$(mktemp)
  rm -rf -- "$folder"
  run_logged "$log" "python3 -m venv" /usr/bin/python3 -m venv "$folder"
  run_logged "$log" "pip install" "$folder/bin/python" -m pip install --disable-pip-version-check -q "$@"
  printf '%s' "$wanted" >"$folder/.installed"
  rm -f "$log"
}
