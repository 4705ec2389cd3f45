import { z } from 'zod'
import {
  BEYOND_CORRELATION,
  cancelScheduled,
  commandAckData,
  commandData,
  EDGE_WS_PATH,
  edgeAgentId,
  frame,
  scheduleMessage,
  sendMessageNow,
} from '../../protocol/wire.ts'
import { MARKS, MOCK_HOST, PROTOCOL_VERSION } from './about.ts'
import { CLOSE_CODES, UPGRADE_ANSWERS } from './connection-ends.ts'
import { ACKS, AGENT_ID, CANCELS, COMMANDS, SCHEDULES } from './examples.ts'
import { toSchema } from './to-schema.ts'

/** The WebSocket half of the protocol, as a backend has to serve it: AsyncAPI 3.0. Its schemas are those of the wire. */
export const asyncApiDocument = () => ({
  asyncapi: '3.0.0',
  info: { title: 'Edge backend: commands over a WebSocket', version: PROTOCOL_VERSION, description: INTRODUCTION },
  defaultContentType: 'application/json',
  servers: {
    mock: {
      host: MOCK_HOST,
      protocol: 'ws',
      description:
        'The mock backend. Yours has its own URL, perhaps with a path before `/edge`; over `https`, the protocol is `wss`.',
      security: [{ $ref: '#/components/securitySchemes/edgeSecret' }],
    },
  },
  channels: {
    edge: {
      address: EDGE_WS_PATH,
      title: 'The WebSocket of one agent',
      description: CHANNEL,
      servers: [{ $ref: '#/servers/mock' }],
      messages: Object.fromEntries(MESSAGES.map(name => [name, { $ref: `#/components/messages/${name}` }])),
      bindings: { ws: { method: 'GET', query: QUERY, headers: HEADERS, bindingVersion: '0.1.0' } },
      'x-upgrade-answers': UPGRADE_ANSWERS,
      'x-close-codes': CLOSE_CODES,
    },
  },
  operations: {
    sendCommand: {
      action: 'send',
      channel: CHANNEL_REF,
      title: 'Do something, now or later',
      summary: 'The backend tells the agent what to do: send the reflex or another bubble, now or at a given time.',
      messages: [messageRef('sendMessageNow'), messageRef('scheduleMessage'), messageRef('cancelScheduled')],
    },
    receiveCommandAck: {
      action: 'receive',
      channel: CHANNEL_REF,
      title: 'The outcome of a command',
      summary: 'The agent reports the outcome of each command. A backend may ignore these frames.',
      messages: [messageRef('commandAck')],
      ...BEYOND_CORRELATION,
    },
    ping: {
      action: 'send',
      channel: CHANNEL_REF,
      title: 'Is the agent connected?',
      summary: 'A backend may ask at any time; the agent answers at once. The agent itself sends no such ping.',
      messages: [messageRef('ping')],
      reply: { channel: CHANNEL_REF, messages: [messageRef('pong')] },
      ...BEYOND_CORRELATION,
    },
  },
  components: {
    messages: {
      sendMessageNow: {
        name: 'command',
        title: 'Command: send_message_now',
        summary: 'Send this text in this thread, now.',
        description: COMMAND,
        correlationId: COMMAND_ID,
        payload: { $ref: '#/components/schemas/SendMessageNowFrame' },
        examples: COMMANDS,
      },
      scheduleMessage: {
        name: 'command',
        title: 'Command: schedule_message',
        summary: 'Send this text in this thread, at this time.',
        description: SCHEDULE,
        correlationId: COMMAND_ID,
        payload: { $ref: '#/components/schemas/ScheduleMessageFrame' },
        examples: SCHEDULES,
        ...BEYOND_CORRELATION,
      },
      cancelScheduled: {
        name: 'command',
        title: 'Command: cancel_scheduled',
        summary: 'Do not send it after all.',
        description: CANCEL,
        correlationId: COMMAND_ID,
        payload: { $ref: '#/components/schemas/CancelScheduledFrame' },
        examples: CANCELS,
        ...BEYOND_CORRELATION,
      },
      commandAck: {
        name: 'command_ack',
        title: 'The outcome of a command',
        summary: 'Received, completed or failed. The last ack of a command counts.',
        description: COMMAND_ACK,
        correlationId: COMMAND_ID,
        payload: { $ref: '#/components/schemas/CommandAckFrame' },
        examples: ACKS,
        ...BEYOND_CORRELATION,
      },
      ping: {
        name: 'ping',
        title: 'Ping',
        summary: 'A JSON frame, not to be confused with the ping of the WebSocket itself.',
        payload: { $ref: '#/components/schemas/PingFrame' },
        examples: [{ name: 'ping', payload: { type: 'ping' } }],
        ...BEYOND_CORRELATION,
      },
      pong: {
        name: 'pong',
        title: 'Pong',
        summary: 'The answer to a ping.',
        payload: { $ref: '#/components/schemas/PongFrame' },
        examples: [{ name: 'pong', payload: { type: 'pong' } }],
        ...BEYOND_CORRELATION,
      },
    },
    schemas: {
      SendMessageNowFrame: toSchema(sendMessageNowFrame, 'draft-7'),
      ScheduleMessageFrame: toSchema(scheduleMessageFrame, 'draft-7'),
      CancelScheduledFrame: toSchema(cancelScheduledFrame, 'draft-7'),
      CommandAckFrame: toSchema(commandAckFrame, 'draft-7'),
      PingFrame: toSchema(frame.extend({ type: z.literal('ping') }), 'draft-7'),
      PongFrame: toSchema(frame.extend({ type: z.literal('pong') }), 'draft-7'),
    },
    securitySchemes: {
      edgeSecret: {
        type: 'http',
        scheme: 'bearer',
        description:
          'The secret that agent and backend share, as in the POST. A backend may ignore it here, and an agent without a secret sends none.',
        ...BEYOND_CORRELATION,
      },
    },
  },
})

