import { Ajv, type AnySchemaObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { asyncApiDocument } from '../../../src/lab/protocol-documents/asyncapi-document.ts'
import { openApiDocument } from '../../../src/lab/protocol-documents/openapi-document.ts'

// Strict: a keyword that JSON Schema does not know would mean nothing to anybody else either.
const OPTIONS = { strict: true, allowUnionTypes: true, keywords: ['x-beyond-correlation'] }

/** What does not fit, for people; undefined where all does. */
export type Validate = (value: unknown) => string | undefined

const validator = (ajv: Ajv | Ajv2020, schema: AnySchemaObject): Validate => {
  const validate = ajv.compile(schema)
  return value => (validate(value) ? undefined : ajv.errorsText(validate.errors))
}

/** A schema of either document, as somebody else's program would understand it. */
export const openApiValidator = (schema: AnySchemaObject): Validate => validator(new Ajv2020(OPTIONS), schema)
export const asyncApiValidator = (schema: AnySchemaObject): Validate => validator(new Ajv(OPTIONS), schema)

const http = openApiDocument().components.schemas
const ws = asyncApiDocument().components.schemas

/** Whether what crosses the wire is what the documents say. */
export const DOCUMENTED = {
  request: openApiValidator(http.MessageRequest),
  answer: openApiValidator(http.MessageAnswer),
  refusal: openApiValidator(http.Refusal),
  command: asyncApiValidator(ws.SendMessageNowFrame),
  schedule: asyncApiValidator(ws.ScheduleMessageFrame),
  cancel: asyncApiValidator(ws.CancelScheduledFrame),
  ack: asyncApiValidator(ws.CommandAckFrame),
  ping: asyncApiValidator(ws.PingFrame),
  pong: asyncApiValidator(ws.PongFrame),
} as const
