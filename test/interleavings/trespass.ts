import type { InboxMessage } from '../../src/agent/store/inbox.ts'
import type { Bubble } from '../../src/agent/store/outbox.ts'
import { MOST_A_MINUTE, QUIET_UNTIL_MS, type Scenario, TAKEOVER_MS } from './scenario.ts'
import type { World } from './world.ts'

/** Why this send must not begin, by what is true in the world, whether the agent has looked or not. */
export const wrongToSend = (
  world: World,
  scenario: Scenario,
  { threadId, messageId, commandId, text }: Bubble,
): string | undefined => {
  const { now, byHand, starts } = world
  const of = `"${text}" is sent to ${threadId}`
  if (world.pause === 'lasts') return `${of} though all is paused (pause)`
  if (scenario.guard === 'quiet' && now < QUIET_UNTIL_MS) return `${of} in quiet hours (quiet hours)`
  if (byHand?.thread === threadId && now < byHand.atMs + TAKEOVER_MS) {
    return `${of} though the owner has just written there by hand (takeover)`
  }
  const lately = starts.filter(({ thread, atMs }) => thread === threadId && atMs > now - 60_000)
  if (scenario.guard === 'limit' && lately.length >= MOST_A_MINUTE) return `${of}, one too many in a minute (limit)`
  if (messageId !== undefined && world.rows[rowOf(world, messageId)]?.emptied) {
    return `${of} in answer to what was taken back (unsent)`
  }
  const isNamed = (message: number) => scenario.named && commandId?.startsWith(`${message}.`)
  const taken = scenario.threads.findIndex(
    (_, index) => isNamed(index + 1) && world.rows[rowOf(world, index + 1)]?.emptied,
  )
  return taken >= 0 ? `${of}, the reflex to what was taken back (unsent)` : undefined
}

/** Why this POST must not leave, by what its row says now. */
export const wrongToPost = (world: World, message: number, { posts, body }: InboxMessage): string | undefined => {
  const row = world.rows[rowOf(world, message)]
  if (row?.emptied) return `message ${message} is POSTed after it was taken back (unsent)`
  if (posts > 1 || body.includes(JSON.stringify(row?.text))) return undefined // a retry repeats what was sent
  return `message ${message} is POSTed in words that were edited away (edit)`
}

/** Where the row of a message stands: they are counted in the order in which they came. */
const rowOf = ({ rows }: World, message: number): number => {
  const places = rows.flatMap(({ fromMe }, index) => (fromMe ? [] : [index]))
  return places[message - 1] ?? -1
}
