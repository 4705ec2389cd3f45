import type { CommandAckData } from '../../protocol/wire.ts'
import type { Command } from './command-frame.ts'
import type { ReceivedMessage } from './read-message.ts'
import type { Outcome } from './router.ts'

/** What the mock backend saw and did. `at` is in ms since the epoch, with fractions. */
export type MockBackendEvent = { readonly at: number } & Happening

export type Happening =
  | { readonly type: 'connected'; readonly agentId: string; readonly generation: number; readonly total: number }
  | {
      readonly type: 'disconnected'
      readonly agentId: string
      readonly generation: number
      readonly code: number
      readonly reason: string
    }
  /** An upgrade that passed the door; `connected` follows, or `dial-ended` where a fault was in its way. */
  | { readonly type: 'dialled' | 'dial-ended'; readonly agentId: string }
  /** A POST (status 400, 401, 413, 500, 503) or an upgrade (400, 401, 404) that went no further. */
  | { readonly type: 'refused'; readonly road: 'http' | 'websocket'; readonly status: number; readonly reason: string }
  | { readonly type: 'posted'; readonly message: ReceivedMessage }
  | { readonly type: 'looked-up'; readonly agentId: string; readonly found: boolean }
  | {
      readonly type: 'reflex-sent'
      readonly agentId: string
      readonly thread_id: string
      readonly key: string | undefined
      readonly command_id: string
      readonly text: string
      /** As it was written. */
      readonly frame: string
    }
  | {
      readonly type: 'reflex-not-sent'
      readonly agentId: string
      readonly thread_id: string
      readonly key: string | undefined
      readonly reason: Exclude<Outcome, 'written'> | 'dropped'
    }
  | {
      readonly type: 'answered'
      readonly agentId: string
      readonly thread_id: string
      readonly key: string | undefined
      readonly status: number
      /** JSON, as it was sent. */
      readonly answer: string
    }
  /** A command of the caller's own was written. */
  | {
      readonly type: 'command-sent'
      readonly agentId: string
      readonly command_id: string
      readonly command: Command
      readonly frame: string
    }
  /** A fault was let loose on this POST instead of an answer. */
  | { readonly type: 'struck'; readonly agentId: string; readonly thread_id: string; readonly key: string | undefined }
  /** The connection of this POST ended before its answer was out: the agent's doing, or that of a fault. */
  | { readonly type: 'hung-up'; readonly agentId: string; readonly thread_id: string; readonly key: string | undefined }
  | {
      readonly type: 'ack'
      readonly agentId: string
      readonly generation: number
      readonly ack: CommandAckData
      readonly frame: string
    }
  /** Redis, by which several replicas find each other's connections, was lost or is there. */
  | { readonly type: 'redis'; readonly reachable: boolean; readonly connections: number }
  /** Any other frame of the agent, as it came. */
  | { readonly type: 'frame'; readonly agentId: string; readonly generation: number; readonly text: string }

export type Emit = (happening: Happening) => void
