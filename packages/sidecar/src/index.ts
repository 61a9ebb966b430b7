/** What else than its program is of use: to tests that stand where a sidecar would. */
export { loadOriginalDestination } from './capture/original-destination.ts';
