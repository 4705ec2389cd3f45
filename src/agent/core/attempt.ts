/**
 * What an attempt may add to its name for a second process: `-c`, sent cold after the slot that had its name provably did
 * nothing; `-o`, sent to another chat of its thread after Messages did not find the chat; `-p`, sent to the chat's person then. In their order: each is made only after
 * those before it have provably sent nothing. Whoever looks for an attempt looks for all of these.
 */
const SUFFIXES = ['', '-c', '-o', '-p'] as const

export const coldAttempt = (attempt: string): string => `${attempt}-c`
export const otherChatAttempt = (attempt: string): string => `${attempt}-o`
export const participantAttempt = (attempt: string): string => `${attempt}-p`

/** All names under which the attempt may have run, the last one last. */
export const namesOf = (attempt: string): readonly string[] => SUFFIXES.map(suffix => `${attempt}${suffix}`)
