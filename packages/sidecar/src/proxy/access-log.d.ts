import type { Clock } from '@tulle/runtime';
import type { Exchange } from './exchange.ts';
import type { AccessLogFormat } from './settings.ts';
export interface AccessLogOptions {
    readonly format: AccessLogFormat;
    readonly clock: Clock;
    /** Gets whole lines. */
    write(line: string): void;
}
/** One line an exchange, whatever became of it. */
export declare class AccessLog {
    #private;
    constructor(options: AccessLogOptions);
    get isOn(): boolean;
    line(direction: 'inbound' | 'outbound', exchange: Exchange, peer: string, durationMs: number): void;
}
