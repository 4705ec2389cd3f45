import type { SkipReason } from './decide-forward.ts'
import type { HeldDetail } from './hold.ts'

/**
 * Every reason that the agent gives, in plain English: half a sentence that goes on after "because" or a colon. The one
 * place for these words; a test compares it with the reasons in the sources.
 */

/** Why a message was not forwarded. */
export const explainSkip = (reason: string): string => find(SKIPS, SKIP_FAMILIES, reason)

const SKIPS: Readonly<Record<SkipReason | 'dropped', string>> = {
  own: 'it was sent from this account, or turned out to be',
  own_echo: 'it is a copy of a text that the agent itself sent, in a chat with yourself',
  link_preview: 'it is the preview of a link in the message before it, and part of that',
  gathered: 'it was POSTed together with the message before it (forward.gather, or a picture with its caption)',
  edit_notice: 'it tells in words that an earlier message, which the backend has, was edited',
  tapback: 'it is a tapback (a heart, a thumbs up), not a text',
  associated: 'it is a sticker, a poll or the like, attached to another message',
  group_event: 'it only reports a change in the group: a new name, somebody joined or left',
  system: 'it is a system notice',
  send_later: 'it is a text scheduled for later',
  before_first_start: 'it was sent before this agent first started: history is never answered',
  stale: 'it was older than max_message_age when the agent first saw it, or had no date',
  twin: 'it is a duplicate of an earlier message (same thread, sender, time and text)',
  empty: 'it had no text, or only blanks, or its sender had unsent it',
  attachment_only: 'it has no text, only an attachment',
  not_allowed: 'neither its thread nor its sender is in forward.allow',
  group: 'it came from a group, and forward.groups does not allow it',
  machine: 'its sender is a short code or a name, not a person, and no rule of yours forwards it',
  junk: 'Messages takes it for junk, and no rule of yours forwards junk',
  blocked: 'its sender is blocked in Messages, and no rule of yours forwards such',
  transactions: 'Messages filed it under transactions, and no rule of yours forwards these',
  promotions: 'Messages filed it under promotions, and no rule of yours forwards these',
  unrecognised: 'Messages marked it in a way that this version does not know (edge-agent doctor says how)',
  unsent: 'its sender unsent it',
  denied: 'its thread or its sender is in forward.deny',
  incomplete: 'Messages did not finish writing it within a minute',
  dropped: 'it was dropped (edge-agent queue drop)',
}

const SKIP_FAMILIES: readonly Family[] = [
  [/^rule:(.+)$/s, name => `your rule "${name}" says so`],
  [/^redact:(.+)$/s, kind => `it contains something that must not leave this Mac: ${kind}`],
]

/** By which rule of the filter a message was forwarded or not. */
export const explainRule = (rule: string): string => find(RULES, RULE_FAMILIES, rule)

const RULES: Readonly<Record<string, string>> = {
  default: 'no rule of yours says otherwise',
  unknown: 'it was decided before rules were recorded',
  attachment_only: 'it has no text, and no rule of yours forwards attachments alone',
  category: 'Messages keeps it apart, and no rule of yours names its category',
  machine: 'its sender is not a person, and no rule of yours names it',
  unsent: 'its sender unsent a message that the backend has',
  'forward.allow': 'the setting forward.allow decides',
  'forward.deny': 'the setting forward.deny decides',
  'forward.groups': 'the setting forward.groups decides about groups',
}

const RULE_FAMILIES: readonly Family[] = [
  [/^rule:(.+)$/s, name => `your rule "${name}" decides`],
  [/^redact:(.+)$/s, kind => `the setting redact.${kind} decides`],
  [/^(forward\.\S+)$/, setting => `the setting ${setting} decides`],
]

/** How a POST ended: `answered`, or why the message waits, or is dead. */
export const explainPost = (reason: string): string => find(POSTS, POST_FAMILIES, reason)

