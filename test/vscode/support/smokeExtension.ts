import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Packs a small extension for the tests: two views, three commands, an item in the status bar. */
export async function packSmokeExtension(folder: string): Promise<string> {
  await mkdir(join(folder, "extension"), { recursive: true });
  await writeFile(join(folder, "extension/package.json"), JSON.stringify(MANIFEST));
  await writeFile(join(folder, "extension/main.js"), MAIN);
  await writeFile(join(folder, "extension/box.svg"), ICON);
  const pack = ["-m", "zipfile", "-c", "smoke.vsix", "extension/"];
  await run("python3", pack, { cwd: folder });
  return join(folder, "smoke.vsix");
}

const MANIFEST = {
  name: "smoke",
  publisher: "gpu-dev-tests",
  displayName: "Smoke",
  version: "0.0.1",
  engines: { vscode: "^1.100.0" },
  main: "./main.js",
  activationEvents: ["onStartupFinished"],
  contributes: {
    commands: [
      { command: "smoke.ask", title: "Ask", category: "Smoke", icon: "$(add)" },
      { command: "smoke.end", title: "End", category: "Smoke", icon: "$(trash)" },
      { command: "smoke.name", title: "Name It", category: "Smoke" },
    ],
    viewsContainers: { activitybar: [{ id: "smoke", title: "Smoke Box", icon: "box.svg" }] },
    views: {
      smoke: [
        { id: "smoke.things", name: "Things" },
        { id: "smoke.empty", name: "Empty" },
      ],
    },
    viewsWelcome: [{ view: "smoke.empty", contents: "Nothing here.\n[Ask](command:smoke.ask)" }],
    menus: {
      "view/title": [{ command: "smoke.ask", when: "view == smoke.things", group: "navigation" }],
      "view/item/context": [
        { command: "smoke.end", when: "viewItem == leaf", group: "inline" },
        { command: "smoke.end", when: "viewItem == leaf" },
        { command: "smoke.ask", when: "viewItem == leaf" },
      ],
    },
  },
};

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d="M4 4h16v16H4z"/></svg>';

const MAIN = `
const vscode = require("vscode");

const row = (label, more) => Object.assign(new vscode.TreeItem(label), more);
const leaves = ["One", "Two"].map((name) =>
  row("Leaf " + name, {
    description: "green",
    tooltip: "A leaf of the branch",
    contextValue: "leaf",
    iconPath: new vscode.ThemeIcon("server-process"),
    accessibilityInformation: { label: "Leaf " + name + ", green" },
  }),
);
const branch = row("Branch", { description: "2 leaves", collapsibleState: 1 });

async function ask() {
  const quick = vscode.window.createQuickPick();
  quick.title = "Pick one";
  quick.placeholder = "Select a number";
  quick.buttons = [vscode.QuickInputButtons.Back];
  quick.items = [
    { label: "Numbers", kind: vscode.QuickPickItemKind.Separator },
    { label: "One", description: "small", detail: "The first number" },
    { label: "Two", buttons: [{ iconPath: new vscode.ThemeIcon("info"), tooltip: "About" }] },
  ];
  quick.onDidTriggerButton(() => quick.hide());
  quick.onDidAccept(async () => {
    const picked = quick.selectedItems[0].label;
    quick.hide();
    const answer = await vscode.window.showInformationMessage("Picked " + picked + ".", "Again");
    if (answer === "Again") await ask();
  });
  quick.show();
}

async function end(item) {
  const options = { modal: true, detail: "Its color is kept." };
  const answer = await vscode.window.showWarningMessage("End " + item.label + "?", options, "End");
  void vscode.window.showErrorMessage("Answered " + answer + ".");
}

async function name() {
  const value = await vscode.window.showInputBox({
    title: "Name it",
    prompt: "Lower case.",
    validateInput: (text) => (text === text.toLowerCase() ? null : "Use lower case."),
  });
  if (value === undefined) return;
  const terminal = vscode.window.createTerminal({ name: "Smoke" });
  terminal.sendText("echo named-" + value);
  terminal.show();
}

exports.activate = ({ subscriptions }) => {
  const things = {
    getTreeItem: (each) => each,
    getChildren: (parent) => (parent === undefined ? [branch] : leaves),
  };
  const nothing = { getTreeItem: (each) => each, getChildren: () => [] };
  const view = vscode.window.createTreeView("smoke.things", { treeDataProvider: things });
  view.message = "As of 10:00";
  const status = vscode.window.createStatusBarItem("smoke.status", vscode.StatusBarAlignment.Left);
  status.text = "$(clock) 5 min left";
  status.backgroundColor = new vscode.ThemeColor("statusBarItem.warningBackground");
  status.command = "smoke.ask";
  status.show();
  subscriptions.push(
    view,
    status,
    vscode.window.createTreeView("smoke.empty", { treeDataProvider: nothing }),
    vscode.commands.registerCommand("smoke.ask", ask),
    vscode.commands.registerCommand("smoke.end", end),
    vscode.commands.registerCommand("smoke.name", name),
  );
};
`;
