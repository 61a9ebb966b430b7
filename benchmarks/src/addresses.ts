/** Every program of a run has a loopback address of its own, so that ports never clash. */
export const addresses = {
  nginx: '127.0.20.1',
  haproxy: '127.0.20.2',
  controlPlane: '127.0.20.3',
  /** The pod whose sidecar the load goes through. */
  client: '127.0.20.11',
  /** A pod with a sidecar. */
  server: '127.0.20.12',
  /** A pod without one. */
  outsider: '127.0.20.13',
} as const;

/** The backend serves on this port of `server` and `outsider`. */
export const backendPort = 8080;

/** Proxies under measurement share a core; the load and the backend share another. */
export const cores = { proxy: 0, load: 1 } as const;
