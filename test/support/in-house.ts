import { checkInvariants, type Expected } from './check-invariants.ts'
import { type House, type HouseOptions, startHouse } from './start-house.ts'
import { twoBubbles } from './two-bubbles.ts'

/**
 * One scenario in a house of its own, with a twoBubbles backend unless another is given: `happen` starts the agent and
 * lets things go wrong, then the invariants are checked. `expected` is what the run may leave behind.
 */
export const inHouse = async (
  { expected, ...options }: HouseOptions & { readonly expected?: Expected },
  happen: (house: House) => Promise<void>,
): Promise<void> => {
  const house = await startHouse({ ...options, backend: { ...twoBubbles, ...options.backend } })
  try {
    await happen(house)
    await checkInvariants(house, expected)
  } catch (error) {
    // To be read without running it again: some of what breaks here breaks once in a hundred runs.
    process.stderr.write(`${house.log.split('\n').slice(-LOG_LINES).join('\n')}\n`)
    throw error
  } finally {
    await house.close()
  }
}

const LOG_LINES = 80
