{{/* Where an image is and which build of it: (dict "root" $ "name" "server") */}}
{{- define "skill-pool.image" -}}
{{- $image := index .root.Values.image .name -}}
{{- $registry := .root.Values.image.registry -}}
{{- $repository := ternary (printf "%s/%s" $registry $image.repository) $image.repository (ne $registry "") -}}
{{- if $image.digest -}}
{{ printf "%s@%s" $repository $image.digest }}
{{- else if and $image.tag (ne $image.tag "latest") -}}
{{ printf "%s:%s" $repository $image.tag }}
{{- else -}}
{{ fail (printf "image.%s needs a digest or an exact tag, and never latest" .name) }}
{{- end -}}
{{- end -}}

{{/* Labels that select pods; they can never change: (dict "root" $ "component" "server") */}}
{{- define "skill-pool.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "skill-pool.labels" -}}
{{ include "skill-pool.selector" . }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* What the Pod Security Standard "restricted" asks of a pod and of a container. */}}
{{- define "skill-pool.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "skill-pool.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end -}}

{{/* The server's connection string, read from the Secret by the kubelet and never by a workflow. */}}
{{- define "skill-pool.databaseEnv" -}}
- name: SKILL_POOL_DATABASE_URL
  valueFrom:
    secretKeyRef:
      name: {{ .Values.database.secret }}
      key: {{ .Values.database.key }}
{{- end -}}

{{/* Plain settings: (dict "env" .Values.server.env) */}}
{{- define "skill-pool.env" -}}
{{- range $name, $value := .env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}
