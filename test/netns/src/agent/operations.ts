/** What an agent can do in its pod. Arguments and results cross as JSON. */
import * as applications from './applications.ts';
import * as clients from './clients.ts';
import * as httpClients from './http-clients.ts';
import * as servers from './servers.ts';

const { listenAt: _, ...plainServers } = servers;
export const operations = { ...clients, ...httpClients, ...plainServers, ...applications };
export type Operations = typeof operations;
