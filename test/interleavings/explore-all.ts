import { expect, test } from 'vitest'
import { explore, printFailure } from './explore.ts'
import type { Scenario } from './scenario.ts'

/** One test per scenario: it is explored, nothing is wrong, there were at least so many states; the numbers are printed. */
export const exploreAll = (
  scenarios: readonly (readonly [what: string, scenario: Scenario, leastStates: number])[],
): void => {
  test.each(scenarios)(
    'in no order anything is lost, doubled or out of order: %s',
    { timeout: 1_200_000 },
    async (...of) => {
      const [what, scenario, leastStates] = of
      const { states, steps, orders, failure } = await explore(scenario)
      console.info(`${what}: ${states} states, ${steps} steps, ${orders} orders`)
      expect(failure && printFailure(failure)).toBeUndefined()
      expect(states).toBeGreaterThan(leastStates)
    },
  )
}
