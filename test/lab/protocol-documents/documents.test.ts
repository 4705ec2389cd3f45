import { readFileSync } from 'node:fs'
import asyncApiSpecs from '@asyncapi/specs'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv, type AnySchemaObject } from 'ajv'
import addFormats from 'ajv-formats'
import { expect, test } from 'vitest'
import { asyncApiDocument } from '../../../src/lab/protocol-documents/asyncapi-document.ts'
import { DOCUMENTS } from '../../../src/lab/protocol-documents/documents.ts'
import { openApiDocument } from '../../../src/lab/protocol-documents/openapi-document.ts'
import { asyncApiValidator, openApiValidator } from './validators.ts'

const openApi = openApiDocument()
const asyncApi = asyncApiDocument()
const { post } = openApi.paths['/edge/message']

test.each([...DOCUMENTS])('docs/%s is what the code makes: npm run docs:specs writes it', (name, render) => {
  expect(readFileSync(new URL(`../../../docs/${name}`, import.meta.url), 'utf8')).toBe(render())
})

test('openapi.json is OpenAPI 3.1, by the schema of the OpenAPI Initiative', async () => {
  const validate = (document: object) => new Validator().validate({ ...document })
  expect(await validate(openApi)).toEqual({ valid: true })
  expect(await validate({ ...openApi, info: { title: 'without a version' } })).toMatchObject({ valid: false })
})

test('asyncapi.json is AsyncAPI 3.0, by the schema of the AsyncAPI Initiative', () => {
  // It brings the schema of JSON Schema itself along.
  const ajv = new Ajv({ strict: false, meta: false, validateSchema: false })
  addFormats.default(ajv)
  const validate = ajv.compile(asyncApiSpecs.schemas['3.0.0'] as AnySchemaObject)
  const faultsOf = (document: object) => (validate(document) ? [] : validate.errors)
  expect(faultsOf(asyncApi)).toEqual([])
  const shouting = { ...asyncApi.operations.sendCommand, action: 'shout' }
  expect(faultsOf({ ...asyncApi, operations: { shouting } })).not.toEqual([])
})

test.each([
  ['openapi.json', openApi],
  ['asyncapi.json', asyncApi],
])('every $ref of %s leads somewhere', (_, document) => {
  const refs = [...nodesOf(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []))
  expect(refs.length).toBeGreaterThan(5)
  expect(refs.filter(ref => resolve(document, ref) === undefined)).toEqual([])
})

test('every example of openapi.json fits its schema', () => {
  const bodies = [post.requestBody, post.responses['200']].map(({ content }) => content['application/json'])
  const faults = [
    ...bodies.flatMap(({ schema, examples }) => {
      const validate = openApiValidator(schemaAt(openApi, schema.$ref))
      return Object.values(examples).map(({ value }) => validate(value))
    }),
    ...post.parameters.map(({ schema, example }) => openApiValidator(schema)(example)),
    ...[...nodesOf(openApi.components)].flatMap(node =>
      Array.isArray(node['examples']) ? node['examples'].map(openApiValidator(node)) : [],
    ),
  ]
  expect(faults.length).toBeGreaterThan(10)
  expect(faults.filter(fault => fault !== undefined)).toEqual([])
})

test('every example of asyncapi.json fits its schema', () => {
  const faults = [
    ...Object.values(asyncApi.components.messages).flatMap(({ payload, examples }) => {
      const validate = asyncApiValidator(schemaAt(asyncApi, payload.$ref))
      return examples.map(example => validate(example.payload))
    }),
    ...[...nodesOf([asyncApi.components.schemas, asyncApi.channels.edge.bindings])].flatMap(node =>
      Array.isArray(node['examples']) ? node['examples'].map(asyncApiValidator(node)) : [],
    ),
  ]
  expect(faults.length).toBeGreaterThan(10)
  expect(faults.filter(fault => fault !== undefined)).toEqual([])
})

test('nothing that goes beyond correlation.md is required', () => {
  const marked = [...nodesOf([openApi, asyncApi])].filter(node => node['x-beyond-correlation'] === true)
  expect(marked.map(({ name }) => name)).toEqual(expect.arrayContaining(['Idempotency-Key', 'command_ack', 'ping']))
  expect(marked.filter(({ required }) => required === true)).toEqual([])

  const requiredAndMarked = [...nodesOf([openApi, asyncApi])].flatMap(({ required, properties }) =>
    Array.isArray(required)
      ? required.filter(name => (properties as Tree | undefined)?.[name]?.['x-beyond-correlation'] === true)
      : [],
  )
  expect(requiredAndMarked).toEqual([])
})

test('what correlation.md shows is in the documents, field by field, and not marked', () => {
  const { SendMessageNowFrame } = asyncApi.components.schemas as Tree
  const data = at(SendMessageNowFrame, 'properties', 'data')
  const fields = { ...at(data, 'properties'), ...at(data, 'properties', 'payload', 'properties') } as Tree
  const unmarked = Object.keys(fields).filter(name => fields[name]?.['x-beyond-correlation'] === undefined)
  expect(unmarked.toSorted()).toEqual(
    ['bubble_type', 'command_id', 'command_type', 'payload', 'priority', 'text', 'thread_id', 'timestamp'].toSorted(),
  )
  expect(at(openApi.components.schemas.MessageRequest, 'required')).toEqual(['thread_id', 'sender', 'filtered_text'])
  expect(Object.keys(at(openApi.components.schemas.MessageAnswer, 'properties'))).toEqual([
    'should_respond',
    'reply_bubbles',
  ])
})

type Node = Readonly<Record<string, unknown>>
type Tree = Readonly<Record<string, Node>>

/** Every object of a document, however deep. */
function* nodesOf(value: unknown): Generator<Node> {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value)) yield value as Node
  for (const child of Object.values(value)) yield* nodesOf(child)
}

const resolve = (document: object, ref: string): unknown =>
  ref
    .replace(/^#\//, '')
    .split('/')
    // A channel holds its messages by reference.
    .reduce<unknown>((node, key) => {
      const next = (node as Node | undefined)?.[key]
      return isRef(next) ? resolve(document, next.$ref) : next
    }, document)

const isRef = (node: unknown): node is { readonly $ref: string } =>
  typeof node === 'object' && node !== null && '$ref' in node

const schemaAt = (document: object, ref: string): AnySchemaObject => resolve(document, ref) as AnySchemaObject

const at = (node: object | undefined, ...path: readonly string[]): object =>
  path.reduce((inner, key) => (inner as Tree)[key] ?? {}, node ?? {})
