import { type FaultSpec, kindOf } from './catalogue/catalogue.ts'
import { type Laid, type Rig, type SocketFault, toAim } from './catalogue/fault-kind.ts'
import type { Connection } from './connections.ts'
import type { MockBackendEvent } from './event.ts'
import { createFaultQueue, type Faults, type Target } from './faults.ts'

/** A fault that is laid and not over. */
export type ActiveFault = {
  readonly id: number
  readonly spec: FaultSpec
  readonly title: string
  /** Unix milliseconds. */
  readonly since: number
  /** How often it still strikes; null: until it is lifted. */
  readonly left: number | null
  readonly strikes: number
}

export type FaultStrike = { readonly fault: string; readonly title: string; readonly target: Target }

/** The faults of the catalogue on a running backend: laid, counted, and lifted by id. */
export const layFaults = ({
  faults,
  connections,
  onStrike,
  onChange,
}: {
  readonly faults: Faults
  readonly connections: ReadonlyMap<string, Connection>
  readonly onStrike: (strike: FaultStrike) => void
  /** The list is another one now. */
  readonly onChange: () => void
}) => {
  const active = new Map<number, { fault: ActiveFault; laid?: Laid }>()
  const sockets = createFaultQueue<SocketFault>()
  const rig: Rig = { faults, sockets, connected: () => [...connections.keys()] }
  let lastId = 0

  const lift = (id: number, why: 'spent' | 'lifted' = 'lifted'): boolean => {
    const entry = active.get(id)
    if (entry === undefined) return false
    active.delete(id)
    entry.laid?.lift(why)
    onChange()
    return true
  }

  return {
    /** @throws EdgeError `not-connected` where it should act at once and nobody is there */
    lay: (spec: FaultSpec): ActiveFault => {
      const { title, lay } = kindOf(spec)
      lastId += 1
      const id = lastId
      const left = spec['at'] === 'now' ? 1 : spec.times === 'always' ? null : spec.times
      const entry: { fault: ActiveFault; laid?: Laid } = {
        fault: { id, spec, title, since: Date.now(), left, strikes: 0 },
      }
      const strike = (target: Target): void => {
        const { fault } = entry
        entry.fault = { ...fault, strikes: fault.strikes + 1, left: fault.left && fault.left - 1 }
        onStrike({ fault: spec.fault, title, target })
        if (entry.fault.left === 0 && !entry.laid?.lasts) lift(id, 'spent')
        else onChange()
      }
      entry.laid = lay(rig, { ...toAim(spec), onStrike: strike, finish: () => void lift(id) }, spec)
      active.set(id, entry)
      onChange()
      return entry.fault
    },

    /** False where there is no such fault any more. */
    lift: (id: number): boolean => lift(id),
    liftAll: (): void => [...active.keys()].forEach(id => void lift(id)),
    list: (): readonly ActiveFault[] => [...active.values()].map(({ fault }) => fault),

    /** Lets strike what waits for a connection or a POST. */
    onEvent: (event: MockBackendEvent): void => {
      if (event.type === 'connected') takeSocket('connect', { agentId: event.agentId })
      else if (event.type === 'posted') takeSocket('post', event.message)
    },
  }

  function takeSocket(on: SocketFault['on'], target: Target): void {
    const { agentId } = target
    const fault = sockets.take(target, waiting => waiting.on === on)
    fault?.act(agentId)
  }
}

export type LaidFaults = ReturnType<typeof layFaults>
