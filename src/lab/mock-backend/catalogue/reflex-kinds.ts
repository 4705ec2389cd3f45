import { z } from 'zod'
import type { MessageAnswer } from '../../../protocol/wire.ts'
import type { Aim } from '../faults.ts'
import {
  afterAnswer,
  delay,
  drop,
  otherText,
  type ReflexEffect,
  rewrite,
  twice,
  twiceUnderNewId,
} from '../reflex-faults.ts'
import { type FaultKind, faultKind, type Laid, milliseconds, type Rig } from './fault-kind.ts'

/** What can go differently between the reflex and the answer that repeats it. */
export const REFLEX_KINDS: readonly FaultKind[] = [
  faultKind({
    name: 'reflex-drop',
    group: 'Reflex and answer',
    title: 'Forget the reflex',
    hint: 'It is never sent; it only comes with the answer.',
    params: {},
    lay: (rig, aim) => reflex(rig, aim, drop),
  }),
  faultKind({
    name: 'reflex-delay',
    group: 'Reflex and answer',
    title: 'Delay the reflex',
    hint: 'It comes some ms after the POST: while the backend thinks, or after the answer.',
    params: { ms: milliseconds.default(1000).describe('how much later, in ms') },
    lay: (rig, aim, { ms }) => reflex(rig, aim, delay(ms)),
  }),
  faultKind({
    name: 'reflex-after-answer',
    group: 'Reflex and answer',
    title: 'Reflex after the answer',
    hint: 'The reflex follows the answer that repeats it.',
    params: { ms: milliseconds.default(0).describe('this many ms later') },
    lay: (rig, aim, { ms }) => reflex(rig, aim, afterAnswer(ms)),
  }),
  faultKind({
    name: 'reflex-twice',
    group: 'Reflex and answer',
    title: 'Send the reflex twice',
    hint: 'With the same command id, or the second time with a new one.',
    params: { newId: z.boolean().default(false).describe('with a new id') },
    lay: (rig, aim, { newId }) => reflex(rig, aim, newId ? twiceUnderNewId : twice),
  }),
  faultKind({
    name: 'reflex-other-text',
    group: 'Reflex and answer',
    title: 'A different reflex than in the answer',
    hint: 'Its text is not what the answer begins with: the person sees both.',
    params: { text: z.string().min(1).max(2000).default('one moment').describe('its text') },
    lay: (rig, aim, { text }) => reflex(rig, aim, otherText(text)),
  }),
  faultKind({
    name: 'reflex-spelling',
    group: 'Reflex and answer',
    title: 'The reflex spelt differently',
    hint: 'The same text with other bytes: still one bubble for the person.',
    params: {
      form: z
        .enum(['trailing-space', 'nfd', 'crlf', 'variation-selector', 'curly-quotes'])
        .default('trailing-space')
        .describe('how'),
    },
    lay: (rig, aim, { form }) => reflex(rig, aim, rewrite(SPELLINGS[form])),
  }),
  faultKind({
    name: 'answer',
    group: 'Reflex and answer',
    title: 'An unusual answer',
    hint: 'Only the reflex, no bubbles, should_respond: false, or blank bubbles in between.',
    params: {
      form: z.enum(['reflex-only', 'no-bubbles', 'silent', 'blank-bubbles']).default('silent').describe('which'),
    },
    lay: ({ faults }, aim, { form }) => ({ lift: faults.answer.push({ ...aim, effect: ANSWERS[form] }) }),
  }),
]

const reflex = ({ faults }: Rig, aim: Aim, effect: ReflexEffect): Laid => ({
  lift: faults.reflex.push({ ...aim, effect }),
})

const SPELLINGS = {
  'trailing-space': (text: string) => `${text}  `,
  nfd: (text: string) => text.normalize('NFD'),
  crlf: (text: string) => `${text.replaceAll('\n', '\r\n')}\r\n`,
  'variation-selector': (text: string) => text.replaceAll(/\p{Extended_Pictographic}/gu, '$&\uFE0F'),
  'curly-quotes': (text: string) => text.replaceAll("'", '’').replaceAll('"', '”'),
}

const ANSWERS = {
  'reflex-only': ({ reply_bubbles }: MessageAnswer) => ({
    should_respond: true,
    reply_bubbles: (reply_bubbles ?? []).slice(0, 1),
  }),
  'no-bubbles': () => ({ should_respond: true, reply_bubbles: [] }),
  silent: () => ({ should_respond: false, reply_bubbles: [] }),
  'blank-bubbles': ({ reply_bubbles }: MessageAnswer) => ({
    should_respond: true,
    reply_bubbles: (reply_bubbles ?? []).flatMap(bubble => [bubble, '', '  \n']),
  }),
}
