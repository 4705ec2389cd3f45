import { setTimeout as sleep } from 'node:timers/promises'
import { z } from 'zod'
import { askAgent } from '../../agent/control/ask-agent.ts'
import { EdgeError, EXIT } from '../../agent/core/errors.ts'
import type { Launchctl } from '../launchd/launchctl.ts'
import type { RunTool } from '../macos/run-tool.ts'
import type { Tell } from './tell.ts'

/** `unknown`: it cannot be told yet, `problem` says why. */
export type Permission = {
  readonly state: 'granted' | 'missing' | 'unknown'
  readonly problem?: string
  readonly remedy?: string
}

export type Permissions = { readonly fullDiskAccess: Permission; readonly automation: Permission }

/**
 * Asks the agent inside launchd what macOS lets it do: macOS judges the program that launchd started, and nobody else can
 * tell. For what is missing it opens the pane and waits, where it may, until the agent notices the grant or `signal`
 * aborts.
 */
export const leadThroughPermissions = async (needs: {
  readonly socket: string
  readonly label: string
  /** What a person will look for in System Settings. */
  readonly binary: string
  readonly launchctl: Pick<Launchctl, 'kickstart' | 'print'>
  readonly run: RunTool
  readonly tell: Tell
  readonly wait: boolean
  readonly signal: AbortSignal
  /** How often to look, and how often to start the agent anew meanwhile; milliseconds. */
  readonly lookMs?: number
  readonly anewMs?: number
}): Promise<Permissions> => {
  const { socket, label, binary, launchctl, run, tell, wait, signal, lookMs = 1_000, anewMs = 20_000 } = needs

  /** Until it is granted, or once where nobody waits. `onMissing` is called at every look that finds it so. */
  const settle = async (
    look: () => Promise<Permission>,
    onMissing: (found: Permission, isNew: boolean) => Promise<void>,
  ): Promise<Permission> => {
    const told = new Set<Permission['state']>()
    for (let tries = 0; ; tries++) {
      const found = await look()
      if (found.state === 'granted') return found
      // Once each; between two starts of the agent, which are ours, it cannot tell, and that is no news.
      await onMissing(found, !told.has(found.state) && (found.state === 'missing' || told.size === 0))
      told.add(found.state)
      if (wait && tries === 0) tell({ kind: 'step', text: 'waiting for it; Ctrl-C stops waiting, not the service' })
      if (!wait && (found.state === 'missing' || tries >= MAX_UNKNOWN)) return found
      await sleep(lookMs, undefined, { signal })
    }
  }

  let nextAnew = performance.now() + anewMs
  const fullDiskAccess = await settle(
    () => lookAtChatDb({ socket, label, launchctl }),
    async (found, isNew) => {
      const isForbidden = found.state === 'missing'
      if (isNew && isForbidden) {
        tell({ kind: 'ask', text: fullDiskAccessHowTo(binary) })
        if (wait) await openPane('Privacy_AllFiles', run)
      } else if (isNew && found.problem !== undefined) {
        tell({ kind: 'ask', text: [found.problem, found.remedy].filter(Boolean).join('\n') })
      }
      // macOS may let a process notice the grant only at its next start.
      if (!wait || !isForbidden || performance.now() < nextAnew) return
      nextAnew = performance.now() + anewMs
      await launchctl.kickstart(label, { again: true }).catch(() => {}) // it is looked at again anyway
    },
  )
  if (fullDiskAccess.state === 'granted') tell({ kind: 'done', text: 'Full Disk Access: the agent can read chat.db' })
  else if (fullDiskAccess.state === 'missing') return { fullDiskAccess, automation: { state: 'unknown' } }

  tell({
    kind: 'step',
    text: 'asking macOS whether the agent may control Messages; if it asks on screen, choose Allow (OK)',
  })
  const automation = await settle(
    () => lookAtAutomation(socket),
    async (found, isNew) => {
      if (!isNew) return
      tell({ kind: 'ask', text: automationHowTo(binary, found) })
      if (wait && found.state === 'missing') await openPane('Privacy_Automation', run)
    },
  )
  if (automation.state === 'granted') tell({ kind: 'done', text: 'Automation: the agent can control Messages' })
  return { fullDiskAccess, automation }
}

