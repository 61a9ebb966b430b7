import { latin1 } from './bytes.ts';
import { HeadIndex } from './head-index.ts';

/** The four forms of a request target (RFC 9112 section 3.2); HTTP/2 has the first, third and fourth. */
export const TARGET_ORIGIN = 0;
export const TARGET_ABSOLUTE = 1;
export const TARGET_AUTHORITY = 2;
export const TARGET_ASTERISK = 3;
export type TargetForm = 0 | 1 | 2 | 3;

export class RequestHead extends HeadIndex {
  methodStart = 0;
  methodEnd = 0;
  isHead = false;
  /** A tunnel by CONNECT; an upgrade of HTTP/2 (RFC 8441) is none, see `hasUpgrade`. */
  isConnect = false;
  targetForm: TargetForm = TARGET_ORIGIN;
  /** Path with query; empty, or from '?' on, where an absolute-form target has no path: see path(). */
  pathStart = 0;
  pathEnd = 0;
  /** The target's authority where it has one (it wins, RFC 9112 section 3.2.2), else Host's value. */
  authorityStart = 0;
  authorityEnd = 0;
  /** With `hasUpgrade`, what is asked for: the value of Upgrade, or of `:protocol`. */
  protocolStart = 0;
  protocolEnd = 0;
  /** The Host line's index, or -1. */
  hostIndex = -1;
  /** HTTP/1.1 and `Expect: 100-continue` (RFC 9110 section 10.1.1). */
  expectContinue = false;
  /** `https`, by an absolute target or `:scheme`; else `http` or not said. */
  isHttps = false;

  method(): string {
    return latin1(this.buffer, this.methodStart, this.methodEnd);
  }

  /** The target in origin-form ('*' for OPTIONS of the server as a whole; empty for CONNECT). */
  path(): string {
    const raw = latin1(this.buffer, this.pathStart, this.pathEnd);
    if (this.targetForm !== TARGET_ABSOLUTE || raw.startsWith('/') || raw === '*') return raw;
    // RFC 9112 section 3.2.4: OPTIONS of an absolute-form target without path means the server.
    return raw === '' && this.method() === 'OPTIONS' ? '*' : `/${raw}`;
  }

  authority(): string {
    return latin1(this.buffer, this.authorityStart, this.authorityEnd);
  }

  /** What the upgrade asks for, in lower case; empty without one. */
  upgradeProtocol(): string {
    return this.hasUpgrade ? latin1(this.buffer, this.protocolStart, this.protocolEnd).toLowerCase() : '';
  }

  /** The connection is to become a tunnel: CONNECT, or an upgrade that the server may refuse. */
  get asksForTunnel(): boolean {
    return this.isConnect || this.hasUpgrade;
  }

  override clear(buffer: Buffer, start: number): void {
    super.clear(buffer, start);
    this.hostIndex = -1;
    this.expectContinue = false;
    this.isHttps = false;
    this.protocolStart = this.protocolEnd = 0;
  }

  override rebase(buffer: Buffer, shift: number): void {
    super.rebase(buffer, shift);
    this.#shift(shift);
  }

  override copyFrom(from: RequestHead): void {
    super.copyFrom(from);
    this.methodStart = from.methodStart;
    this.methodEnd = from.methodEnd;
    this.isHead = from.isHead;
    this.isConnect = from.isConnect;
    this.targetForm = from.targetForm;
    this.pathStart = from.pathStart;
    this.pathEnd = from.pathEnd;
    this.authorityStart = from.authorityStart;
    this.authorityEnd = from.authorityEnd;
    this.protocolStart = from.protocolStart;
    this.protocolEnd = from.protocolEnd;
    this.hostIndex = from.hostIndex;
    this.expectContinue = from.expectContinue;
    this.isHttps = from.isHttps;
    this.#shift(-from.start);
  }

  #shift(shift: number): void {
    this.methodStart += shift;
    this.methodEnd += shift;
    this.pathStart += shift;
    this.pathEnd += shift;
    this.authorityStart += shift;
    this.authorityEnd += shift;
    this.protocolStart += shift;
    this.protocolEnd += shift;
  }
}
