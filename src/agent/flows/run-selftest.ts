import { PHASE_MARK, type SendEnd } from '../core/judge-send.ts'
import type { Chat } from '../core/message.ts'
import { says } from '../core/says.ts'
import type { SelftestRun, SelftestStep } from '../core/selftest.ts'
import { sleep, type Timers } from '../core/timers.ts'
import type { Store } from '../store/open-store.ts'
import type { Sender } from './deliver-bubble.ts'

type SelftestNeeds = {
  readonly transaction: <T>(work: () => T) => T
  readonly outbox: Pick<Store['outbox'], 'planCommand' | 'byId' | 'reasonOf' | 'drop'>
  readonly evidence: Sender['evidence']
  /** Whether chat.db has an outgoing row that says this in this thread, after this ROWID. */
  readonly hasRow: (threadId: string, says: string, after: number) => boolean
  readonly mayAutomate: () => boolean
  readonly now: () => number
  readonly timers: Timers
}

type Watched = {
  readonly chat: Chat
  readonly note: (step: SelftestStep) => void
  readonly notePhases: (evidence: string | undefined) => void
  attempt?: string
}

export type SelftestLine = {
  readonly chat: Chat
  /** Unlike any other. */
  readonly text: string
  readonly timeoutMs: number
  /** As for a command: the intent to send is part of the transaction, what is returned begins the send. */
  readonly intend: (threadId: string) => () => void
}

/** Sends a line of our own by the usual way, and looks on. */
export const createSelftest = (needs: SelftestNeeds) => {
  const { outbox } = needs
  const lines = new Map<string, Watched>()

  /** Plans the line and follows it to its end. */
  const run = async ({ chat, text, timeoutMs, intend }: SelftestLine): Promise<SelftestRun> => {
    const { threadId } = chat
    const began = performance.now()
    const stepsMs: Partial<Record<SelftestStep, number>> = {}
    const note = (step: SelftestStep): void => {
      stepsMs[step] ??= Math.round((performance.now() - began) * 10) / 10
    }
    const watched: Watched = {
      chat,
      note,
      notePhases: evidence => {
        for (const phase of ['resolve', 'send', 'done'] as const) {
          if (evidence?.includes(`${PHASE_MARK} ${phase}`)) note(`phase ${phase}`)
        }
      },
    }
    lines.set(text, watched)
    try {
      note('planned')
      const { id, begin } = needs.transaction(() => {
        const bubble = { threadId, text, says: says(text), immediate: true, now: needs.now() } as const
        return { id: outbox.planCommand(bubble), begin: intend(threadId) }
      })
      if (outbox.byId(id).state === 'sending') note('intent stored')
      begin()
      const outcome = await follow(id, watched, text, began + timeoutMs)
      const { state, tries } = outbox.byId(id)
      const reason = outbox.reasonOf(id)
      if (state === 'planned') needs.transaction(() => outbox.drop(id)) // nobody waits for it any more
      const way = stepsMs['osascript started'] === undefined && stepsMs['job handed'] !== undefined ? 'warm' : 'cold'
      return { outcome, state, way, tries, stepsMs, ...(reason !== undefined && { reason }) }
    } finally {
      lines.delete(text)
    }
  }

  const follow = async (
    id: number,
    watched: Watched,
    text: string,
    deadline: number,
  ): Promise<SelftestRun['outcome']> => {
    let isRowSeen = false
    for (;;) {
      const { state, watermark } = outbox.byId(id)
      const { attempt, chat } = watched
      if (attempt !== undefined && state === 'sending') watched.notePhases(needs.evidence(attempt))
      if (attempt !== undefined && !isRowSeen && needs.hasRow(chat.threadId, says(text), watermark)) {
        isRowSeen = true
        watched.note('row seen')
      }
      if (state === 'confirmed') watched.note('confirmed')
      if (state === 'confirmed' || state === 'failed' || state === 'parked') return state
      if (state === 'planned' && !needs.mayAutomate()) return 'not_allowed'
      if (performance.now() > deadline) return 'timed_out'
      await sleep(LOOK_MS, needs.timers)
    }
  }

  return {
    run,
    /** The chat of a line under way: to it alone, and to nobody's command, it is known. */
    chatOf: (threadId: string): Chat | undefined =>
      [...lines.values()].find(({ chat }) => chat.threadId === threadId)?.chat,
    /** The sender, looked on at. */
    watch: (sender: Sender): Sender => {
      const lookOn = async (
        { attempt, text, step }: { readonly attempt: string; readonly text: string; readonly step: SelftestStep },
        onStep: () => void,
        send: (onStep: () => void) => Promise<SendEnd>,
      ): Promise<SendEnd> => {
        const watched = lines.get(text)
        if (watched === undefined) return send(onStep)
        watched.attempt = attempt
        watched.note('intent stored')
        const end = await send(() => {
          watched.note(step)
          onStep()
        })
        watched.notePhases(sender.evidence(attempt))
        watched.note('osascript ended')
        return end
      }
      const { slots } = sender
      return {
        ...sender,
        send: (attempt, target, text, onStarted) =>
          lookOn({ attempt, text, step: 'osascript started' }, onStarted, started =>
            sender.send(attempt, target, text, started),
          ),
        ...(slots && {
          slots: {
            ...slots,
            handOver: (attempt, text, onHanded) =>
              lookOn({ attempt, text, step: 'job handed' }, onHanded, handed => slots.handOver(attempt, text, handed)),
          },
        }),
      }
    },
  }
}

/** How exactly steps are timed that have to be looked for: phases and the row. */
const LOOK_MS = 5