/** Looks without a grant in sight, where nobody waits: the agent may just be starting. */
const MAX_UNKNOWN = 5

/** What is needed of the probes in core/probes.ts; the agent may be of another version. */
const chatDbProbe = z.object({
  readable: z.boolean(),
  problem: z.object({ code: z.string(), message: z.string(), remedy: z.string() }).optional(),
})

const automationProbe = z.object({
  state: z.enum(['granted', 'denied', 'unanswered', 'unclear']),
  said: z.string().optional(),
  tookMs: z.number(),
})

const lookAtChatDb = async ({
  socket,
  label,
  launchctl,
}: {
  readonly socket: string
  readonly label: string
  readonly launchctl: Pick<Launchctl, 'print'>
}): Promise<Permission> => {
  try {
    const { readable, problem } = chatDbProbe.parse(await askAgent(socket, 'probe-chat-db', undefined, 10_000))
    if (readable) return { state: 'granted' }
    const told = { ...(problem && { problem: problem.message, remedy: problem.remedy }) }
    return { state: problem?.code === 'chat_db_forbidden' ? 'missing' : 'unknown', ...told }
  } catch (error) {
    // An agent that never could read chat.db does not stay: launchd starts it every ten seconds.
    const seen = await launchctl.print(label)
    if (seen.kind === 'loaded' && seen.lastExitCode === EXIT.permission) return { state: 'missing' }
    return { state: 'unknown', problem: (error as Error).message }
  }
}

const lookAtAutomation = async (socket: string): Promise<Permission> => {
  try {
    const { state, said } = automationProbe.parse(await askAgent(socket, 'probe-automation', undefined, 30_000))
    if (state === 'granted') return { state }
    if (state === 'denied') return { state: 'missing', ...(said !== undefined && { problem: said }) }
    if (state === 'unanswered') return { state: 'missing', problem: 'a prompt is waiting on screen' }
    return { state: 'unknown', problem: said ?? 'Messages does not answer' }
  } catch (error) {
    return { state: 'unknown', problem: (error as Error).message }
  }
}

const openPane = async (pane: string, run: RunTool): Promise<void> => {
  for (const url of paneUrls(pane)) {
    const end = await run('open', [url])
    if (end.kind === 'not-found' || (end.kind === 'exited' && end.code === 0)) return
  }
}

/** Of macOS 13 and later, and the one before that, which later ones still know. */
const paneUrls = (pane: string): readonly string[] => [
  `x-apple.systempreferences:com.apple.settings.PrivacySecurity.extension?${pane}`,
  `x-apple.systempreferences:com.apple.preference.security?${pane}`,
]

/** How a person gives it. */
const fullDiskAccessHowTo = (binary: string): string =>
  [
    'Full Disk Access is missing: without it, the agent cannot read the Messages database.',
    '  1. System Settings > Privacy & Security > Full Disk Access',
    '  2. Click +, press Cmd-Shift-G, paste this path, choose Open:',
    `       ${binary}`,
    '  3. Switch it on. If it is in the list already, switch it off and on.',
  ].join('\n')

const automationHowTo = (binary: string, { problem }: Permission): string =>
  [
    `Automation is missing${problem === undefined ? '' : ` (${problem})`}: without it, the agent cannot send.`,
    '  If macOS asks on screen whether it may control Messages, choose Allow (OK). Otherwise:',
    '  1. System Settings > Privacy & Security > Automation',
    `  2. Switch on Messages below ${binary.slice(binary.lastIndexOf('/') + 1)}.`,
  ].join('\n')

/** Ends a wait that a person has given up. */
export const gaveUpWaiting = (): EdgeError =>
  new EdgeError('cancelled', 'stopped waiting for permissions; the service is installed and running', {
    exit: EXIT.cancelled,
    remedy: 'To continue: edge-agent install. To see what is missing: edge-agent doctor.',
  })
