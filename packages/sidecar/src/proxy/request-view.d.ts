import type { RequestHead } from '@tulle/http';
import type { MatchInput } from '@tulle/policy';
/** A head as route matching sees it. One for all requests; strings are made when a rule asks for them. */
export declare class RequestView implements MatchInput {
    #private;
    of(head: RequestHead): this;
    get method(): string;
    get path(): string;
    /** Lines of one name are one value, joined (RFC 9110 section 5.3). */
    header(name: string): string | null;
}
