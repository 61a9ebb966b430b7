/** What Helm says when it is done. */
export const chartNotes = `Tulle {{ .Values.image.version | default .Chart.AppVersion }} is installed in {{ .Release.Namespace }}.

See that it stands:
  tulle check --namespace {{ .Release.Namespace }}

Bring a namespace into the mesh, and start its pods anew:
  kubectl label namespace MY-NAMESPACE tulle.dev/inject=enabled
  kubectl --namespace MY-NAMESPACE rollout restart deployment
`;
