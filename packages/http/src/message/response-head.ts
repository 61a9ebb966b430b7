import { latin1 } from './bytes.ts';
import { HeadIndex } from './head-index.ts';

export class ResponseHead extends HeadIndex {
  status = 0;
  /** Empty where the response came by HTTP/2, which has none. */
  reasonStart = 0;
  reasonEnd = 0;

  reason(): string {
    return latin1(this.buffer, this.reasonStart, this.reasonEnd);
  }

  override clear(buffer: Buffer, start: number): void {
    super.clear(buffer, start);
    this.reasonStart = this.reasonEnd = start;
  }

  override rebase(buffer: Buffer, shift: number): void {
    super.rebase(buffer, shift);
    this.reasonStart += shift;
    this.reasonEnd += shift;
  }

  override copyFrom(from: ResponseHead): void {
    super.copyFrom(from);
    this.status = from.status;
    this.reasonStart = from.reasonStart - from.start;
    this.reasonEnd = from.reasonEnd - from.start;
  }
}
