import type { ClientConnection, ClientConnectionOwner, TransportError } from '@tulle/http';

/** What a pool hears of its connections. */
export interface ConnectionPool {
  onCapacity(pooled: PooledConnection): void;
  onRetiring(pooled: PooledConnection): void;
  onClosed(pooled: PooledConnection, error: TransportError | null): void;
}

/** A connection with what its pool keeps of it. */
export class PooledConnection implements ClientConnectionOwner {
  readonly httpMajor: 1 | 2;
  /** Of the identity that it was made with. */
  readonly generation: number;
  connection!: ClientConnection;
  idleSinceMs = 0;
  /** The request that it was opened for has not been given to it yet. */
  isFresh = true;
  /** HTTP/2: no request joins the large body that it carries. */
  isLeftToBulk = false;
  readonly #pool: ConnectionPool;

  constructor(pool: ConnectionPool, httpMajor: 1 | 2, generation: number) {
    this.#pool = pool;
    this.httpMajor = httpMajor;
    this.generation = generation;
  }

  onCapacity(): void {
    this.#pool.onCapacity(this);
  }

  onRetiring(): void {
    this.#pool.onRetiring(this);
  }

  onClosed(_connection: ClientConnection, error: TransportError | null): void {
    this.#pool.onClosed(this, error);
  }
}
