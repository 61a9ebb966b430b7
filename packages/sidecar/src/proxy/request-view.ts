import type { RequestHead } from '@tulle/http';
import type { MatchInput } from '@tulle/policy';

/** A head as route matching sees it. One for all requests; strings are made when a rule asks for them. */
export class RequestView implements MatchInput {
  #head: RequestHead | null = null;
  #method: string | null = null;
  #path: string | null = null;

  of(head: RequestHead): this {
    this.#head = head;
    this.#method = null;
    this.#path = null;
    return this;
  }

  get method(): string {
    this.#method ??= this.#head!.method();
    return this.#method;
  }

  get path(): string {
    if (this.#path === null) {
      const target = this.#head!.path();
      const query = target.indexOf('?');
      this.#path = query < 0 ? target : target.slice(0, query);
    }
    return this.#path;
  }

  /** Lines of one name are one value, joined (RFC 9110 section 5.3). */
  header(name: string): string | null {
    const head = this.#head!;
    let index = head.find(name);
    if (index < 0) return null;
    let value = head.value(index);
    for (index = head.findFrom(name, index + 1); index >= 0; index = head.findFrom(name, index + 1)) {
      value += `, ${head.value(index)}`;
    }
    return value;
  }
}
