/** Stops what runs, all at once. */
export async function stopAll(running: readonly { stop(): Promise<void> }[]): Promise<void> {
  await Promise.all(running.map((one) => one.stop()));
}
