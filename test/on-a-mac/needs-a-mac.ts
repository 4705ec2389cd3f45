/** Elsewhere it fails, so that nobody takes it for passed. */
export default (): void => {
  if (process.platform !== 'darwin') throw new Error("This tries a Mac's own tools, and this is not a Mac.")
}
