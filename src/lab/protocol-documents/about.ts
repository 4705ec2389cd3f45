/** The version of the protocol, not of the agent: it changes with what crosses the wire. */
export const PROTOCOL_VERSION = '1.0.0'

/** Where `edge-agent mock-backend` listens unless told otherwise. */
export const MOCK_HOST = '127.0.0.1:8787'

/** What both documents say about their marks. */
export const MARKS = `Anything marked \`x-beyond-correlation: true\` goes beyond the first description of the protocol ("Backend \
WebSocket Correlation Instructions", \`correlation.md\`). All of it is optional for a backend: one that knows only \
\`correlation.md\` works. Unknown fields are ignored on both sides.`
