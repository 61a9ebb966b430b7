import { mkdir, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBookshop } from './bookshop.ts';
import { type Cast, castAt, listenersOf, ports } from './cast.ts';
import { checkAddresses } from './check-addresses.ts';
import { checkRun } from './checks.ts';
import { makeTokens } from './credentials.ts';
import { EndpointController } from './endpoint-controller.ts';
import { Load } from './load.ts';
import { MeshDirectory } from './mesh-directory.ts';
import type { DemoOptions } from './options.ts';
import type { Processes } from './processes.ts';
import { makeReport, writeReport } from './report.ts';
import { scrapeEdges } from './scrape.ts';
import { type StoryMeasures, tellStory } from './story.ts';
import type { View } from './view.ts';
import { Watch } from './watch.ts';

const victimPod = 'catalog-v1-2';

export interface DemoContext {
  readonly options: DemoOptions;
  /** The repository's root. */
  readonly root: string;
  /** The working directory of this run. */
  readonly directory: string;
  readonly processes: Processes;
  readonly view: View;
  /** Aborted by a signal or by a fault, which is then its reason. */
  readonly signal: AbortSignal;
  readonly abort: (fault: Error) => void;
}

/** Runs the demo; true where all that was checked is as it should be. What it started, the caller stops. */
export async function runDemo(context: DemoContext): Promise<boolean> {
  const { options, view, signal, abort } = context;
  const cast = castAt(options.base);
  const { mesh, applicationOf } = await setUp(context, cast);

  const web = cast.pods.find(({ service }) => service === 'web')!;
  const load = new Load({ host: web.address, port: ports.app, pagesPerSecond: options.pagesPerSecond });
  let onVictimRemoved: (atMs: number) => void = () => {};
  const victimRemoved = new Promise<number>((resolve) => {
    onVictimRemoved = resolve;
  });
  const endpoints = new EndpointController({
    mesh,
    onRemoved(pod) {
      if (pod === victimPod) onVictimRemoved(performance.now());
      view.say(`endpoint controller: removed ${pod} from endpoints.yaml`);
    },
    onFault: abort,
  });
  for (const { name } of cast.pods) endpoints.watch(name, applicationOf(name));
  const watch = await Watch.start({ cast, load, view }, abort);
  load.start();
  try {
    const measures = await tellStory({
      load,
      mesh,
      victim: { pod: victimPod, application: applicationOf(victimPod) },
      victimRemoved,
      say: (message) => view.say(message),
      onPhaseEnd: (title) => watch.endPhase(title),
      signal,
    });
    const isAllMet = await conclude(context, { cast, load, measures });
    if (!options.isOnce) await stayUp(context);
    return isAllMet;
  } finally {
    watch.stop();
    endpoints.stop();
    view.end();
    await load.stop();
  }
}

async function setUp(context: DemoContext, cast: Cast) {
  const { options, root, directory, processes, view, signal } = context;
  await checkAddresses(listenersOf(cast), process.platform);
  // The logs stay out of it: their files are open by now.
  for (const part of ['mesh', 'state', 'tokens'])
    await rm(join(directory, part), { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  const mesh = new MeshDirectory(join(directory, 'mesh'));
  await mesh.create(join(root, 'examples/bookshop/mesh'), options.base);
  view.say(`the mesh's YAML is in ${relative(process.cwd(), mesh.path)}`);
  const tokens = await makeTokens(join(directory, 'tokens'), cast.pods);
  const { applicationOf } = await startBookshop(
    {
      cast,
      processes,
      root,
      meshDirectory: mesh.path,
      stateDirectory: join(directory, 'state'),
      tokens,
      onProgress: (message) => view.say(message),
    },
    signal,
  );
  return { mesh, applicationOf };
}

/** Checks the story, says how each promise was met, and leaves the figures. */
async function conclude(
  { options, view }: DemoContext,
  { cast, load, measures }: { readonly cast: Cast; readonly load: Load; readonly measures: StoryMeasures },
): Promise<boolean> {
  const { fromMs, toMs } = measures.kill;
  const failures = load
    .pagesBetween(0)
    .filter(({ fault, endMs }) => fault !== '' && !(endMs >= fromMs && endMs < toMs));
  const edges = await scrapeEdges(cast);
  const checks = checkRun({ measures, edges, failures });
  for (const { what, isMet, found } of checks) view.say(`${isMet ? 'ok  ' : 'NOT '} ${what}: ${found}`);
  if (options.jsonFile !== null)
    await writeReport(
      options.jsonFile,
      makeReport({ requests: load.requests, failed: failures.length, edges, measures }),
    );
  return checks.every(({ isMet }) => isMet);
}

async function stayUp({ directory, options, view, signal }: DemoContext): Promise<void> {
  const mesh = relative(process.cwd(), join(directory, 'mesh'));
  const { controlPlaneAddress, pods } = castAt(options.base);
  view.setFooter([
    'The bookshop keeps running. Shift traffic by hand, from another terminal:',
    `  npx tulle shift bookshop/catalog catalog-v1=20 catalog-v2=80 --dir ${mesh}`,
    `or edit ${join(mesh, 'routes.yaml')} and save. Look inside:`,
    `  npx tulle proxies --admin http://${controlPlaneAddress}:${ports.controlPlaneAdmin}`,
    `  curl ${pods[0]?.address}:${ports.sidecarAdmin}/config_dump`,
    'Ctrl-C ends it.',
  ]);
  // A day; ended by the signal.
  for (;;) await sleep(86_400_000, undefined, { signal });
}
