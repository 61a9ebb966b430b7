import { parseArgs } from 'node:util';
import { type ImageName, imageNames } from './image-specs.ts';

export interface ImagesOptions {
  readonly outFolder: string;
  readonly names: readonly ImageName[];
  readonly registry: string;
  /** Null: that of the project. */
  readonly version: string | null;
  readonly hasSourceMaps: boolean;
  /** The layers are written there as folders, in place of archives. */
  readonly unpackedFolder: string | null;
}

/** distribution-spec: host and path in lower case; a tag of at most 128 characters. */
const registryPattern = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)*$/;
const versionPattern = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Reads the command line; throws with every fault. */
export function parseOptions(argv: readonly string[]): ImagesOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      out: { type: 'string', default: '.tulle/images' },
      only: { type: 'string', multiple: true, default: [] },
      registry: { type: 'string', default: 'tulle.dev' },
      version: { type: 'string' },
      'source-maps': { type: 'boolean', default: false },
      unpacked: { type: 'string' },
    },
  });
  const faults: string[] = [];
  const asked = values.only.flatMap((names) => names.split(','));
  const unknown = asked.filter((name) => !isImageName(name));
  if (unknown.length > 0)
    faults.push(`--only: no image ${unknown.join(', ')}; there are ${imageNames.join(', ')}`);
  if (!registryPattern.test(values.registry))
    faults.push(`--registry: "${values.registry}" is not <host>[/<path>]`);
  if (values.version !== undefined && !versionPattern.test(values.version))
    faults.push(`--version: "${values.version}" is no tag of an image`);
  if (faults.length > 0) throw new Error(faults.join('\n'));
  return {
    outFolder: values.out,
    names: asked.length === 0 ? imageNames : imageNames.filter((name) => asked.includes(name)),
    registry: values.registry,
    version: values.version ?? null,
    hasSourceMaps: values['source-maps'],
    unpackedFolder: values.unpacked ?? null,
  };
}

function isImageName(name: string): name is ImageName {
  return (imageNames as readonly string[]).includes(name);
}
