import type { ClientConnectionOwner } from '../../src/exchange/exchange.ts';

/** Of a client connection: how often it was told of the end. */
export class CountingOwner implements ClientConnectionOwner {
  closes = 0;
  onCapacity(): void {}
  onRetiring(): void {}
  onClosed(): void {
    this.closes++;
  }
}
