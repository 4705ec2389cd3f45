# Sourced by scripts/test after apt.sh: the tests of several replicas start a Redis of their own.

use_redis() {
  if command -v redis-server >/dev/null 2>&1; then return; fi
  say "no redis-server on PATH"
  apt_install redis-server ||
    say "the tests of several replicas will fail; install one (apt-get install redis-server, brew install redis)"
}
