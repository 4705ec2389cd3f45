import { join } from 'node:path'

/** Where a Messages that runs already is asked. */
export const messagesSocket = (dir: string): string => join(dir, 'messages.sock')
