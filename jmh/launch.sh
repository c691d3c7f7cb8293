# shellcheck shell=bash
# Sourced by bench and doors with $program and $checkout set: builds what they run, and runs it.

# build MODULE,...: unless nothing changed since the last time.
build() {
  local mark=$checkout/jmh/target/built-${1//[^a-z]/-}
  if [ -e "$mark" ] && [ -z "$(find "$checkout" -name target -prune -o -name .git -prune -o \
    \( -path '*/src/main/*' -o -name pom.xml \) -newer "$mark" -type f -print -quit)" ]; then
    return
  fi
  printf '%s: building (about a minute)\n' "$program" >&2
  (cd "$checkout" && mvn -B -ntp -q -DskipTests -pl "$1" -am package) </dev/null >&2
  touch "$mark"
}

# launch PROPERTY MAIN_CLASS ARGUMENT...
launch() {
  local target=$checkout/jmh/target flags
  read -ra flags <<<"$(cat "$target/jvm-flags")"
  exec "${JAVA_HOME:+$JAVA_HOME/bin/}java" "${flags[@]}" -Xmx1g -XX:MaxDirectMemorySize=1g "$1" \
    -cp "$target/classes:$(cat "$target/classpath")" "${@:2}"
}
