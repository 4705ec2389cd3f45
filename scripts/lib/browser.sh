# Sourced by scripts/test after apt.sh: the tests of the pages need a browser of Chromium's kind. Where there is none and
# it may be installed without asking (Linux with apt-get, as root), it is; elsewhere the tests fail and say what to do.

use_browser() {
  if has_browser; then return; fi
  say "no Chromium or Chrome was found"
  apt_install chromium ||
    say "the tests of the pages will fail; install one (apt-get install chromium, brew install --cask chromium)"
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
