import { type House, type HouseOptions, startHouse } from './start-house.ts'

/** One scenario in a house of its own, which is taken down in the end; where it fails, the agent's last lines are printed. */
export const withHouse = async (options: HouseOptions, happen: (house: House) => Promise<void>): Promise<void> => {
  const house = await startHouse(options)
  try {
    await happen(house)
  } catch (error) {
    // To be read without running it again: some of what breaks here breaks once in a hundred runs.
    process.stderr.write(`${house.log.split('\n').slice(-LOG_LINES).join('\n')}\n`)
    throw error
  } finally {
    await house.close()
  }
}

const LOG_LINES = 80
