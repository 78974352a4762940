import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Ids and names of the editor's own themes, and the CSS class of a window that uses them. */
export const THEMES = {
  dark: { id: "Dark 2026", label: "Dark 2026", shownBy: ".vs-dark" },
  light: { id: "Light 2026", label: "Light 2026", shownBy: ".vs" },
  highContrast: {
    id: "Default High Contrast",
    label: "Dark High Contrast",
    shownBy: ".hc-black",
  },
  highContrastLight: {
    id: "Default High Contrast Light",
    label: "Light High Contrast",
    shownBy: ".hc-light",
  },
};

export type Theme = keyof typeof THEMES;

export interface EditorSettings {
  /** Default: dark. */
  readonly theme?: Theme;
  /** Further settings by their full keys. */
  readonly values?: Readonly<Record<string, unknown>>;
}

/**
 * Writes settings with which the editor asks no questions, sends no requests and shows no panels
 * other than ours.
 */
export async function writeSettings(
  userDataDir: string,
  { theme = "dark", values = {} }: EditorSettings = {},
): Promise<void> {
  const folder = join(userDataDir, "User");
  await mkdir(folder, { recursive: true });
  const settings = { ...QUIET, "workbench.colorTheme": THEMES[theme].id, ...values };
  await writeFile(join(folder, "settings.json"), JSON.stringify(settings, null, 2));
}

const QUIET = {
  "security.workspace.trust.enabled": false,
  "workbench.startupEditor": "none",
  "workbench.enableExperiments": false,
  "workbench.tips.enabled": false,
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "window.autoDetectColorScheme": false,
  "window.autoDetectHighContrast": false,
  // A reload or a closed page must not wait for a confirmation.
  "window.confirmBeforeClose": "never",
  "window.commandCenter": false,
  // Without the name of the product, which differs between a browser and the desktop.
  "window.title": "${dirty}${activeEditorShort}${separator}${rootName}",
  "telemetry.telemetryLevel": "off",
  "extensions.autoCheckUpdates": false,
  "extensions.autoUpdate": false,
  "extensions.ignoreRecommendations": true,
  "update.mode": "none",
  "chat.disableAIFeatures": true,
  // As on the desktop: in a browser, files are by default saved a second after each change.
  "files.autoSave": "off",
  "git.enabled": false,
};
