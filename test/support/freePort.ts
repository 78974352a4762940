export { freePort } from "../../local/src/freePort.ts";
