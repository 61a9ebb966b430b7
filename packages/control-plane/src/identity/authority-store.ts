import { TulleError } from '@tulle/runtime';

/** What the mesh signs with, as it is kept: not parsed, and with private keys. */
export type StoredAuthority =
  /** The mesh's own: a root that stays, and an intermediate under it that is rotated. */
  | {
      readonly kind: 'own';
      /** PEM: certificate, then private key. */
      readonly root: string;
      readonly intermediate: string;
    }
  /** An intermediate that somebody else gives and renews: cert-manager, or an operator. */
  | {
      readonly kind: 'given';
      /** PEM: the intermediate, then what is between it and the root. */
      readonly certificates: string;
      readonly privateKey: string;
      /** PEM. */
      readonly roots: string;
    };

export type OwnAuthority = Extract<StoredAuthority, { kind: 'own' }>;

/** What became of the authority after it was read. */
export type AuthorityChange =
  | { readonly kind: 'stored'; readonly stored: StoredAuthority }
  /** It is gone, or holds what cannot be read. */
  | { readonly kind: 'faulty'; readonly reason: string };

/**
 * Where the authority is kept and shared by all replicas of the control plane. Every failure says where, and what to
 * do; none says what the keys are.
 */
export interface AuthorityStore {
  /** For messages: `folder /var/lib/tulle/ca`. */
  readonly location: string;
  /** What is there, or null where nothing is and a new one may be made. Throws where it is incomplete or foreign. */
  read(): Promise<StoredAuthority | null>;
  /** Of replicas that create at the same time, one does; all get what is there then. */
  create(authority: OwnAuthority): Promise<StoredAuthority>;
  /** Where somebody else has replaced it, or the whole authority, theirs stays. Gives what is there then. */
  replaceIntermediate(intermediate: string): Promise<StoredAuthority>;
  /** The roots that were published last (PEM); null: none. */
  publishedRoots(): Promise<string | null>;
  /** Tells everybody the roots (PEM). Writes only what differs. What fails is tried again, where the store runs. */
  publishRoots(rootsPem: string): Promise<void>;
  /** Called when somebody else has changed it; the returned function ends it. */
  onChange(listener: (change: AuthorityChange) => void): () => void;
}

export function authorityError(message: string, cause?: unknown): TulleError {
  return new TulleError('AUTHORITY_STATE', message, { source: 'config', cause });
}
