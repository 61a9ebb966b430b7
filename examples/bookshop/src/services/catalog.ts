/** The catalog: what books there are. Runs as v1 or v2, and says which in every answer. */
import { listenAddressOf, serve } from './serve.ts';

const version = process.env.VERSION ?? 'v1';

const books = [
  { id: 1, title: 'A Weaver at the Loom', pages: 212 },
  { id: 2, title: 'Nets, Knots and Meshes', pages: 348 },
  { id: 3, title: 'The Lightest Thread', pages: 96 },
];

/** What v2 brings: a price beside each title. */
const priced = books.map((book) => ({ ...book, priceCents: 900 + book.pages * 4 }));

serve(`catalog ${version}`, listenAddressOf(process.env.LISTEN), (request) => {
  const list = version === 'v2' ? priced : books;
  const id = /^\/books\/(\d+)$/.exec(request.url ?? '')?.[1];
  if (id === undefined) return { status: 200, body: { version, books: list } };
  const book = list.find((candidate) => candidate.id === Number(id));
  return book === undefined
    ? { status: 404, body: { version, error: `no book ${id}` } }
    : { status: 200, body: { version, book } };
});
