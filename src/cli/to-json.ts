import { escapeControls } from '../agent/core/escape-controls.ts'

/** For programs, and harmless on a terminal: some words in it are the backend's, or of people who write. */
export const toJson = (value: unknown, indent?: number): string => escapeControls(JSON.stringify(value, null, indent))
