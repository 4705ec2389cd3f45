import type { KeychainItem } from '../mac/macos/keychain.ts'
import type { RedactSettings } from '../redact/redact.ts'
import type { FilterSettings } from './core/filter.ts'

/** What the agent has to be told; durations in milliseconds, paths absolute. */
export type AgentSettings = {
  readonly version: string
  /** The service's name, where launchd started us. */
  readonly label?: string | undefined
  /** Where the settings were read from. */
  readonly configFile?: string
  readonly backendUrl: string
  readonly agentId: string
  /** The secret of now: it is asked for at every use, so that a changed one is found without a restart. */
  readonly readSecret: () => string | undefined
  /** Where the secret is in the Keychain; it then takes the place of `readSecret`. */
  readonly keychainItem?: KeychainItem
  readonly chatDb: string
  readonly stateDir: string
  readonly osascript: string
  readonly maxMessageAgeMs: number
  /** How much a POST tells of a message. */
  readonly payload: 'minimal' | 'extended'
  /** Of the owner, as far as chat.db does not tell them. */
  readonly ownAddresses: readonly string[]
  /** So long a pause ends what one person writes; 0: each row is a message. */
  readonly gatherMs: number
  readonly forward: Omit<FilterSettings, 'people'>
  readonly people: FilterSettings['people']
  /** Of phone numbers without a plus: two capital letters. */
  readonly country: string
  readonly redact: RedactSettings
  readonly dedupe: { readonly match: 'text' | 'position'; readonly windowMs: number }
  readonly send: {
    readonly allow: 'known' | 'any' | readonly string[]
    readonly timeoutMs: number
    readonly settleMs: number
    /** Whether an osascript stands ready where a bubble is expected; auto: once this Mac was seen to be able to. */
    readonly warm: 'auto' | 'on' | 'off'
    readonly unknown: 'park' | 'resend'
    readonly retries: number
    readonly maxPerMinute: number
    readonly maxPerMinutePerThread: number
    readonly maxLength: number
    readonly maxNewPerDay: number
    readonly maxPerDay: number
    readonly maxPerDayPerThread: number
    /** Periods of the local day such as 22:00-07:00. */
    readonly quietHours: readonly string[]
    readonly quiet: 'hold' | 'refuse'
    /** 0: nothing is taken for a loop. */
    readonly loopRounds: number
    readonly loopGapMs: number
    readonly loopPauseMs: number
  }
  /** 0: a hand-written message holds back nothing. */
  readonly takeover: { readonly pauseMs: number }
  readonly schedule: { readonly maxLateMs: number; readonly maxAheadMs: number; readonly maxWaiting: number }
  readonly retry: { readonly maxAgeMs: number; readonly concurrency: number }
  readonly retention: { readonly textMs: number }
  readonly watch: { readonly hint: boolean }
}
