import { buildBundle } from "./bundle.ts";

// Another output file may be given: `node cli/build.ts FILE`.
await buildBundle(process.argv[2]);
