/** The parts of the SDK that the tests use; it comes without types. */
declare module 'co-wechat-api' {
  interface StoredToken {
    readonly accessToken: string;
    /** Epoch ms; the SDK refuses to use the token from then on. */
    readonly expireTime: number;
  }

  class WechatApi {
    /** @param tokenFromCustom whether `getToken` is the only source: else the SDK fetches by itself, against ours */
    constructor(
      appId: string,
      appSecret: string,
      getToken: () => Promise<StoredToken | undefined>,
      saveToken: undefined,
      tokenFromCustom: true,
    );
    /** Base URL of its calls, with a slash at the end. */
    prefix: string;
    /** @throws {Error} with the errcode as `code` when WeChat refuses */
    getIp(): Promise<{ readonly ip_list: readonly string[] }>;
  }

  export = WechatApi;
}
