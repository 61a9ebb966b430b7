import { assertNever } from '@tulle/model';
import type { ControlPlaneSettings } from '../settings.ts';
import { createFilesPlatform } from './files-platform.ts';
import { createKubernetesPlatform } from './kubernetes/kubernetes-platform.ts';
import type { Platform, PlatformDependencies } from './platform.ts';

export function createPlatform(settings: ControlPlaneSettings, dependencies: PlatformDependencies): Platform {
  const { platform } = settings;
  switch (platform.kind) {
    case 'files':
      return createFilesPlatform(platform, settings, dependencies);
    case 'kubernetes':
      return createKubernetesPlatform(platform, settings, dependencies);
    default:
      return assertNever(platform);
  }
}
