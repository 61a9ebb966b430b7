/** What translation has to know besides the resources. */
export interface TranslateOptions {
  readonly trustDomain: string;
  /** The end of the services' long host names: `cluster.local`. */
  readonly clusterDomain: string;
  /** Where policies for the whole mesh stand: `tulle-system`. */
  readonly meshNamespace: string;
}
