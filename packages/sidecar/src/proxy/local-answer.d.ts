import type { Failure } from './failure.ts';
export interface AnswerOptions {
    readonly detail: string;
    /** HEAD is answered by the head alone. */
    readonly isHead: boolean;
    readonly connection: 'close' | 'keep-alive' | null;
}
/** The bytes of an answer that is made here. */
export declare function localAnswer(failure: Failure, { detail, isHead, connection }: AnswerOptions): Buffer;
