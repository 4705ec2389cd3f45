import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/**
 * Builds dist once per run: the tests that start processes start what a person would. `SKIP_BUILD=1` takes the dist
 * that is there, for runs that have just built it.
 */
export default (): void => {
  if (process.env['SKIP_BUILD']) return
  execFileSync('npm', ['run', '--silent', 'build'], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'inherit',
  })
}
