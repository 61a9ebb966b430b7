/** GAMMA's group is ""; "core" is what the official examples, Flagger and Argo write. */
export function isServiceRef({ group, kind }: { readonly group: string; readonly kind: string }): boolean {
  return (group === '' || group === 'core') && kind === 'Service';
}
