import type { ApiClient, ApiClientOptions } from "@gpu-dev/client/http/apiClient.ts";

/**
 * A client that loads the schemas of the API with its first request. They take longer to load than
 * the rest of the extension, and the editor waits for the extension to activate.
 */
export function createLazyClient(options: ApiClientOptions): ApiClient {
  let loading: Promise<ApiClient> | undefined;
  const load = async () => {
    const { createApiClient } = await import("@gpu-dev/client/http/apiClient.ts");
    return createApiClient(options);
  };
  const client = () => (loading ??= load());
  return {
    baseUrl: options.baseUrl,
    call: async (...args) => (await client()).call(...args),
    events: async function* (eventsOptions) {
      yield* (await client()).events(eventsOptions);
    },
  };
}
