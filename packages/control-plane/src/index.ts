/** The control plane, for those who run it inside their own process: tests, the demo and the command line. */
export {
  type ControlPlaneDependencies,
  type RunningControlPlane,
  startControlPlane,
} from './control-plane.ts';
export { type ControlPlaneSettings, readSettings } from './settings.ts';
