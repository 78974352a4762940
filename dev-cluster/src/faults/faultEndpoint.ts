import { randomUUID } from "node:crypto";
import { z } from "zod";
import { badRequest, noSuchPath, StatusError } from "../kube/statusError.ts";
import type { FaultState } from "./faultState.ts";
import { requestFaultSchema } from "./requestFault.ts";
import type { RequestFaults } from "./requestFaults.ts";

const id = z.string().min(1).optional();

const faultSchema = z.union([
  requestFaultSchema,
  z.strictObject({ nodeLost: z.string().min(1) }),
  z.strictObject({ nodeBack: z.string().min(1) }),
  z.strictObject({ id, slowPullMs: z.number().min(0), image: z.string().optional() }),
  z.strictObject({ id, failPull: z.string().min(1) }),
  z.strictObject({
    oomKill: z.strictObject({ namespace: z.string().min(1), pod: z.string().min(1) }),
  }),
]);

export interface Faults {
  readonly requests: RequestFaults;
  readonly nodes: FaultState;
}

/** Adds a fault and returns its id; throws 400 for an unknown fault. */
export function addFault(faults: Faults, input: unknown): string {
  const result = faultSchema.safeParse(input);
  if (!result.success) throw badRequest(`invalid fault: ${z.prettifyError(result.error)}`);
  const fault = result.data;
  const name = ("id" in fault ? fault.id : undefined) ?? randomUUID();
  if ("effect" in fault) faults.requests.add({ ...fault, id: name });
  else if ("nodeLost" in fault) faults.nodes.setNodeLost(fault.nodeLost, true);
  else if ("nodeBack" in fault) faults.nodes.setNodeLost(fault.nodeBack, false);
  else if ("slowPullMs" in fault) faults.nodes.addSlowPull({ ...fault, id: name });
  else if ("failPull" in fault) faults.nodes.addFailPull({ ...fault, id: name });
  else faults.nodes.oomKill(fault.oomKill);
  return name;
}

/**
 * GET /faults lists the faults, PUT /faults adds a fault or a list of faults, DELETE /faults clears
 * all of them and DELETE /faults/<id> one. Returns the JSON to send.
 */
export function handleFaults(
  faults: Faults,
  method: string,
  pathname: string,
  body: unknown,
): object {
  const [, , name, ...more] = pathname.split("/");
  if (more.length > 0 || (name !== undefined && method !== "DELETE")) throw noSuchPath();
  switch (method) {
    case "GET":
      return listFaults(faults);
    case "PUT":
    case "POST": {
      const inputs: unknown[] = Array.isArray(body) ? body : [body];
      const ids = inputs.map((input) => addFault(faults, input));
      return { ids };
    }
    case "DELETE":
      return clearFaults(faults, name);
    default:
      throw new StatusError(405, "MethodNotAllowed", `${method} is not supported on /faults`);
  }
}

export function listFaults(faults: Faults): object {
  return { requests: faults.requests.list(), ...faults.nodes.list() };
}

function clearFaults(faults: Faults, name: string | undefined): object {
  if (name === undefined) {
    faults.requests.clear();
    faults.nodes.clear();
    return { cleared: "all" };
  }
  const known = faults.requests.remove(name) || faults.nodes.removePull(name);
  if (!known) throw new StatusError(404, "NotFound", `there is no fault "${name}"`);
  return { cleared: name };
}
