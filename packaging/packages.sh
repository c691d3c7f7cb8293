# shellcheck shell=bash
# Sourced by packaging/run, packaging/test and the scripts of appliance/system-tests: the words to the user
# and the packages of Debian. Bash. $program names the script in every line; all output goes to stderr.

say() { printf '%s: %s\n' "$program" "$*" >&2; }

refuse() {
  say "$*"
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    refuse "this needs root and there is no sudo; run it as root: $*"
  fi
}

# install_packages NAME...: asks apt only for what is not there.
install_packages() {
  local missing=() name log
  for name in "$@"; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  command -v apt-get >/dev/null || refuse "no apt-get here; install these by hand: ${missing[*]}"
  say "installing ${missing[*]}"
  log=$(mktemp)
  # An update that fails is no reason to stop: the lists of the last one may do.
  as_root apt-get -qq update </dev/null >"$log" 2>&1 || say "apt-get update failed, going on with the lists there are"
  if ! as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${missing[@]}" \
    </dev/null >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    rm -f "$log"
    refuse "apt could not install ${missing[*]}"
  fi
  rm -f "$log"
}

# A JDK and Maven are taken as they are found: in PATH, or as Debian's packages.
install_build_tools() {
  command -v javac >/dev/null || [ -x "${JAVA_HOME:-/nonexistent}/bin/javac" ] || install_packages openjdk-17-jdk-headless
  command -v mvn >/dev/null || install_packages maven
}
