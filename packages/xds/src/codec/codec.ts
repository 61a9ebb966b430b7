import type { Message, MessageShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { Checker } from './checker.ts';

/** Between one resource kind's domain type and its message. */
export interface Codec<Model, Wire extends Message> {
  readonly schema: GenMessage<Wire>;
  toWire(model: Model): MessageShape<GenMessage<Wire>>;
  /** Reads the whole message and reports to `check`; what it returns is only meant for use when all was well. */
  fromWire(wire: Wire, check: Checker): Model;
}
