// Prints "N passed, N failed" from vitest's JSON report. A test file that could not be loaded holds no tests, and counts
// as one that failed; so does a report that is not there.
import { readFileSync } from 'node:fs'

const { passed, failed } = count(process.argv[2])
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1

function count(path) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    const broken = report.testResults.filter(file => file.status === 'failed' && file.assertionResults.length === 0)
    return { passed: report.numPassedTests, failed: report.numFailedTests + broken.length }
  } catch {
    return { passed: 0, failed: 1 }
  }
}
