/** What an agent can do in its pod. Arguments and results cross as JSON. */
import * as clients from './clients.ts';
import * as servers from './servers.ts';

export const operations = { ...clients, ...servers };
export type Operations = typeof operations;
