import { latin1 } from './bytes.ts';
import { HeadIndex } from './head-index.ts';

export class ResponseHead extends HeadIndex {
  status = 0;
  reasonStart = 0;
  reasonEnd = 0;

  reason(): string {
    return latin1(this.buffer, this.reasonStart, this.reasonEnd);
  }

  override rebase(buffer: Buffer, shift: number): void {
    super.rebase(buffer, shift);
    this.reasonStart += shift;
    this.reasonEnd += shift;
  }
}
