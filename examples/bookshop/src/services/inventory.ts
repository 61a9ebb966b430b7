/** Takes stock: asks the catalog for every book, through the mesh like any other program, and ends. */
import { setTimeout as sleep } from 'node:timers/promises';
import { call } from './call.ts';
import { sidecarOf } from './serve.ts';

const sidecar = sidecarOf(process.env.SIDECAR);
const rounds = 10;
/** The catalog may still be starting. */
const patienceMs = 60_000;
const pauseMs = 500;
let books = 0;

for (let round = 0; round < rounds; round++) books += await countBooks();
console.log(JSON.stringify({ rounds, books }));
process.exit(0);

async function countBooks(): Promise<number> {
  for (;;) {
    const { status, reason, body } = await call(sidecar, 'catalog', '/books');
    if (status === 200) return (body as { readonly books: readonly unknown[] }).books.length;
    if (performance.now() > patienceMs) {
      console.error(`the catalog answered ${status} ${reason}`);
      process.exit(1);
    }
    await sleep(pauseMs);
  }
}
