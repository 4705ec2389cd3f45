import type { SkipReason } from './decide-forward.ts'
import type { HeldDetail } from './hold.ts'

/**
 * Every reason that the agent gives, in plain English: half a sentence that goes on after "because" or a colon. The one
 * place for these words; a test compares it with the reasons in the sources.
 */

/** Why a message was not forwarded. */
export const explainSkip = (reason: string): string => find(SKIPS, SKIP_FAMILIES, reason)

const SKIPS: Readonly<Record<SkipReason | 'dropped', string>> = {
  own: 'it was sent from this account',
  own_echo: 'it is the copy of a text that the agent itself had sent into a chat with oneself',
  tapback: 'it is a tapback (a heart, a thumbs up), no text',
  associated: 'it is a sticker, a poll or the like, put onto another message',
  group_event: 'it only tells of the group: a name changed, somebody came or left',
  system: 'it is a notice of the system',
  send_later: 'it is a text scheduled for later',
  before_first_start: 'it was sent before this agent was first started: history is never answered',
  stale: 'it was older than max_message_age when the agent first saw it',
  twin: 'it is a copy of a message that was seen before (same thread, sender, time and words)',
  empty: 'there was nothing to read in it, or its sender had withdrawn it',
  attachment_only: 'it has no text, only an attachment',
  not_allowed: 'neither its thread nor its sender is in forward.allow',
  group: 'it is of a group, and forward.groups does not let it pass',
  unsent: 'its sender took it back',
  denied: 'its thread or its sender is in forward.deny',
  incomplete: 'Messages did not finish writing it within a minute',
  dropped: 'a person gave it up (edge-agent queue drop)',
}

const SKIP_FAMILIES: readonly Family[] = [
  [/^rule:(.+)$/s, name => `your rule "${name}" says so`],
  [/^redact:(.+)$/s, kind => `it holds what is never to leave this Mac: ${kind}`],
]

/** By which rule of the filter a message was forwarded or not. */
export const explainRule = (rule: string): string => find(RULES, RULE_FAMILIES, rule)

const RULES: Readonly<Record<string, string>> = {
  default: 'no rule of yours says otherwise',
  unknown: 'it was decided before rules were recorded',
  attachment_only: 'there is no text in it, and no rule of yours forwards attachments alone',
  unsent: 'its sender took back a message that the backend has',
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
  first_post: 'its first POST has not begun, or has just begun',
  interrupted: 'the agent was stopped meanwhile; whether the backend got it is not known',
  stopped: 'the agent was stopped in order, and did not wait any longer for the answer',
  timeout: 'no complete answer came within 120 s',
  empty: 'the backend said yes with an empty answer',
  not_gzip: 'the answer said that it was packed, and was not',
  not_json: 'the answer was no JSON',
  wrong_shape: 'the answer was JSON of another shape than agreed',
  too_large: 'the answer was larger than 1 MiB',
  redirect: 'the backend sent us to another address, which is never followed: the secret would go along',
  bad_request: 'the request could not be made at all; nothing left this Mac',
  state_lost: 'the state database was lost, and with it whether this message had been answered',
  http_400: 'the backend did not accept it (status 400, bad request)',
  http_401: 'the backend did not accept the secret (status 401)',
  http_403: 'the backend does not let this agent in (status 403)',
  http_404: 'there is nothing at that address of the backend (status 404)',
  http_408: 'the backend gave up waiting (status 408)',
  http_409: 'the backend was still busy with it (status 409)',
  http_413: 'it was too large for the backend (status 413)',
  http_422: 'the backend did not accept what was in it (status 422)',
  http_429: 'the backend asked everybody to wait (status 429)',
  network_ECONNREFUSED: 'nobody took the connection at that address; nothing left this Mac',
  network_ENOTFOUND: "the backend's name is not known; nothing left this Mac",
  network_EAI_AGAIN: "the backend's name could not be looked up; nothing left this Mac",
  network_CONNECT_TIMEOUT: 'no connection came about within 10 s; nothing left this Mac',
  network_ENETUNREACH: 'there was no network; nothing left this Mac',
  network_EHOSTUNREACH: 'there was no way to the backend; nothing left this Mac',
  network_ECONNRESET: 'the connection was cut; whether the backend got it is not known',
  network_NO_ANSWER: 'the connection ended without an answer',
}

const POST_FAMILIES: readonly Family[] = [
  [/^http_(4\d\d)$/, status => `the backend did not accept it (status ${status})`],
  [/^http_(5\d\d)$/, status => `the backend failed (status ${status})`],
  [/^http_(\d+)$/, status => `the backend answered with status ${status}`],
  [/^tls_(.+)$/s, code => `the backend could not prove who it is (${code})`],
  [/^network_(.+)$/s, code => `the connection failed (${code})`],
]

/** Why a bubble is where it is. */
export const explainBubble = (reason: string): string => find(BUBBLES, BUBBLE_FAMILIES, reason)

