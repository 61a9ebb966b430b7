/**
 * What the sidecar's own code costs a request, sockets left out: a whole exchange on the outbound side,
 * from the bytes of the request to those of the response. Prints ns and heap bytes a request:
 * `node --expose-gc benchmarks/micro/proxy-exchange.ts [seconds]`.
 */
import { RequestTracer } from '../../packages/sidecar/src/tracing/request-tracer.ts';
import { exchangeWith, writtenBytes } from './exchange-harness.ts';
import { measureExchanges } from './measure-exchanges.ts';

const secondsEach = Number(process.argv[2] ?? 1);
const tracer = new RequestTracer('outbound', 0, Math.random);

measureExchanges('an exchange, one endpoint', exchangeWith({ tracer }), { seconds: secondsEach });
if (writtenBytes() === 0) throw new Error('nothing was forwarded');
