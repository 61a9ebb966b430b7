/**
 * The images: what is in each and how it starts. The Dockerfiles in images/ say the same for those who have an
 * engine, and a test holds them against this table.
 */
export interface ImageSpec {
  readonly name: ImageName;
  readonly title: string;
  /** Name below /app, without its ending -> the program's source, from the repository's root. */
  readonly programs: Readonly<Record<string, string>>;
  /** Who it runs as where nothing else is said. */
  readonly userId: number;
  readonly entrypoint: readonly string[];
  /** The programs that make rules of netfilter are in it. */
  readonly hasNetfilter: boolean;
  /** Packages with machine code of their own, which no bundle can hold. */
  readonly nativePackages: readonly 'koffi'[];
}

export const imageNames = ['control-plane', 'sidecar', 'injector', 'bookshop'] as const;
export type ImageName = (typeof imageNames)[number];

export const nodePath = '/usr/local/bin/node';
export const appFolder = '/app';

/** uid and gid of the images' users, and their names in /etc/passwd. */
export const users: Readonly<Record<string, number>> = { root: 0, tulle: 1337, nonroot: 65_532 };

const main = [nodePath, `${appFolder}/main.mjs`];

export const imageSpecs: Readonly<Record<ImageName, ImageSpec>> = {
  'control-plane': {
    name: 'control-plane',
    title: "Tulle's control plane",
    programs: { main: 'packages/control-plane/src/main.ts' },
    userId: 65_532,
    entrypoint: main,
    hasNetfilter: false,
    nativePackages: [],
  },
  sidecar: {
    name: 'sidecar',
    title: "Tulle's sidecar, and the init program that leads a pod's traffic to it",
    programs: {
      main: 'packages/sidecar/src/main.ts',
      init: 'packages/sidecar/src/init-main.ts',
      wait: 'packages/sidecar/src/wait-main.ts',
    },
    userId: 1337,
    entrypoint: main,
    hasNetfilter: true,
    nativePackages: ['koffi'],
  },
  injector: {
    name: 'injector',
    title: "Tulle's injector, which puts sidecars into pods as they are made",
    programs: { main: 'packages/injector-webhook/src/main.ts' },
    userId: 65_532,
    entrypoint: main,
    hasNetfilter: false,
    nativePackages: [],
  },
  bookshop: {
    name: 'bookshop',
    title: "Tulle's demo: the services of a bookshop",
    programs: Object.fromEntries(
      ['web', 'catalog', 'orders', 'reviews', 'inventory', 'readers', 'healthy'].map((service) => [
        service,
        `examples/bookshop/src/services/${service}.ts`,
      ]),
    ),
    userId: 65_532,
    // Which service a container runs is its argument.
    entrypoint: [nodePath],
    hasNetfilter: false,
    nativePackages: [],
  },
};
