/** One message and what the backend says to it; what makes the way of the words harder than usual. */
export type Scene = {
  readonly name: 'websocket' | 'no-websocket' | 'kill-9'
  readonly title: string
  readonly asks: string
  /** The first bubble, which the backend also sends ahead where there is a WebSocket. */
  readonly reflex: string
  readonly replies: readonly string[]
  readonly hasWebSocket: boolean
  /** The agent is killed once the reflex is out, and started again. */
  readonly isKilled: boolean
}

export const PERSON = '+15622924139'
/** The direct chat with that person, as the simulator names it. */
export const CHAT_GUID = `any;-;${PERSON}`
export const AGENT_ID = 'edge_13238407486'

export const SCENES: readonly Scene[] = [
  {
    name: 'websocket',
    title: 'Normal: the reflex comes over the WebSocket, the answer over HTTP',
    asks: 'Can you find me the best deal for a Mac mini?',
    reflex: 'okie lemme see',
    replies: ['found a few good options 👀', 'want me to send you the best one?'],
    hasWebSocket: true,
    isKilled: false,
  },
  {
    name: 'no-websocket',
    title: 'No WebSocket: the reflex comes with the answer',
    asks: 'yes please',
    reflex: 'on it',
    replies: ['the small one, refurbished, with a year of warranty', 'shall I keep an eye on the price?'],
    hasWebSocket: false,
    isKilled: false,
  },
  {
    name: 'kill-9',
    title: 'The agent is killed mid-reply, between reflex and answer, and restarted',
    asks: 'Sure. When would it be here?',
    reflex: 'checking the delivery dates',
    replies: ['Thursday if you order today', 'I will remind you tonight'],
    hasWebSocket: true,
    isKilled: true,
  },
]

/** What a person has to see of a scene, in this order. */
export const bubblesOf = ({ reflex, replies }: Scene): readonly string[] => [reflex, ...replies]
