// The module itself, not the package's index, which would load the library's watches, shells and caches too.
import { KubeConfig } from "@kubernetes/client-node/dist/config.js";

/** Reads a kubeconfig file, or the service account of the pod that this runs in when none is named. */
export function loadKubeConfig(path: string | undefined): KubeConfig {
  const config = new KubeConfig();
  if (path === undefined) {
    config.loadFromCluster();
    return config;
  }
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new Error(`the kubeconfig ${path} could not be read`, { cause: error });
  }
  if (!config.getCurrentCluster()) {
    throw new Error(`the kubeconfig ${path} names no cluster as its current one`);
  }
  return config;
}