const INTRODUCTION = `An edge agent on a Mac hands each message that comes in to a backend, and sends the reply. This document is the WebSocket half, \
from the backend's side: what it sends, and what it receives. Over it, the backend may send the first bubble of a reply early, the *reflex*, \
while it is still thinking. The HTTP half, \`POST /edge/message\`, is in \`openapi.json\`. \`edge_agent_id\` here and \`X-Edge-Agent-Id\` there tie \
the two together.

${MARKS}`

const CHANNEL = `The agent connects, with its id in the query, and keeps one connection open: it reconnects whenever it ends. The backend keeps a map \
from id to connection. A newer connection of an id replaces the older one. When an older one ends, the newer one must stay in the map.

Frames are JSON text of at most 256 KiB: \`{"type": …, "data": …}\`. A larger or broken one ends the connection; a binary one, an unknown type, \
or a command without an id is ignored.

The agent checks the connection with WebSocket pings, which every server library answers: it sends one at once and one every 10 s, and gives up \
after 5 s of silence. It closes with 1001 when it is stopped.`

const COMMAND = `A command of another \`command_type\`, or with an invalid payload, is acked as \`failed\` with the reason, and changes nothing else. \
Lengths count UTF-16 units.`

const SCHEDULE = `Acked twice: \`received\` with the detail \`scheduled\` once it is stored, and again when it has finished. After sleep or downtime, \
it is sent if it is at most \`schedule.max_late\` (default: ten minutes) late; otherwise it fails as \`too_late\`.`

const CANCEL = `Acked as \`completed\`, \`cancelled\` if nothing of it was sent, also if it had already ended unsent; the \`schedule_message\` is then \
acked as \`failed\`, \`cancelled\`. Acked as \`failed\` with \`already_sent\` if it was, is being, or may have been sent, or with \`unknown_schedule\`.`

const COMMAND_ACK = `A final ack (\`completed\`, \`failed\`) is kept until a WebSocket pong proves its arrival; without one, it is sent again over the next connection. So the same ack \
may come twice. A later one may differ, for example if a bubble counted as failed turns out to have been sent: the last one counts.`

const MESSAGES = ['sendMessageNow', 'scheduleMessage', 'cancelScheduled', 'commandAck', 'ping', 'pong'] as const
type MessageName = (typeof MESSAGES)[number]

const CHANNEL_REF = { $ref: '#/channels/edge' } as const
function messageRef(name: MessageName) {
  return { $ref: `#/channels/edge/messages/${name}` }
}

const COMMAND_ID = { location: '$message.payload#/data/command_id' } as const

const QUERY = {
  type: 'object',
  required: ['edge_agent_id'],
  properties: { edge_agent_id: toSchema(edgeAgentId, 'draft-7') },
}

const HEADERS = {
  type: 'object',
  properties: {
    Authorization: {
      type: 'string',
      ...BEYOND_CORRELATION,
      description: '`Bearer <secret>`, if the agent has one.',
      examples: ['Bearer <EDGE_SECRET>'],
    },
    'X-Edge-Agent-Id': {
      ...toSchema(edgeAgentId, 'draft-7'),
      ...BEYOND_CORRELATION,
      description: 'The same as `edge_agent_id` in the query; only the query counts.',
      examples: [AGENT_ID],
    },
  },
}

const sendMessageNowFrame = frame.extend({
  type: z.literal('command'),
  data: commandData.extend({
    command_type: z.literal('send_message_now').meta({ description: 'Send it now.' }),
    payload: sendMessageNow,
  }),
})

const scheduleMessageFrame = frame.extend({
  type: z.literal('command'),
  data: commandData.extend({
    command_type: z.literal('schedule_message').meta({ description: 'Send it later.' }),
    payload: scheduleMessage,
  }),
})

const cancelScheduledFrame = frame.extend({
  type: z.literal('command'),
  data: commandData.extend({
    command_type: z.literal('cancel_scheduled').meta({ description: 'Do not send it after all.' }),
    payload: cancelScheduled,
  }),
})

const commandAckFrame = frame.extend({ type: z.literal('command_ack'), data: commandAckData })
