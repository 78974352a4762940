import assert from "node:assert/strict";
import {
  explainCommandFor,
  explainStarterText,
  sshArguments,
  sshCommandLine,
} from "../../../extension/src/connect/commandLines.ts";
import { expandHome, clientPaths } from "@gpu-dev/client/paths.ts";
import { includeWorks } from "@gpu-dev/client/ssh/managedBlock.ts";
import {
  authorityFor,
  hostFromAuthority,
  includeQuestion,
  remoteSshFor,
  withLinux,
} from "../../../extension/src/connect/remoteSsh.ts";

const hexOf = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("hex");

describe("the host of a remote window", () => {
  it("is read from a plain authority and from one that we create", () => {
    assert.equal(hostFromAuthority("ssh-remote+gpu-dev-demo"), "gpu-dev-demo");
    assert.equal(hostFromAuthority(authorityFor("gpu-dev-a-b")), "gpu-dev-a-b");
    assert.equal(hostFromAuthority("ssh-remote%2Bgpu-dev-demo"), "gpu-dev-demo");
    assert.equal(hostFromAuthority("ssh-remote+dev@gpu-dev-demo:2222"), "gpu-dev-demo");
  });

  it("is read from hex-encoded JSON, as Remote-SSH writes it", () => {
    const authority = `ssh-remote+${hexOf({ hostName: "gpu-dev-Demo", user: "dev" })}`;
    assert.equal(hostFromAuthority(authority), "gpu-dev-demo");
  });

  it("is a plain name even if the name consists of hex digits", () => {
    assert.equal(hostFromAuthority("ssh-remote+cafe"), "cafe");
    assert.equal(hostFromAuthority(`ssh-remote+${hexOf({ user: "dev" })}`), hexOf({ user: "dev" }));
  });

  it("is undefined for any other remote", () => {
    for (const authority of ["", "ssh-remote", "ssh-remote+", "wsl+ubuntu", "127.0.0.1:8000"]) {
      assert.equal(hostFromAuthority(authority), undefined, authority);
    }
  });
});

describe("where the extension's files lie", () => {
  it("is the command line's folder on each platform, and GPU_DEV_HOME where it is set", () => {
    const linux = clientPaths({ platform: "linux", home: "/home/ada", env: {} });
    assert.equal(linux.ownDir, "/home/ada/.gpu-dev");
    assert.equal(linux.explainScript, "/home/ada/.gpu-dev/bin/explain.cjs");
    const windows = clientPaths({ platform: "win32", home: "C:\\Users\\ada", env: {} });
    assert.equal(windows.userSshConfig, "C:\\Users\\ada\\.ssh\\config");
    assert.equal(windows.explainStarter, "C:\\Users\\ada\\.gpu-dev\\bin\\explain.cmd");
    const env = { GPU_DEV_HOME: "/data/gpu-dev" };
    assert.equal(clientPaths({ platform: "darwin", home: "/h", env }).ownDir, "/data/gpu-dev");
  });

  it("expands a home that a setting names", () => {
    assert.equal(expandHome("~/x/config", "linux", "/home/ada"), "/home/ada/x/config");
    assert.equal(expandHome("~\\x", "win32", "C:\\Users\\ada"), "C:\\Users\\ada\\x");
    assert.equal(expandHome("~bob/config", "linux", "/home/ada"), "~bob/config");
    assert.equal(expandHome("/etc/config", "linux", "/home/ada"), "/etc/config");
  });
});

describe("the program for ended hosts", () => {
  const execPath = "C:\\100%\\Code.exe";

  it("is the editor's program run as Node through env", () => {
    const paths = clientPaths({ platform: "darwin", home: "/Users/ada", env: {} });
    assert.deepEqual(
      explainCommandFor({ platform: "darwin", execPath: "/Apps/Code Helper", paths }),
      [
        "/usr/bin/env",
        "ELECTRON_RUN_AS_NODE=1",
        "/Apps/Code Helper",
        "/Users/ada/.gpu-dev/bin/explain.cjs",
      ],
    );
  });

  it("is a batch file on Windows, which sets the same variable", () => {
    const paths = clientPaths({ platform: "win32", home: "C:\\Users\\ada", env: {} });
    assert.deepEqual(explainCommandFor({ platform: "win32", execPath, paths }), [
      "C:\\Users\\ada\\.gpu-dev\\bin\\explain.cmd",
    ]);
    const lines = explainStarterText(execPath).split("\r\n");
    assert.ok(lines.includes("set ELECTRON_RUN_AS_NODE=1"));
    assert.equal(lines[3], '"C:\\100%%\\Code.exe" "%~dp0explain.cjs" %*');
  });
});

