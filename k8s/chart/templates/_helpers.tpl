{{/* What objects are called: the release, and the program unless the release says it. */}}
{{- define "wx-token-sidecar.fullname" -}}
{{- $name := default "wx-token-sidecar" .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $full .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- end -}}

{{/* By what a pod is selected: never to change, since a Deployment keeps its selector for ever. */}}
{{- define "wx-token-sidecar.selector" -}}
app.kubernetes.io/name: wx-token-sidecar
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: refresher
{{- end -}}

{{/* Labels of an object, as a list of the values of the chart and its further labels: its own go before all others. */}}
{{- define "wx-token-sidecar.labelsWith" -}}
{{- $root := first . -}}
{{- $own := dict "app.kubernetes.io/name" "wx-token-sidecar" "app.kubernetes.io/instance" $root.Release.Name -}}
{{- $_ := set $own "app.kubernetes.io/version" $root.Chart.AppVersion -}}
{{- $_ := set $own "app.kubernetes.io/managed-by" $root.Release.Service -}}
{{- $_ := set $own "helm.sh/chart" (printf "wx-token-sidecar-%s" $root.Chart.Version | replace "+" "_") -}}
{{- merge $own (last .) $root.Values.labels | toYaml -}}
{{- end -}}

{{- define "wx-token-sidecar.metadata" -}}
name: {{ include "wx-token-sidecar.fullname" . }}
namespace: {{ .Release.Namespace }}
labels:
  {{- include "wx-token-sidecar.labelsWith" (list . dict) | nindent 2 }}
{{- end -}}

{{- define "wx-token-sidecar.serviceAccount" -}}
{{- default (ternary (include "wx-token-sidecar.fullname" .) "default" .Values.serviceAccount.create) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "wx-token-sidecar.appSecret" -}}
{{- if .Values.appSecret.create -}}
{{ include "wx-token-sidecar.fullname" . }}-appsecret
{{- else -}}
{{ required "appSecret: name an existingSecret with the AppSecrets, or create one" .Values.appSecret.existingSecret }}
{{- end -}}
{{- end -}}

{{/* Not empty where a Lease elects one of the pods, which keeps everything in a Secret. With state in Redis nothing does. */}}
{{- define "wx-token-sidecar.elects" -}}
{{- if and (eq .Values.mode "cluster") (not .Values.config.state) }}true{{ end -}}
{{- end -}}

{{/* Not empty where the daemon asks the API server: to elect one, to mirror a Secret, or to publish into one. */}}
{{- define "wx-token-sidecar.asksCluster" -}}
{{- include "wx-token-sidecar.elects" . -}}
{{- range .Values.accounts -}}
{{- if .from }}true{{ end -}}
{{- range .publish }}{{ if eq (default "" .type) "kubernetes-secret" }}true{{ end }}{{ end -}}
{{- end -}}
{{- end -}}

{{/* Not empty where the platform pushes to the daemon itself: an account says so. */}}
{{- define "wx-token-sidecar.receives" -}}
{{- range .Values.accounts }}{{ if dig "ticket" "push" "" . }}true{{ end }}{{ end -}}
{{- end -}}

{{/*
The configuration as an object, in JSON. What can only be a mistake is refused here, before it comes to pods.
Every AppSecret lies in the one folder that is mounted, so it is named by the account.
*/}}
{{- define "wx-token-sidecar.config" -}}
{{- if not .Values.accounts }}{{ fail "accounts: name at least one, such as { name: shop, type: stable-token, appId: wx0000000000000000 }" }}{{ end -}}
{{- $config := deepCopy .Values.config -}}
{{- $_ := set $config "http" (merge (dict "listen" (printf "0.0.0.0:%d" (int .Values.port))) (default dict $config.http)) -}}
{{- if include "wx-token-sidecar.receives" . -}}
{{- $_ := set $config "push" (dict "listen" (printf "0.0.0.0:%d" (int .Values.pushPort))) -}}
{{- end -}}
{{- if eq .Values.mode "cluster" -}}
{{- $_ := set $config "stateDir" (default "/var/run/wx/.state" $config.stateDir) -}}
{{- end -}}
{{- if include "wx-token-sidecar.elects" . -}}
{{- $lease := merge (dict "name" (include "wx-token-sidecar.fullname" .)) (dig "cluster" "lease" dict $config) -}}
{{- $_ := set $config "cluster" (dict "lease" $lease "secret" (dict "name" .Values.tokenSecret)) -}}
{{- else if $config.cluster -}}
{{- fail "config.cluster: only mode cluster elects a pod, and not with config.state" -}}
{{- end -}}
{{- $names := list -}}
{{- $accounts := list -}}
{{- range .Values.accounts -}}
{{- $account := deepCopy . -}}
{{- $at := printf "accounts (%s)" .name -}}
{{- if has .name $names }}{{ fail (printf "%s: two accounts have this name" $at) }}{{ end -}}
{{- $names = append $names .name -}}
{{- $coordinated := or $.Values.config.state $.Values.config.stateDir .allowUncoordinated -}}
{{- if and (eq (default "" .type) "access-token") (eq $.Values.mode "sidecar") (not $coordinated) -}}
{{- fail (printf "%s: access-token does not go with mode sidecar, where each pod would end the token of the others: use mode cluster, or stable-token" $at) -}}
{{- end -}}
{{- if not (or .secretFile .secretEnv .from (eq (default "" .type) "authorizer")) -}}
{{- $_ := set $account "secretFile" (printf "/etc/wx-token/%s" .name) -}}
{{- end -}}
{{- $file := default "" $account.secretFile -}}
{{- if and $.Values.appSecret.create (hasPrefix "/etc/wx-token/" $file) (not (hasKey $.Values.appSecret.create (base $file))) -}}
{{- fail (printf "appSecret.create: the AppSecret of the account %s is missing; its key is %s" .name (base $file)) -}}
{{- end -}}
{{- if not .publish -}}
{{- $_ := set $account "publish" (list (dict "type" "file" "path" (printf "/var/run/wx/%s/token" .name))) -}}
{{- end -}}
{{- $accounts = append $accounts $account -}}
{{- end -}}
{{- $_ := set $config "credentials" $accounts -}}
{{- toJson $config -}}
{{- end -}}

{{/* What a running daemon cannot change: another value of this annotation makes new pods. */}}
{{- define "wx-token-sidecar.checksum" -}}
{{- $config := include "wx-token-sidecar.config" . | fromJson -}}
{{- omit $config "credentials" "platform" "schedule" "onHangup" | toJson | sha256sum -}}
{{- end -}}

{{- define "wx-token-sidecar.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end -}}

{{/* What is the same in a container of its own pod and beside an app. */}}
{{- define "wx-token-sidecar.container" -}}
name: wx-token
image: {{ include "wx-token-sidecar.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [run, --config, /etc/wx-token-config/config.yaml]
{{- with .Values.env }}
env:
  {{- toYaml . | nindent 2 }}
{{- end }}
resources:
  {{- toYaml .Values.resources | nindent 2 }}
volumeMounts:
  - { name: wx, mountPath: /var/run/wx }
  - { name: wx-appsecret, mountPath: /etc/wx-token, readOnly: true }
  - { name: wx-config, mountPath: /etc/wx-token-config, readOnly: true }
  {{- with .Values.extraVolumeMounts }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
