import type { BehaviourSettings } from '../mock-backend/behaviour.ts'

/** What the backend of the web demo says: enough to hold a small conversation, and to see whose answer is whose. */
export const WORDS: Pick<BehaviourSettings, 'reflex' | 'replies' | 'table' | 'bubbles'> = {
  reflex: 'okie lemme see',
  replies: 'table',
  bubbles: ['this backend is a mock, so I know only a few things', 'but “{text}” came through word for word ✌️'],
  table: [
    {
      match: 'mac ?mini|deal|price|cheap|buy',
      flags: 'i',
      reflex: 'okie lemme see',
      bubbles: ['found a few good options 👀', 'the refurbished one is $120 less', 'want me to send you the link?'],
    },
    {
      match: '^(yes|sure|ok|okay|yeah|please)\\b',
      flags: 'i',
      reflex: 'on it',
      bubbles: ['here you go: example.com/mac-mini', 'shall I keep an eye on the price?'],
    },
    {
      match: 'when|deliver|arriv',
      flags: 'i',
      reflex: 'checking the delivery dates',
      bubbles: ['Thursday if you order today', 'I will remind you tonight ⏰'],
    },
    {
      match: 'remind me (?:to )?(.+)',
      flags: 'i',
      reflex: 'noted ✍️',
      bubbles: ['I will remind you: {1}', 'tomorrow at nine?'],
    },
    {
      match: 'joke',
      flags: 'i',
      reflex: 'hmm, one moment',
      bubbles: ['I know one about UDP', 'but you might not get it'],
    },
    { match: '^(hi|hey|hello)\\b', flags: 'i', reflex: 'hey! 👋', bubbles: ['what can I find for you?'] },
    { match: 'thank', flags: 'i', reflex: 'anytime 🙌', bubbles: [] },
  ],
}
