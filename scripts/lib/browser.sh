# Sourced by scripts/test after node.sh: the tests of the pages need a browser of Chromium's kind. Where there is none and
# it may be installed without asking (Linux with apt-get, as root), it is; elsewhere the tests fail and say what to do.

use_browser() {
  if has_browser; then return; fi
  if [ "$(uname -s)" = Linux ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "no Chromium on PATH: apt-get install chromium"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium; } \
      </dev/null >&2 || say "apt-get could not install chromium: the tests of the pages will fail"
  else
    say "no Chromium or Chrome was found: the tests of the pages will fail; install one (apt-get install chromium, brew install --cask chromium)"
  fi
}

# The names that test/support/find-browser.ts looks for.
has_browser() {
  local name
  for name in chromium chromium-browser google-chrome-stable google-chrome chrome microsoft-edge; do
    if command -v "$name" >/dev/null 2>&1; then return 0; fi
  done
  for name in Chromium 'Google Chrome' 'Microsoft Edge' 'Brave Browser'; do
    if [ -x "/Applications/$name.app/Contents/MacOS/$name" ]; then return 0; fi
  done
  return 1
}
