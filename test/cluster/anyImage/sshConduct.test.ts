import { describeConduct } from "../../integration/sshConduct/describeConduct.ts";
import { requireTool } from "../../support/requireTool.ts";

// In CI, `npm test` builds the server and runs this suite.
if (process.env["CI"] !== "true") {
  describeConduct("ssh-server", (context) => {
    requireTool(context, "go");
  });
}
