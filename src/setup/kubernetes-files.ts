import deployment from '../../k8s/base/deployment.yaml';
import clusterKustomization from '../../k8s/base/kustomization.yaml';
import lease from '../../k8s/base/lease.yaml';
import networkPolicy from '../../k8s/base/network-policy.yaml';
import podDisruptionBudget from '../../k8s/base/pod-disruption-budget.yaml';
import role from '../../k8s/base/role.yaml';
import secret from '../../k8s/base/secret.yaml';
import serviceAccount from '../../k8s/base/service-account.yaml';
import sidecarKustomization from '../../k8s/components/sidecar/kustomization.yaml';
import sidecar from '../../k8s/components/sidecar/sidecar.yaml';
import sidecarOfCronJob from '../../k8s/components/sidecar/sidecar-of-cron-job.yaml';

/** The manifests of a refresher for a whole cluster, by their names: those of `k8s/base`, without the configuration. */
export const CLUSTER_FILES: Readonly<Record<string, string>> = {
  'kustomization.yaml': clusterKustomization,
  'deployment.yaml': deployment,
  'lease.yaml': lease,
  'network-policy.yaml': networkPolicy,
  'pod-disruption-budget.yaml': podDisruptionBudget,
  'role.yaml': role,
  'secret.yaml': secret,
  'service-account.yaml': serviceAccount,
};

/** The component that adds a sidecar to the pods of an app, by its files: that of `k8s/components`, without the configuration. */
export const SIDECAR_FILES: Readonly<Record<string, string>> = {
  'kustomization.yaml': sidecarKustomization,
  'sidecar.yaml': sidecar,
  'sidecar-of-cron-job.yaml': sidecarOfCronJob,
};
