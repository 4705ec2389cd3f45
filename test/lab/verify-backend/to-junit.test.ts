import { expect, test } from 'vitest'
import { toJunit } from '../../../src/lab/verify-backend/to-junit.ts'
import type { CheckReport, Report } from '../../../src/lab/verify-backend/verify-backend.ts'

const check = (id: string, answer: CheckReport['answer'], seen = 'this'): CheckReport => ({
  id,
  answer,
  tried: 'it',
  seen,
})

const report = (checks: readonly CheckReport[], extras: readonly CheckReport[] = []): Report => ({
  backendUrl: 'https://x.example/?a&"b"',
  verdict: 'no',
  unreachable: undefined,
  sections: [{ title: '1. <A>', questions: [{ id: '1a', text: '?', answer: 'no', because: [], checks }] }],
  steps: [],
  extras,
  traffic: { messages: [], connections: [] },
})

/** The names of the elements in order; throws where they do not nest, or a text has a mark that it may not have. */
const elementsOf = (xml: string): readonly string[] => {
  const [prolog, ...rest] = xml.trimEnd().split('\n')
  expect(prolog).toBe('<?xml version="1.0" encoding="UTF-8"?>')
  const open: string[] = []
  const names: string[] = []
  const outside = rest
    .join('\n')
    .replace(
      /<(\/?)([\w-]+)((?: [\w-]+="[^"<&]*(?:&#\d+;[^"<&]*)*")*)(\/?)>/g,
      (_, ends, name, _attributes, closes) => {
        if (ends) expect(open.pop()).toBe(name)
        else {
          names.push(name)
          if (!closes) open.push(name)
        }
        return ''
      },
    )
  expect(open).toEqual([])
  expect(outside.replace(/&#\d+;/g, '')).not.toMatch(/[<>&\u0000-\u0008\u000B\u000C\u000E-\u001F]/)
  return names
}

test('a no is a failure, a doubt is skipped, an extra never fails', () => {
  const checks = [check('a', 'yes'), check('b', 'no'), check('c', 'unclear')]
  const xml = toJunit(report(checks, [check('x', 'no'), check('y', 'yes')]), false)
  expect(xml).toContain('tests="5" failures="1" errors="0" skipped="2"')
  expect(elementsOf(xml).filter(name => name !== 'system-out')).toEqual(
    ['testsuites', 'testsuite', 'testcase', 'testcase', 'failure', 'testcase', 'skipped', 'testcase', 'skipped'].concat(
      ['testcase'],
    ),
  )
})

test('a doubt is a failure where it has to be', () => {
  expect(toJunit(report([check('c', 'unclear')]), true)).toContain('tests="1" failures="1" errors="0" skipped="0"')
})

test('what a backend sends cannot break it', () => {
  const xml = toJunit(report([check('b', 'no', `<html>&"']]>\u0000\u001b[31m \uD83D 👀 <failure x="">`)]), false)
  expect(elementsOf(xml)).toEqual(['testsuites', 'testsuite', 'testcase', 'failure', 'system-out'])
  expect(xml).toContain('failures="1"')
  expect(xml).toContain('👀')
})

test('a backend that cannot be reached is an error', () => {
  const xml = toJunit({ ...report([]), unreachable: { code: 'ECONNREFUSED', message: 'refused' } }, false)
  expect(elementsOf(xml)).toEqual(['testsuites', 'testsuite', 'testcase', 'error'])
  expect(xml).toContain('tests="1" failures="0" errors="1"')
})
