/** The conversation of `correlation.md`, in the order in which it crosses the wire. */

export const AGENT_ID = 'edge_13238407486'
export const IDEMPOTENCY_KEY = '"B373E262-AFC1-41F5-B802-7B90DC0BEE7B"'

const THREAD_ID = '+15622924139'
const COMMAND_ID = '8bb7509b-ad82-4bd1-bbb2-f47e837294dd'

export const REQUESTS = {
  direct: {
    summary: 'A message in a conversation of two',
    value: {
      thread_id: THREAD_ID,
      sender: THREAD_ID,
      filtered_text: 'Can you find me the best deal for a Mac mini?',
    },
  },
  group: {
    summary: 'A message in a group',
    value: { thread_id: 'chat655333', sender: THREAD_ID, filtered_text: 'who is in?' },
  },
  extended: {
    summary: 'A message in a group, with `payload = "extended"`',
    value: {
      thread_id: 'chat655333',
      sender: THREAD_ID,
      filtered_text: 'at 5 then',
      message_id: '0B4E1B33-9E37-4C0B-8E0C-0C4A3A7F5D11',
      timestamp: '2025-11-17T20:00:00.000Z',
      is_group: true,
      group_name: 'Family',
      service: 'iMessage',
      participants: [THREAD_ID, 'anna@example.com'],
      attachments: [{ name: 'IMG_0042.heic', mime_type: 'image/heic', bytes: 48213, is_sticker: false }],
      reply_to: 'B373E262-AFC1-41F5-B802-7B90DC0BEE7B',
    },
  },
  unsent: {
    summary: 'Its sender unsent it, with `payload = "extended"`',
    value: {
      thread_id: 'chat655333',
      sender: THREAD_ID,
      filtered_text: '',
      event: 'unsent',
      message_id: '0B4E1B33-9E37-4C0B-8E0C-0C4A3A7F5D11',
      timestamp: '2025-11-17T20:00:00.000Z',
      is_group: true,
      service: 'iMessage',
      participants: [THREAD_ID, 'anna@example.com'],
      attachments: [],
      unsent_at: '2025-11-17T20:01:00.000Z',
    },
  },
}

const REFLEX = {
  type: 'command',
  data: {
    command_id: COMMAND_ID,
    command_type: 'send_message_now',
    payload: { thread_id: THREAD_ID, text: 'okie lemme see', bubble_type: 'reflex' },
    priority: 'immediate',
    timestamp: '2025-11-17T20:00:00.123456',
  },
}

export const COMMANDS = [
  { name: 'reflex', summary: 'A reflex, as correlation.md has it: a time without a zone', payload: REFLEX },
  {
    name: 'reflexInReplyTo',
    summary: 'A reflex that names the message it answers',
    payload: {
      ...REFLEX,
      data: { ...REFLEX.data, payload: { ...REFLEX.data.payload, in_reply_to: IDEMPOTENCY_KEY } },
    },
  },
  {
    name: 'plain',
    summary: 'A separate bubble, without any optional fields',
    payload: {
      type: 'command',
      data: {
        command_id: 'reminder-17',
        command_type: 'send_message_now',
        payload: { thread_id: 'chat655333', text: 'Dinner in an hour.' },
      },
    },
  },
]

const schedule = (payload: object) => ({
  type: 'command',
  data: { command_id: 'reminder-18', command_type: 'schedule_message', payload: { thread_id: THREAD_ID, ...payload } },
})

export const SCHEDULES = [
  {
    name: 'instant',
    summary: 'A time with its zone, as datetime.isoformat() of Python writes it',
    payload: schedule({ message_text: 'Dentist in an hour.', send_at: '2026-11-23T08:00:00.123456+00:00' }),
  },
  {
    name: 'onClocks',
    summary: 'A local time in a place, with its own name',
    payload: schedule({
      message_text: 'Dentist in an hour.',
      send_at: '2026-11-23T09:00:00',
      time_zone: 'Europe/Berlin',
      is_group: false,
      schedule_id: 'dentist',
    }),
  },
]

const cancel = (payload: object) => ({
  type: 'command',
  data: { command_id: 'cancel-18', command_type: 'cancel_scheduled', payload },
})

export const CANCELS = [
  { name: 'bySchedule', summary: 'By its own name', payload: cancel({ schedule_id: 'dentist' }) },
  { name: 'byCommand', summary: 'By the command that scheduled it', payload: cancel({ command_id: 'reminder-18' }) },
]

export const ANSWERS = {
  reply: {
    summary: 'All bubbles, the reflex first',
    value: { should_respond: true, reply_bubbles: ['okie lemme see', 'bubble 2', 'bubble 3'] },
  },
  noReply: { summary: 'No reply', value: { should_respond: false, reply_bubbles: [] } },
}

export const ACKS = [
  {
    name: 'received',
    summary: 'The command is stored',
    payload: { type: 'command_ack', data: { command_id: COMMAND_ID, status: 'received' } },
  },
  {
    name: 'scheduled',
    summary: 'The message is stored until its time',
    payload: {
      type: 'command_ack',
      data: {
        command_id: 'reminder-18',
        status: 'received',
        detail: 'scheduled',
        schedule_id: 'dentist',
        send_at: '2026-11-23T08:00:00.000Z',
      },
    },
  },
  {
    name: 'sent',
    summary: 'The bubble was sent',
    payload: {
      type: 'command_ack',
      data: {
        command_id: COMMAND_ID,
        status: 'completed',
        completed_at: '2025-11-17T20:00:01.012Z',
        detail: 'sent',
      },
    },
  },
  {
    name: 'refused',
    summary: 'Nobody in this thread has written to this Mac',
    payload: {
      type: 'command_ack',
      data: {
        command_id: 'reminder-17',
        status: 'failed',
        completed_at: '2025-11-17T20:00:02.567Z',
        error: 'unknown_thread',
      },
    },
  },
]
