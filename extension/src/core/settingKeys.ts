/**
 * Every setting, as package.json names them; a test compares the two. What names a server or a file has application
 * scope, so that no repository's settings can change it.
 */
export const SETTING_KEYS = [
  "gpuDev.server",
  "gpuDev.identityFile",
  "gpuDev.connect.openIn",
  "gpuDev.notifications",
] as const;
