import { EDGE_MESSAGE_PATH, messageRequest } from '../../../src/protocol/wire.ts'
import { startAgent } from '../start-agent.ts'
import type { Peer } from './peer.ts'

export const edgeAgent: Peer = {
  name: 'edge-agent',
  start: ({ dir, backendUrl, connected }) =>
    startAgent({ dir, backend: { url: backendUrl, connectionOf: () => connected } }),
  textOf: ({ path, body }) =>
    path === EDGE_MESSAGE_PATH ? messageRequest.parse(JSON.parse(body)).filtered_text : undefined,
  answer: { contentType: 'application/json', body: '{"should_respond":false}' },
}
