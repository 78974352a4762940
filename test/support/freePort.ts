export { freePort } from "../../local/src/ports.ts";
