import type { Story, StoryAsked } from '../core/story.ts'
import type { Store } from '../store/open-store.ts'

/** The story, or what chat.db knows of a row that has none. */
export type StoryFound = { readonly story?: Story; readonly row?: RowWithoutStory }

export type RowWithoutStory = {
  readonly fromMe: boolean
  readonly dateMs?: number
  /** Why it has none: it is awaited, not yet reached, or was passed over. */
  readonly standing: 'awaited' | 'ahead' | 'passed'
  /** What for it is awaited. */
  readonly waitingFor?: string
}

export type StoryNeeds = {
  readonly read: (asked: StoryAsked) => Story | undefined
  /** The row of chat.db with that guid, where chat.db can be read. */
  readonly rowOf: (
    guid: string,
  ) => { readonly rowid: number; readonly fromMe: boolean; readonly dateMs?: number } | undefined
  /** Why what is planned in a thread does not go now. */
  readonly waitsFor: (threadId: string) => string | undefined
  readonly cursor: Pick<Store['cursor'], 'read' | 'pendingRows'>
}

/** What became of a message, as it is known now. */
export const findStory = (asked: StoryAsked, { read, rowOf, waitsFor, cursor }: StoryNeeds): StoryFound => {
  const story = read(asked)
  if (story !== undefined) {
    const bubbles = story.bubbles.map(bubble => {
      const held = bubble.state === 'planned' ? waitsFor(bubble.threadId) : undefined
      return { ...bubble, ...(held !== undefined && { waitsFor: held }) }
    })
    return { story: { ...story, bubbles } }
  }
  const row = 'id' in asked ? rowOf(asked.id) : undefined
  if (row === undefined) return {}
  const { rowid, fromMe, dateMs } = row
  const awaited = cursor.pendingRows().find(pending => pending.rowid === rowid)
  const standing = awaited ? 'awaited' : rowid > (cursor.read()?.rowid ?? 0) ? 'ahead' : 'passed'
  return {
    row: {
      fromMe,
      standing,
      ...(dateMs !== undefined && { dateMs }),
      ...(awaited && { waitingFor: awaited.waitingFor }),
    },
  }
}
