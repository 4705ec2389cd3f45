import { z } from 'zod'
import { agentId } from '../agent-id.ts'
import type { Aim, createFaultQueue, Faults } from '../faults.ts'

/** What a fault can be laid on. */
export type Rig = {
  readonly faults: Faults
  /** Faults of connections that strike when something happens, not at once. */
  readonly sockets: ReturnType<typeof createFaultQueue<SocketFault>>
  /** The agents that are connected. */
  readonly connected: () => readonly string[]
}

export type SocketFault = Aim & {
  readonly on: 'connect' | 'post'
  readonly act: (agentId: string) => void
}

/** Undoes what a fault does. May be called twice. */
export type Lift = () => void

/** `lasts`: what it did goes on, and is undone by `lift`; without it a fault is over (`spent`) with its last strike. */
export type Laid = { readonly lift: (why: 'spent' | 'lifted') => void; readonly lasts?: boolean }

/** Whom a fault strikes, and `finish` for one that is over by itself. */
export type LaidAim = Aim & { readonly finish: () => void }

export const GROUPS = ['HTTP', 'WebSocket', 'Reflex and answer'] as const

export type FaultKind = {
  /** As the API, scenario files and the console call it. */
  readonly name: string
  readonly group: (typeof GROUPS)[number]
  readonly title: string
  /** What it does, in a sentence. */
  readonly hint: string
  /** The whole of a fault as it is written down: `fault`, whom it strikes, and its own parameters. */
  readonly schema: z.ZodObject
  /** Names of the parameters that are its own. */
  readonly params: readonly string[]
  /** @throws EdgeError `not-connected` where it should act at once and nobody is there */
  readonly lay: (rig: Rig, aim: LaidAim, spec: unknown) => Laid
}

const aimShape = {
  agent: agentId.describe('only this agent').optional(),
  thread: z.string().min(1).describe('only this thread').optional(),
  times: z
    .union([z.int().min(1), z.literal('always')], 'a whole number from 1, or "always"')
    .default(1)
    .describe('for the next N, or "always": until it is turned off'),
  probability: z.number().min(0).max(1).default(1).describe('how likely it strikes each one, from 0 to 1'),
}

export type AimSpec = z.infer<z.ZodObject<typeof aimShape>>

/** One kind of fault: its name and parameters, and how it is laid. */
export const faultKind = <Shape extends z.ZodRawShape>(kind: {
  readonly name: string
  readonly group: FaultKind['group']
  readonly title: string
  readonly hint: string
  readonly params: Shape
  readonly lay: (rig: Rig, aim: LaidAim, params: z.infer<z.ZodObject<Shape>>) => Laid
}): FaultKind => {
  const own = z.object(kind.params)
  return {
    ...kind,
    params: Object.keys(kind.params),
    schema: z.strictObject({ fault: z.literal(kind.name), ...aimShape, ...kind.params }),
    lay: (rig, aim, spec) => kind.lay(rig, aim, own.parse(spec)),
  }
}

/** The aim that a spec's common fields mean. */
export const toAim = ({ agent, thread, times, probability }: AimSpec): Aim => ({
  ...(agent !== undefined && { agentId: agent }),
  ...(thread !== undefined && { thread_id: thread }),
  times: times === 'always' ? Number.POSITIVE_INFINITY : times,
  probability,
})

export const milliseconds = z.int().min(0).max(3_600_000)