describe("the Remote-SSH extension of an editor", () => {
  it("is the installed one, the editor's own first, with any case of its id", () => {
    const both = ["MS-vscode-remote.remote-ssh", "anysphere.remote-ssh"];
    assert.equal(remoteSshFor("Cursor", both).installed?.id, "anysphere.remote-ssh");
    assert.equal(
      remoteSshFor("Visual Studio Code - Insiders", both).installed?.id,
      "ms-vscode-remote.remote-ssh",
    );
    const open = ["jeanp413.open-remote-ssh"];
    assert.equal(remoteSshFor("Cursor", open).installed?.id, "jeanp413.open-remote-ssh");
  });

  it("is undefined if none is installed, with the suitable one to install", () => {
    const suitable = (editor: string) => remoteSshFor(editor, ["ms-python.python"]).suitable.id;
    assert.equal(remoteSshFor("VSCodium", ["ms-python.python"]).installed, undefined);
    assert.deepEqual(
      ["Visual Studio Code", "Cursor", "Windsurf", "Antigravity", "VSCodium", "Positron"].map(
        suitable,
      ),
      [
        "ms-vscode-remote.remote-ssh",
        "anysphere.remote-ssh",
        "codeium.windsurf-remote-openssh",
        "google.antigravity-remote-openssh",
        "jeanp413.open-remote-ssh",
        "jeanp413.open-remote-ssh",
      ],
    );
  });

  it("is set to treat the host as Linux, without other changes of the setting", () => {
    assert.deepEqual(withLinux({ other: "windows" }, "gpu-dev-a"), {
      other: "windows",
      "gpu-dev-a": "linux",
    });
    assert.deepEqual(withLinux(undefined, "gpu-dev-a"), { "gpu-dev-a": "linux" });
    assert.equal(withLinux({ "gpu-dev-a": "linux" }, "gpu-dev-a"), undefined);
  });
});

describe("the SSH command to copy", () => {
  it("is plain if ssh finds the host, otherwise it names our config file, quoted for the shell", () => {
    const line = (file: string | undefined, platform: NodeJS.Platform) =>
      sshCommandLine(sshArguments("gpu-dev-demo", file), platform);
    assert.equal(line(undefined, "linux"), "ssh gpu-dev-demo");
    assert.equal(
      line("/h/.gpu-dev/ssh/config", "linux"),
      "ssh -F /h/.gpu-dev/ssh/config gpu-dev-demo",
    );
    assert.equal(line("/it's mine/c", "darwin"), "ssh -F '/it'\\''s mine/c' gpu-dev-demo");
    assert.equal(line("C:\\A B\\c", "win32"), 'ssh -F "C:\\A B\\c" gpu-dev-demo');
  });
});

describe("the Include line", () => {
  const path = "/h/.gpu-dev/ssh/config";

  it("works only first in the file and with our path, or where the user wrote it", () => {
    assert.equal(includeWorks({ kind: "present", place: "first", include: path }, path), true);
    assert.equal(includeWorks({ kind: "present", place: "later", include: path }, path), false);
    assert.equal(includeWorks({ kind: "present", place: "first", include: "/old" }, path), false);
    assert.equal(includeWorks({ kind: "absent", byHand: true }, path), true);
    assert.equal(includeWorks({ kind: "absent", byHand: false }, path), false);
    assert.equal(includeWorks({ kind: "malformed", problem: "twice" }, path), false);
  });

  it("is confirmed by the user, with the exact line and file", () => {
    const options = { host: "gpu-dev-demo", file: "/h/.ssh/config", includePath: path };
    const absent = includeQuestion({ ...options, state: { kind: "absent", byHand: false } });
    assert.equal(absent.confirm, "Add Line");
    for (const part of [
      "gpu-dev-demo",
      "/h/.ssh/config",
      `Include "${path}"`,
      "A terminal works",
    ]) {
      assert.ok(absent.detail.includes(part), part);
    }
    const moved = { kind: "present", place: "inside", include: path } as const;
    assert.equal(includeQuestion({ ...options, state: moved }).confirm, "Correct Line");
  });
});
