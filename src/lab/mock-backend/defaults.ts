/** What the mock backend says when nobody tells it what to say. */
export const DEFAULT_REFLEX = 'okie lemme see'
export const DEFAULT_REPLIES: readonly string[] = ['found a few good options 👀', 'want me to send you the best one?']
/** For Redis, and for another replica. */
export const DEFAULT_WAIT_MS = 250
