/**
 * The index of one message head: its fields, and what they say of body and connection. Valid as long
 * as the buffer's bytes are; detach() makes it independent. Either codec fills it in.
 */
import { FieldSection } from './field-section.ts';

/** How the body ends (RFC 9112 section 6.3). */
export const FRAMING_NONE = 0;
export const FRAMING_LENGTH = 1;
export const FRAMING_CHUNKED = 2;
export const FRAMING_UNTIL_CLOSE = 3;
/** HTTP/2: by the flag END_STREAM of the last frame; a length may be known all the same. */
export const FRAMING_STREAM = 4;
export type Framing = 0 | 1 | 2 | 3 | 4;

export class HeadIndex extends FieldSection {
  /** 1 or 2: which codec read it. With 2 there is no start line at `start`, and names are lower case. */
  httpMajor: 1 | 2 = 1;
  httpMinor: 0 | 1 = 1;
  framing: Framing = FRAMING_NONE;
  /** With FRAMING_LENGTH the body's bytes; else what Content-Length said (HEAD, 304, HTTP/2), or -1. */
  contentLength = -1;
  keepAlive = false;
  /** Upgrade is present and Connection names it; both lines are flagged hop-by-hop all the same. */
  hasUpgrade = false;
  /** `TE: trailers` is present; it is forwarded, with a Connection line of our own. */
  hasTeTrailers = false;
  /** The index of the (first) Connection, Transfer-Encoding, Content-Length, Upgrade line, or -1. */
  connectionIndex = -1;
  encodingIndex = -1;
  lengthIndex = -1;
  upgradeIndex = -1;

  override clear(buffer: Buffer, start: number): void {
    super.clear(buffer, start);
    this.httpMajor = 1;
    this.httpMinor = 1;
    this.framing = FRAMING_NONE;
    this.contentLength = -1;
    this.keepAlive = false;
    this.hasUpgrade = false;
    this.hasTeTrailers = false;
    this.connectionIndex = -1;
    this.encodingIndex = -1;
    this.lengthIndex = -1;
    this.upgradeIndex = -1;
  }

  override copyFrom(from: HeadIndex): void {
    super.copyFrom(from);
    this.httpMajor = from.httpMajor;
    this.httpMinor = from.httpMinor;
    this.framing = from.framing;
    this.contentLength = from.contentLength;
    this.keepAlive = from.keepAlive;
    this.hasUpgrade = from.hasUpgrade;
    this.hasTeTrailers = from.hasTeTrailers;
    this.connectionIndex = from.connectionIndex;
    this.encodingIndex = from.encodingIndex;
    this.lengthIndex = from.lengthIndex;
    this.upgradeIndex = from.upgradeIndex;
  }
}
