import { boundYoungGeneration } from './young-generation.ts';

/** The sidecar's entry: the one place that reads the environment. */
async function main(): Promise<void> {
  // Before the rest is loaded, which would have grown it already (benchmark `idle-memory`).
  boundYoungGeneration();
  const { runSidecar } = await import('./run-sidecar.ts');
  await runSidecar(import.meta.filename, process.env);
}

main().catch((thrown) => {
  process.stderr.write(`tulle sidecar: ${thrown instanceof Error ? thrown.message : thrown}\n`);
  process.exit(1);
});
