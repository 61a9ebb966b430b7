/** Where connections come in: one listener for each side, captured or explicit. */
import type { IdentityMaterial } from '../config/mesh-view.ts';

export interface OutboundListener {
  readonly host: string;
  /** 0 until it is bound. */
  readonly port: number;
  open(): Promise<void>;
  /** Stops accepting; open connections live on. */
  close(): Promise<void>;
}

export interface InboundListener {
  readonly host: string;
  /** 0 until there is an identity and it is bound. */
  readonly port: number;
  open(material: IdentityMaterial): Promise<void>;
  /** For connections from now on. */
  update(material: IdentityMaterial): void;
  close(): Promise<void>;
}
