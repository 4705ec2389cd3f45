import type { MessageRow } from './message.ts'

/** Whether an address is one of the owner's of this Mac. */
export type IsOwnAddress = (address: string) => boolean

/** Its sender is the owner of this Mac: by the address, or as nobody else is in that conversation. */
export const isFromOwner = (row: MessageRow, isOwnAddress: IsOwnAddress): boolean =>
  isToOwner(row, isOwnAddress) || (row.sender !== undefined && isOwnAddress(row.sender))

/** Its conversation is the owner's with themselves. */
export const isToOwner = (row: MessageRow, isOwnAddress: IsOwnAddress): boolean =>
  row.toSelf || (row.chat?.isGroup === false && isOwnAddress(row.chat.threadId))
