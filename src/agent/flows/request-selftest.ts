import { EdgeError, EXIT } from '../core/errors.ts'
import type { Hold } from '../core/hold.ts'
import type { Chat } from '../core/message.ts'
import type { ChatDbProbe } from '../core/probes.ts'
import type { Problem } from '../core/problems.ts'
import { SELFTEST_MARK, type SelftestRun, type SelftestWay } from '../core/selftest.ts'

/** `to` is a number or an address as a person types it. */
export type SelftestRequest = {
  readonly to: string
  readonly number: number
  readonly count: number
  /** As any bubble goes, where it is not said. */
  readonly way?: SelftestWay | undefined
}

type SelftestChatNeeds = Pick<SelftestRequestNeeds, 'mayAutomate' | 'problems' | 'probeChatDb' | 'personOf' | 'holdOf'>

export type SelftestRequestNeeds = {
  readonly mayAutomate: () => boolean
  readonly problems: () => readonly Problem[]
  readonly probeChatDb: () => Pick<ChatDbProbe, 'problem'>
  readonly personOf: (typed: string) => Chat | undefined
  readonly holdOf: (threadId: string) => Hold | undefined
  /** False where no osascript can stand ready there. */
  readonly awaitReady: (chat: Chat) => Promise<boolean>
  readonly run: (chat: Chat, line: string, way: SelftestWay | undefined) => Promise<SelftestRun>
  readonly newId: () => string
}

/**
 * A line to somebody to whom Messages has a chat already, and to nobody else.
 *
 * @throws EdgeError `automation_denied` (exit 77), chat.db's own, `unknown_thread`, `held`.
 */
export const requestSelftest = async (
  { to, number, count, way }: SelftestRequest,
  needs: SelftestRequestNeeds,
): Promise<SelftestRun> => {
  const chat = selftestChat(to, needs)
  if (way === 'warm' && !(await needs.awaitReady(chat))) {
    throw new EdgeError('not_warm', 'no osascript stands ready for that conversation', {
      remedy: '"edge-agent status" says why, in the line "sending".',
    })
  }
  return needs.run(chat, `${SELFTEST_MARK} ${number} of ${count} (${needs.newId().slice(0, 8)})`, way)
}

/** The chat of somebody to whom something may be sent now. Throws as `requestSelftest` does. */
export const selftestChat = (to: string, needs: SelftestChatNeeds): Chat => {
  if (!needs.mayAutomate()) {
    const remedy = needs.problems().find(({ code }) => code === 'automation_denied')?.remedy
    throw new EdgeError('automation_denied', 'macOS does not let the agent control Messages: nothing can be sent', {
      exit: EXIT.permission,
      ...(remedy !== undefined && { remedy }),
    })
  }
  const { problem } = needs.probeChatDb()
  if (problem !== undefined) {
    const { code, message, remedy } = problem
    const exit = code === 'chat_db_forbidden' ? EXIT.permission : EXIT.failure
    throw new EdgeError(code, message, { remedy, exit })
  }
  const chat = needs.personOf(to)
  if (chat === undefined) {
    throw new EdgeError('unknown_thread', 'Messages has no conversation with that number or address', {
      remedy: 'Write to it once by hand in Messages, then run this again. edge-agent never starts a new conversation.',
    })
  }
  const hold = needs.holdOf(chat.threadId)
  if (hold !== undefined) {
    throw new EdgeError('held', `sending to that thread is on hold: ${hold.detail}`, {
      remedy: 'To see why: edge-agent queue. To end a pause: edge-agent resume.',
    })
  }
  return chat
}
