import { customResourceDefinitions } from '@tulle/api';
import { stringify } from 'yaml';
import type { Manifest, ManifestFamily } from '../manifests/manifest.ts';
import { manifestFamilies } from '../manifests/manifests.ts';
import type { Tree } from '../template/tree.ts';
import { writeTemplate } from '../template/write-template.ts';
import { valueTree } from '../values/values.ts';
import { chartNotes } from './chart-notes.ts';
import { writeValuesFile } from './values-file.ts';
import { valuesSchema } from './values-schema.ts';

const chart = 'deploy/chart/tulle';
const madeBy = '# Made by `npm run generate` from packages/cli/src/install: change it there.\n';

/** Every file below `deploy`, by its path from the project's root. */
export function deployFiles(version: string): ReadonlyMap<string, string> {
  return new Map([
    ...customResourceDefinitions.map(
      (object) =>
        [
          `deploy/crds/${object.metadata.name}.yaml`,
          `${crdsMadeBy}${stringify(object, { lineWidth: 100 })}`,
        ] as const,
    ),
    [`${chart}/Chart.yaml`, `${madeBy}${stringify(chartMetadata(version))}`],
    [`${chart}/values.yaml`, `${madeBy}\n${writeValuesFile(valueTree)}`],
    [`${chart}/values.schema.json`, `${JSON.stringify(valuesSchema(valueTree), null, 2)}\n`],
    [`${chart}/templates/NOTES.txt`, chartNotes],
    ...manifestFamilies.map(
      (family) => [`${chart}/templates/${family.name}.yaml`, writeFamily(family)] as const,
    ),
  ]);
}

const crdsMadeBy = '# Made by `npm run generate` from packages/api/src/crds: change it there.\n';

function chartMetadata(version: string): object {
  return {
    apiVersion: 'v2',
    name: 'tulle',
    description: 'A lightweight service mesh for Kubernetes.',
    type: 'application',
    version,
    appVersion: version,
  };
}

function writeFamily({ objects }: ManifestFamily): string {
  return `${madeBy}${objects.map(writeManifest).join('')}`;
}

function writeManifest({ when, object }: Manifest): string {
  const text = `---\n${writeTemplate(object as Tree, valueTree)}`;
  return when === undefined ? text : `{{- if .Values.${when} }}\n${text}{{- end }}\n`;
}
