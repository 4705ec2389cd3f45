import { checkInvariants, type Expected } from './check-invariants.ts'
import type { House, HouseOptions } from './start-house.ts'
import { twoBubbles } from './two-bubbles.ts'
import { withHouse } from './with-house.ts'

/**
 * One scenario in a house of its own, with a twoBubbles backend unless another is given: `happen` starts the agent and
 * lets things go wrong, then the invariants are checked. `expected` is what the run may leave behind.
 */
export const inHouse = (
  { expected, ...options }: HouseOptions & { readonly expected?: Expected },
  happen: (house: House) => Promise<void>,
): Promise<void> =>
  withHouse({ ...options, backend: { ...twoBubbles, ...options.backend } }, async house => {
    await happen(house)
    await checkInvariants(house, expected)
  })
