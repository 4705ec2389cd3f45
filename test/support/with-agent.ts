import type { House, HouseOptions } from './start-house.ts'
import { twoBubbles } from './two-bubbles.ts'
import { withHouse } from './with-house.ts'

/** One scenario in a house of its own whose agent is connected, with a twoBubbles backend unless another is given. */
export const withAgent = (options: HouseOptions, happen: (house: House) => Promise<void>): Promise<void> =>
  withHouse({ ...options, backend: { ...twoBubbles, ...options.backend } }, async house => {
    await house.startConnected()
    await happen(house)
  })
