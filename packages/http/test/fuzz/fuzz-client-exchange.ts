import type { ClientStream, ClientStreamHandler, StreamFailure } from '../../src/exchange/exchange.ts';
import type { FieldSection } from '../../src/message/field-section.ts';
import type { ResponseHead } from '../../src/message/response-head.ts';
import { mustHold } from './fuzz-target.ts';
import type { Random } from './random.ts';
import { ABORTS, BODY, Received, SIZES, sectionText } from './received.ts';

/** One request's response, held to the contract. */
export class FuzzClientExchange implements ClientStreamHandler {
  readonly received = new Received();
  stream!: ClientStream;
  status = 0;
  text = '';
  #hasSentAll = false;
  readonly #asksForTunnel: boolean;
  readonly #random: Random | null;
  readonly #opensBy: (status: number) => boolean;

  /** With `random` it does what comes to its mind. `opensBy`: the status that opens the tunnel. */
  constructor(
    asksForTunnel: boolean,
    random: Random | null,
    opensBy: (status: number) => boolean = (status) => status < 300,
  ) {
    this.#asksForTunnel = asksForTunnel;
    this.#random = random;
    this.#opensBy = opensBy;
  }

  get outcome(): string {
    return `${this.text}${this.received.outcome}`;
  }

  sentAll(): void {
    this.#hasSentAll = true;
  }

  onInterim(head: ResponseHead): void {
    this.received.note('onInterim', false);
    mustHold(this.status === 0 && head.status < 200, 'interim responses come first');
    this.text += `${head.status}\n${sectionText(head)}`;
  }

  onResponse(head: ResponseHead, isEnd: boolean): void {
    this.received.note('onResponse', isEnd);
    mustHold(this.status === 0 && (head.status >= 200 || this.#asksForTunnel), 'one final response');
    this.status = head.status;
    this.text += `${head.status}\n${sectionText(head)}`;
    this.#ended(isEnd);
  }

  onBody(buffer: Buffer, start: number, end: number, isEnd: boolean): void {
    this.received.note('onBody', isEnd);
    mustHold(this.status !== 0, 'a head comes before its body');
    this.received.body(buffer, start, end);
    this.#ended(isEnd);
    this.#fidget();
  }

  onTrailers(trailers: FieldSection): void {
    this.received.note('onTrailers', true);
    mustHold(this.status !== 0, 'a head comes before its trailers');
    this.text += `T ${sectionText(trailers)}`;
    this.#ended(true);
  }

  onDrain(): void {
    this.received.note('onDrain', false);
  }

  onAbort(failure: StreamFailure): void {
    this.received.note('onAbort', false);
    this.text += failure.kind === 'protocol' ? `protocol ${failure.error.code}` : failure.kind;
  }

  /** From outside of any event. */
  poke(): void {
    this.#fidget();
  }

  /** A refused tunnel is over with its response, like any exchange. */
  #ended(isEnd: boolean): void {
    const isTunnel = this.#asksForTunnel && this.#opensBy(this.status);
    if (isEnd && (!isTunnel || this.#hasSentAll)) this.received.isOver = true;
  }

  #fidget(): void {
    const random = this.#random;
    if (random === null || this.received.isOver) return;
    const choice = random.below(20);
    this.received.during(() => {
      if (choice < 4) this.stream.pause();
      else if (choice < 8) this.stream.resume();
      else if (choice < 12 && !this.#hasSentAll) this.stream.sendBody(BODY, 0, random.pick(SIZES), false);
      else if (choice === 19) {
        this.received.isOver = true;
        this.stream.abort(random.pick(ABORTS));
      }
    });
  }
}
