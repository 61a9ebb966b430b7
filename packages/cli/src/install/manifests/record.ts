import { builtin } from '../template/tree.ts';
import type { ManifestFamily } from './manifest.ts';
import { own } from './names.ts';

/** What was installed, for `tulle upgrade` and `tulle check` to read. */
export const record: ManifestFamily = {
  name: 'record',
  objects: [
    {
      object: {
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: own('tulle-install'),
        data: {
          version: builtin('version'),
          installer: builtin('installer'),
          'values.json': builtin('values'),
        },
      },
    },
  ],
};