const POSTS: Readonly<Record<string, string>> = {
  answered: 'the backend answered',
  first_post: 'its first POST has not started, or has only just started',
  interrupted: 'the agent was stopped during the POST; the backend may or may not have it',
  stopped: 'the agent was stopped cleanly and did not wait for the answer any longer',
  timeout: 'no complete answer came within 120 s',
  empty: 'the backend accepted it with an empty answer',
  not_gzip: 'the answer was marked as gzip, but was not',
  not_json: 'the answer was not JSON',
  wrong_shape: 'the answer was JSON, but without the expected fields',
  too_large: 'the answer was larger than 1 MiB',
  redirect:
    'the backend redirected to another address; the agent never follows, because that would send the secret there',
  bad_request: 'the request could not be made; nothing left this Mac',
  state_lost: 'the state database was lost, so it is not known whether this message was answered',
  http_400: 'the backend did not accept it (status 400, bad request)',
  http_401: 'the backend did not accept the secret (status 401)',
  http_403: 'the backend does not accept this agent (status 403)',
  http_404: 'the backend has nothing at that address (status 404)',
  http_408: 'the backend timed out (status 408)',
  http_409: 'the backend was still working on it (status 409)',
  http_413: 'it was too large for the backend (status 413)',
  http_422: 'the backend did not accept its content (status 422)',
  http_429: 'the backend asked the agent to wait (status 429)',
  network_ECONNREFUSED: "nothing listens at the backend's address; nothing left this Mac",
  network_ENOTFOUND: "the backend's host name does not exist; nothing left this Mac",
  network_EAI_AGAIN: "the backend's host name could not be looked up; nothing left this Mac",
  network_CONNECT_TIMEOUT: 'there was no connection within 10 s; nothing left this Mac',
  network_ENETUNREACH: 'there was no network; nothing left this Mac',
  network_EHOSTUNREACH: 'the backend could not be reached; nothing left this Mac',
  network_ECONNRESET: 'the connection broke; the backend may or may not have it',
  network_NO_ANSWER: 'the connection ended without an answer',
}

const POST_FAMILIES: readonly Family[] = [
  [/^http_(4\d\d)$/, status => `the backend did not accept it (status ${status})`],
  [/^http_(5\d\d)$/, status => `the backend failed (status ${status})`],
  [/^http_(\d+)$/, status => `the backend answered with status ${status}`],
  [/^tls_(.+)$/s, code => `the backend's certificate was not accepted (${code})`],
  [/^network_(.+)$/s, code => `the connection failed (${code})`],
]

/** Why a bubble is where it is. */
export const explainBubble = (reason: string): string => find(BUBBLES, BUBBLE_FAMILIES, reason)

const BUBBLES: Readonly<Record<string, string>> = {
  outcome_unknown: 'it is not known whether Messages sent it: the attempt was cut off and chat.db has no row for it',
  no_row: 'Messages accepted it, but no row appeared in chat.db within two minutes',
  timed_out: 'osascript took longer than send.timeout and was stopped',
  evidence_lost: "osascript's record of the attempt cannot be read",
  never_spawned: 'osascript was never started',
  agent_stopped_before: 'the agent was stopped before osascript was started',
  agent_stopped_meanwhile: 'the agent was stopped while osascript was running',
  unknown_thread: 'Messages has no chat for this thread',
  warm: 'an osascript stood ready for it',
  went_cold: 'by an osascript started for it, as the one that stood ready did nothing',
  dropped: 'it was dropped (edge-agent queue drop, or resume --drop)',
  message_unsent: "the message that it answers was unsent by its sender, or turned out to be the owner's own",
  too_many_waiting: "more than a day's worth of texts (send.max_per_day_per_thread) waited in its thread",
  cancelled: 'the backend cancelled it before it was sent',
  text_has_nul: 'its text contains a NUL, which cannot be passed to osascript',
  text_has_lone_surrogate: 'its text is malformed: it contains half a surrogate pair',
  text_too_long: 'its text is longer than what may be sent to a thread in a day',
  'messages_error_-1743': 'macOS does not let the agent control Messages (-1743); all sending waits for permission',
  'messages_error_-1744':
    'macOS is asking whether the agent may control Messages (-1744); all sending waits for the answer',
  'messages_error_-1728': 'Messages cannot find this chat (-1728)',
  'messages_error_-1719': 'Messages cannot find this account (-1719)',
  'messages_error_-600': 'Messages was not running (-600)',
}

const BUBBLE_FAMILIES: readonly Family[] = [
  [/^messages_error_(.+)$/s, code => `Messages reported error ${code}`],
  [/^messages_row_error_(.+)$/s, code => `Messages could not deliver it (error ${code} in its row)`],
  [/^spawn_(SLOT_GONE|NO_EVIDENCE)$/, () => 'the osascript that stood ready could not be used'],
  [/^spawn_(.+)$/s, code => `osascript could not be started (${code})`],
  [/^exit_(\d+)$/, code => `osascript ended with code ${code}`],
  [/^killed_(.+)$/s, signal => `osascript was stopped by ${signal}`],
]

