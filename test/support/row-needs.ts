import { composeMessage, type Outgoing } from '../../src/agent/flows/compose-message.ts'
import { createGathering, type GatherNeeds } from '../../src/agent/flows/gather-rows.ts'
import { createOwnAddresses } from '../../src/agent/flows/learn-own-addresses.ts'
import { relateRow } from '../../src/agent/flows/relate-row.ts'
import type { ChatDb } from '../../src/agent/imessage/chat-db.ts'
import type { Store } from '../../src/agent/store/open-store.ts'

/** What receiving asks beside the store, as the engine puts it together. */
export const rowNeeds = (
  chatDb: () => ChatDb | undefined,
  store: Store,
  { own = [], ...more }: Partial<GatherNeeds> & { readonly own?: readonly string[] } = {},
) => ({
  own: createOwnAddresses({ table: store.ownAddresses, given: own, normalise: address => address, now: Date.now }),
  relate: (row: Parameters<typeof relateRow>[0]) => relateRow(row, { chatDb, inbox: store.inbox }),
  gathering: createGathering({
    chatDb,
    inbox: store.inbox,
    gatherMs: 0,
    hash: text => text,
    compose: (message: Outgoing) => composeMessage(message, text => ({ text, found: {} })),
    now: Date.now,
    steadyNow: Date.now,
    ...more,
  }),
})
