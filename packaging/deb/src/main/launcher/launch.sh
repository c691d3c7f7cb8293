# What bin/sheep and bin/dog share: sourced by them with $self (the script, links resolved) set.
# POSIX sh; prints nothing unless it refuses to start.

home=${self%/bin/*}
name=${self##*/}

refuse() {
  printf '%s: %s\n' "$name" "$1" >&2
  exit 1
}

# JAVA_HOME wins over the java of PATH, as everywhere.
if [ -n "${JAVA_HOME-}" ]; then
  java=$JAVA_HOME/bin/java
  [ -x "$java" ] || refuse "JAVA_HOME is $JAVA_HOME, which has no bin/java: correct it or unset it"
else
  java=$(command -v java) || refuse "no java found: install openjdk-17-jre-headless or set JAVA_HOME"
fi

# The JDK's release file spares a start of the JVM (dog would take twice as long).
java=$(readlink -f "$java")
version=
if [ -r "${java%/bin/java}/release" ]; then
  while IFS='=' read -r key value; do
    if [ "$key" = JAVA_VERSION ]; then
      version=$value
    fi
  done <"${java%/bin/java}/release"
else
  version=$("$java" -version 2>&1 | sed -n 's/.* version \(".*"\).*/\1/p')
fi
version=${version#\"}
major=${version%%[!0-9]*}
# A version that cannot be read is given the benefit of the doubt.
[ "${major:-17}" -ge 17 ] ||
  refuse "$java is Java ${version%\"}, but 17 or newer is needed: set JAVA_HOME to one"

# Either would make the JVM print a line of its own; KELPIE_JAVA_OPTS is the way in.
unset JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS
# glibc's arenas, one for each core, hold on to the memory that RocksDB frees.
export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}"

# launch MAIN_CLASS JAR JVM_OPTION... -- ARGUMENT...
# -Xlog:disable keeps the JVM from writing to the command's stdout, a stale class archive among other things.
# KELPIE_JAVA_OPTS comes last, so it overrides; it is split at blanks on purpose.
launch() {
  main_class=$1
  jar=$2
  shift 2
  options=
  while [ "$1" != -- ]; do
    options="$options $1"
    shift
  done
  shift
  archive=
  [ -r "$home/lib/$name.jsa" ] && archive=1
  # shellcheck disable=SC2086
  exec "$java" ${archive:+-XX:SharedArchiveFile="$home/lib/$name.jsa"} -Xshare:auto -Xlog:disable \
    -XX:-UsePerfData -Djava.library.path="$home/lib/native" -Dkelpie.home="$home" \
    @kelpie.jvm.flags@ $options ${KELPIE_JAVA_OPTS-} -cp "$home/lib/$jar" "$main_class" "$@"
}