/** Why a command failed, or how it was completed: the words of its ack. */
export const explainCommand = (word: string): string =>
  Object.hasOwn(COMMANDS, word) ? (COMMANDS[word] ?? word) : explainBubble(word)

const COMMANDS: Readonly<Record<string, string>> = {
  sent: 'its bubble is in chat.db',
  deduplicated: 'not sent again: the other channel delivers this bubble',
  failed: 'it provably was not sent',
  parked: 'it is not known whether it was sent: you decide (edge-agent queue)',
  invalid_payload: 'one of its fields is invalid',
  invalid_command_id: 'its id is too long or malformed',
  unsupported_command_type: 'this agent does not know this type of command',
  conflict: 'its id was used before with another type, thread or text',
  unknown_thread: 'nobody in its thread has written to this Mac',
  not_allowed: 'its thread is not in send.allow',
  rate_limited:
    'a limit was reached: send.max_per_minute, send.max_per_day or one of their …_per_thread (waiting texts count too)',
  new_recipient_limit: 'commands had already written to send.max_new_per_day new threads in 24 hours',
  quiet_hours: 'these are quiet hours (send.quiet_hours), and send.quiet is "refuse"',
  loop_breaker: 'its thread was in a reply loop with another bot, and sending there is paused',
  message_unsent: "the message that it answers was unsent by its sender, or turned out to be the owner's own",
  text_is_blank: 'its text is blank',
  scheduled: 'it is waiting for its time',
  cancelled: 'the backend cancelled it before it was sent',
  too_late: 'it was late by more than schedule.max_late when the agent could have sent it',
  too_far: 'its time is further ahead than schedule.max_ahead',
  too_many_scheduled: 'schedule.max_waiting scheduled messages were already waiting',
  unknown_schedule: 'there is no scheduled message with that id',
  already_sent: 'it was already sent, or is being sent',
}

/** What holds back a bubble: the words of the acks, too. */
export const explainHold = (detail: string): string => find(HOLDS, [], detail)

const HOLDS: Readonly<Record<HeldDetail | 'rate_limited', string>> = {
  held_paused: 'sending is paused (edge-agent pause)',
  held_takeover: 'the owner is writing in this thread by hand',
  held_loop: 'this thread was in a reply loop with another bot',
  held_chat_db: 'chat.db cannot be read, so nobody can tell whether this thread exists',
  held_quiet_hours: 'these are quiet hours (send.quiet_hours)',
  rate_limited: 'a limit on sending was reached (send.max_…)',
}

/** The tables R and A of docs/delivery-rules.md: whether a reflex and the first bubble of an answer are one. */
export const explainBinding = (rule: string): string => find(BINDINGS, [], rule)

const BINDINGS: Readonly<Record<string, string>> = {
  R1: 'this command had come before: not carried out again, but its outcome was reported again',
  R2: 'the backend named the message that it answers',
  R3: 'an answer that begins with this text had already come: the same bubble, not sent twice',
  R3a: 'the earlier message that lacks such a reflex cannot get one any more, so this is that of the next message: sent at once',
  R3b: 'an answer that begins with this text had already come: the same bubble, not sent twice',
  R4: 'the message was POSTed again, and this reflex has the same text as the first: not sent twice',
  R5: 'no answer begins with this text yet: sent at once, and remembered for the answer',
  R6: 'the message that it answers was unsent by its sender: not sent',
  A1: 'the first bubble of the answer is this reflex: not sent twice',
  A1b: 'a reflex that was kept back for an earlier message was this one: the first bubble of the answer was sent',
  A4: "a reflex was this message's own, though its answer begins differently: it was shown as well",
  A2: 'the reflex was never sent, so the first bubble of the answer was sent instead',
  A3: 'no reflex has the text of the first bubble: all bubbles of the answer were sent',
  'A3 mismatch': 'a reflex with another text came in between: it and all bubbles of the answer were sent',
}

type Family = readonly [pattern: RegExp, words: (part: string) => string]

const find = (words: Readonly<Record<string, string>>, families: readonly Family[], reason: string): string => {
  if (Object.hasOwn(words, reason)) return words[reason] ?? noWords(reason)
  for (const [pattern, say] of families) {
    const [, part] = pattern.exec(reason) ?? []
    if (part !== undefined) return say(part)
  }
  return noWords(reason)
}

/** Where a reason has no words yet it stands for itself. */
const noWords = (reason: string): string => reason.replaceAll('_', ' ')

/** Whether the words are more than the reason itself. */
export const hasWords = (reason: string, words: string): boolean => words !== noWords(reason)
