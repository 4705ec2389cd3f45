import type { SecretSource } from './secret.ts'
import type { Settings } from './settings.ts'

/** The settings as the program uses them: durations in milliseconds, paths absolute. */
export type Config = ReturnType<typeof toConfig>

export const toConfig = (settings: Settings, secret: SecretSource) =>
  ({
    backendUrl: settings.backend_url,
    agentId: settings.agent_id,
    secret,
    chatDb: settings.chat_db,
    stateDir: settings.state_dir,
    osascript: settings.osascript,
    logLevel: settings.log_level,
    logFormat: settings.log_format,
    logFile: settings.log_file,
    maxMessageAgeMs: settings.max_message_age,
    payload: settings.payload,
    country: settings.country,
    ownAddresses: settings.own_addresses,
    gatherMs: settings.forward.gather,
    people: settings.people,
    forward: {
      allow: settings.forward.allow,
      deny: settings.forward.deny,
      groups: settings.forward.groups,
      names: settings.forward.names,
      startWords: settings.forward.start_words,
      rules: settings.forward.rules.map(({ unknown_sender, attachments_only, starts_with, ...rule }) => ({
        ...rule,
        unknownSender: unknown_sender,
        attachmentsOnly: attachments_only,
        startsWith: starts_with,
      })),
    },
    redact: settings.redact,
    dedupe: { match: settings.dedupe.match, windowMs: settings.dedupe.window },
    send: {
      allow: settings.send.allow,
      timeoutMs: settings.send.timeout,
      settleMs: settings.send.settle,
      warm: settings.send.warm,
      unknown: settings.send.unknown,
      retries: settings.send.retries,
      maxPerMinute: settings.send.max_per_minute,
      maxPerMinutePerThread: settings.send.max_per_minute_per_thread,
      maxLength: settings.send.max_length,
      maxNewPerDay: settings.send.max_new_per_day,
      maxPerDay: settings.send.max_per_day,
      maxPerDayPerThread: settings.send.max_per_day_per_thread,
      quietHours: settings.send.quiet_hours,
      quiet: settings.send.quiet,
      loopRounds: settings.send.loop_rounds,
      loopGapMs: settings.send.loop_gap,
      loopPauseMs: settings.send.loop_pause,
    },
    takeover: { pauseMs: settings.takeover.pause },
    schedule: {
      maxLateMs: settings.schedule.max_late,
      maxAheadMs: settings.schedule.max_ahead,
      maxWaiting: settings.schedule.max_waiting,
    },
    retry: { maxAgeMs: settings.retry.max_age, concurrency: settings.retry.concurrency },
    retention: { textMs: settings.retention.text },
    watch: settings.watch,
  }) as const
