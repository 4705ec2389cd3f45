/** Ends the process when its last words are out, whatever else is still under way. */
export const endProcess = async (words: string, exitCode: number): Promise<never> => {
  await new Promise(resolve => process.stdout.write(words, resolve))
  process.exit(exitCode)
}
