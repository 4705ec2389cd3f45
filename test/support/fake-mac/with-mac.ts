import { type MacWithMessages, settleIn } from './settle-in.ts'

/** One scenario on a Mac of its own, with all that was started there ended in the end. */
export const withMac = async (happen: (mac: MacWithMessages) => Promise<void>): Promise<void> => {
  const mac = await settleIn()
  try {
    await happen(mac)
  } finally {
    await mac.close()
  }
}
