# Sourced by scripts/test after node.sh, before what uses it.

# Installs a Debian package where that may be done without asking: on Linux with apt-get, as root.
apt_install() {
  if [ "$(uname -s)" != Linux ] || [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null 2>&1; then return 1; fi
  say "apt-get install $1"
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$1"; } \
    </dev/null >&2
}
