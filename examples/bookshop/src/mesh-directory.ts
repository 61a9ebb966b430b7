import { cp, mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Document, isMap, isSeq, parseAllDocuments } from 'yaml';
import { defaultBase } from './options.ts';

/**
 * The mesh's YAML as the demo's user may edit it: a copy of examples/bookshop/mesh. The demo changes it
 * the way a user's editor does: a new file, renamed over the old one.
 */
export class MeshDirectory {
  readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  /** Copies the YAML, with the addresses moved to `base`. */
  async create(from: string, base: string): Promise<void> {
    await mkdir(this.path, { recursive: true });
    await cp(from, this.path, { recursive: true });
    if (base === defaultBase) return;
    for (const file of await readdir(this.path)) {
      const text = await readFile(join(this.path, file), 'utf8');
      await writeFile(join(this.path, file), text.replaceAll(`${defaultBase}.`, `${base}.`));
    }
  }

  /** Sets the weights of a route's backends in every rule that names them. */
  async setWeights(route: string, weights: Readonly<Record<string, number>>): Promise<void> {
    await this.#edit('routes.yaml', (document) => {
      if (document.get('kind') !== 'HTTPRoute' || document.getIn(['metadata', 'name']) !== route) return;
      for (const rule of itemsAt(document, ['spec', 'rules']))
        for (const backend of isMap(rule) ? itemsOf(rule.get('backendRefs')) : []) {
          if (!isMap(backend)) continue;
          const weight = weights[String(backend.get('name'))];
          if (weight !== undefined) backend.set('weight', weight);
        }
    });
  }

  /** Takes a pod's address out of every EndpointSlice. */
  async removeEndpoints(pod: string): Promise<void> {
    await this.#edit('endpoints.yaml', (document) => {
      const endpoints = document.get('endpoints');
      if (!isSeq(endpoints)) return;
      endpoints.items = endpoints.items.filter(
        (endpoint) => !(isMap(endpoint) && endpoint.getIn(['targetRef', 'name']) === pod),
      );
    });
  }

  async #edit(file: string, change: (document: Document) => void): Promise<void> {
    const path = join(this.path, file);
    const documents = parseAllDocuments(await readFile(path, 'utf8'));
    if (!Array.isArray(documents)) throw new Error(`${path} is empty`);
    for (const document of documents) change(document);
    const text = documents.map((document) => document.toString({ lineWidth: 0 })).join('---\n');
    // A dot file is none of the mesh's: readers never meet the half-written state.
    const draft = join(this.path, `.${file}.draft`);
    await writeFile(draft, text.replaceAll(/^---\n---\n/gm, '---\n'));
    await rename(draft, path);
  }
}

function itemsAt(document: Document, path: readonly string[]): readonly unknown[] {
  return itemsOf(document.getIn(path));
}

function itemsOf(node: unknown): readonly unknown[] {
  return isSeq(node) ? node.items : [];
}