const BUBBLES: Readonly<Record<string, string>> = {
  outcome_unknown: 'whether Messages sent it cannot be told: the attempt broke off and chat.db has no row of it',
  no_row: 'Messages took it, but no row of it came up in chat.db within two minutes',
  timed_out: 'osascript took longer than send.timeout and was ended',
  evidence_lost: 'what osascript wrote about the attempt cannot be read',
  never_spawned: 'osascript was never started',
  agent_stopped_before: 'the agent was stopped before osascript was started',
  agent_stopped_meanwhile: 'the agent was stopped while osascript ran',
  unknown_thread: 'there is no chat of this thread',
  dropped: 'a person gave it up (edge-agent queue drop, or resume --drop)',
  message_unsent: 'the message that it answers was taken back by its sender',
  too_many_waiting: "more than a day's worth of texts (send.max_per_day_per_thread) waited in its thread",
  cancelled: 'the backend took it back before it was sent',
  text_has_nul: 'its text has a NUL in it, which no argument list can carry',
  text_has_lone_surrogate: 'its text is not well-formed: half a surrogate pair',
  text_too_long: 'its text is longer than send.max_length permits',
  'messages_error_-1743': 'macOS does not let the agent control Messages (-1743); all sending waits for that',
  'messages_error_-1744': 'macOS waits for somebody to allow the agent to control Messages (-1744); all sending waits',
  'messages_error_-1728': 'Messages does not find this chat (-1728)',
  'messages_error_-1719': 'Messages does not find this account (-1719)',
  'messages_error_-600': 'Messages did not run (-600)',
}

const BUBBLE_FAMILIES: readonly Family[] = [
  [/^messages_error_(.+)$/s, code => `Messages reported error ${code}`],
  [/^messages_row_error_(.+)$/s, code => `Messages could not deliver it and put error ${code} on its row`],
  [/^spawn_(.+)$/s, code => `osascript could not be started (${code})`],
  [/^exit_(\d+)$/, code => `osascript ended with code ${code}`],
  [/^killed_(.+)$/s, signal => `osascript was ended by ${signal}`],
]

/** Why a command failed, or how it was completed: the words of its ack. */
export const explainCommand = (word: string): string =>
  Object.hasOwn(COMMANDS, word) ? (COMMANDS[word] ?? word) : explainBubble(word)

const COMMANDS: Readonly<Record<string, string>> = {
  sent: 'its bubble is in chat.db',
  deduplicated: 'not sent, as the same bubble goes, or went, by another road',
  failed: 'it provably was not sent',
  parked: 'whether it was sent cannot be told: a person decides',
  invalid_payload: 'something in it does not fit',
  invalid_command_id: 'its id is too long or not well-formed',
  unsupported_command_type: 'this agent does not know such a command',
  conflict: 'its id came before, with another type, thread or text',
  unknown_thread: 'nobody there has written to this Mac',
  not_allowed: 'its thread is not in send.allow',
  rate_limited:
    'as many texts as send.max_per_minute, send.max_per_day or one of their …_per_thread permits were sent or waiting',
  new_recipient_limit:
    'commands had begun with send.max_new_per_day new threads in 24 hours, and this would be one more',
  quiet_hours: 'nothing is sent at this hour (send.quiet_hours), and send.quiet is "refuse"',
  loop_breaker: 'another machine answered there without pause, and nothing is sent there for a while',
  message_unsent: 'the message that it answers was taken back by its sender',
  text_is_blank: 'its text is blank',
  scheduled: 'it waits for its time',
  cancelled: 'the backend took it back before it was sent',
  too_late: 'its time was over for longer than schedule.max_late when the agent could have sent it',
  too_far: 'its time is further ahead than schedule.max_ahead',
  too_many_scheduled: 'as many scheduled messages wait as schedule.max_waiting permits',
  unknown_schedule: 'there is no scheduled message of that id',
  already_sent: 'it was sent already, or is just being sent',
}

/** What holds back a bubble: the words of the acks, too. */
export const explainHold = (detail: string): string => find(HOLDS, [], detail)

const HOLDS: Readonly<Record<HeldDetail | 'rate_limited', string>> = {
  held_paused: 'a person has paused sending (edge-agent pause)',
  held_takeover: 'the owner writes in this thread by hand',
  held_loop: 'another machine answered in this thread without pause',
  held_quiet_hours: 'it is a time at which nothing is sent (send.quiet_hours)',
  rate_limited: 'as many texts as the limits permit have been sent',
}

/** The tables R and A of docs/delivery-rules.md: whether a reflex and the first bubble of an answer are one. */
export const explainBinding = (rule: string): string => find(BINDINGS, [], rule)

const BINDINGS: Readonly<Record<string, string>> = {
  R1: 'this command had come before: not carried out again, its outcome was told again',
  R2: 'the backend named the message that it answers',
  R3: 'an answer that begins with these words was there already: the same bubble, not sent twice',
  R3a: 'the earlier message that lacks such a reflex cannot get one any more, so it is that of the next one: sent at once',
  R3b: 'an answer that begins with these words was there already: the same bubble, not sent twice',
  R4: 'the message was POSTed again, and this reflex says what the first one said: not sent twice',
  R5: 'no answer begins with these words yet: sent at once, and remembered for the answer',
  R6: 'the message that it answers was taken back by its sender: not sent',
  A1: 'the first bubble of the answer is this reflex: not sent twice',
  A1b: 'a reflex that was held back for an earlier message was this one: the first bubble of the answer was sent',
  A4: "a reflex was this message's own, though its answer begins otherwise: it was shown as well",
  A2: 'the reflex was never sent, so the first bubble of the answer was sent in its place',
  A3: 'no reflex says what the first bubble says: all bubbles of the answer were sent',
  'A3 mismatch': 'a reflex came meanwhile that says something else: it and all bubbles of the answer were sent',
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
