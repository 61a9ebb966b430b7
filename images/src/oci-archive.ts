import { appFolder, type ImageSpec } from './image-specs.ts';
import { digestOf, type PackedLayer } from './layer.ts';
import { type TarEntry, writeTar } from './tar.ts';

export interface ImageContent {
  readonly spec: ImageSpec;
  /** `<registry>/<name>:<version>` */
  readonly reference: string;
  readonly version: string;
  readonly layers: readonly PackedLayer[];
  readonly hasSourceMaps: boolean;
}

/** Images say when they were made; ours are the same whenever that was. */
const created = '1970-01-01T00:00:00Z';
export const environment = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

/**
 * One image as one file: an OCI image layout (image-spec 1.1, image-layout.md), and beside it the manifest.json that
 * `docker load` of any age reads. `ctr images import` and `kind load image-archive` take it too.
 */
export function writeOciArchive(image: ImageContent): Buffer {
  const { reference, layers } = image;
  const blobs = new Map<string, Uint8Array>(layers.map(({ digest, bytes }) => [digest, bytes]));
  const add = (value: unknown) => {
    const bytes = json(value);
    blobs.set(digestOf(bytes), bytes);
    return { digest: digestOf(bytes), size: bytes.length };
  };
  const config = add(imageConfig(image));
  const manifest = add({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, ...config },
    layers: layers.map(({ digest, bytes }) => ({ mediaType: mediaTypes.layer, digest, size: bytes.length })),
  });
  const index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: [
      {
        mediaType: mediaTypes.manifest,
        ...manifest,
        platform: { architecture: architecture(), os: 'linux' },
        annotations: {
          'io.containerd.image.name': reference,
          'org.opencontainers.image.ref.name': reference,
        },
      },
    ],
  };
  const docker = [
    {
      Config: blobPath(config.digest),
      RepoTags: [reference],
      Layers: layers.map(({ digest }) => blobPath(digest)),
    },
  ];
  return writeTar([
    ...[...blobs].map(([digest, bytes]): TarEntry => ({ kind: 'file', path: blobPath(digest), bytes })),
    { kind: 'file', path: 'oci-layout', bytes: json({ imageLayoutVersion: '1.0.0' }) },
    { kind: 'file', path: 'index.json', bytes: json(index) },
    { kind: 'file', path: 'manifest.json', bytes: json(docker) },
  ]);
}

function imageConfig({ spec, version, layers, hasSourceMaps }: ImageContent) {
  return {
    created,
    architecture: architecture(),
    os: 'linux',
    config: {
      User: `${spec.userId}:${spec.userId}`,
      Env: [...environment, ...(hasSourceMaps ? ['NODE_OPTIONS=--enable-source-maps'] : [])],
      Entrypoint: spec.entrypoint,
      WorkingDir: appFolder,
      Labels: {
        'org.opencontainers.image.title': spec.title,
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      },
    },
    rootfs: { type: 'layers', diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(({ name }) => ({ created, created_by: `npm run images: ${name}` })),
  };
}

/** Go's name of what Node calls process.arch. */
function architecture(): string {
  return process.arch === 'x64' ? 'amd64' : process.arch;
}

function blobPath(digest: string): string {
  return `blobs/${digest.replace(':', '/')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
