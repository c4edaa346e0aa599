"use strict";
// Leads the https hosts of one Node process to a server of this machine.
// Written in what older Nodes know as well: it is loaded before any program of theirs.
// `places` maps hosts to ports of 127.0.0.1; other hosts are refused if it is `offline`.

module.exports = (places, offline) => {
  const tls = require("tls");
  const net = require("net");
  const name = (host) => String(host || "").toLowerCase().replace(/\.$/, "");

  const isLocal = (host) => ["localhost", "::1"].includes(host) || host.startsWith("127.");

  const ports = new Map(Object.entries(places));

  const connect = tls.connect;
  tls.connect = function (...args) {
    let options = args.find((one) => one !== null && typeof one === "object") || {};
    const numbers = args.filter((one) => typeof one === "number");
    const texts = args.filter((one) => typeof one === "string");
    const host = name(options.host || options.hostname || texts[0]);
    const port = Number(options.port || numbers[0]);
    if (!options.socket && port === 443 && ports.has(host)) {
      const callback = args.find((one) => typeof one === "function");
      const servername = options.servername || host;
      options = { ...options, host: "127.0.0.1", port: ports.get(host), servername };
      delete options.hostname;
      delete options.lookup;
      return connect.call(this, options, callback);
    }
    return connect.apply(this, args);
  };

  if (offline) {
    const open = net.Socket.prototype.connect;
    net.Socket.prototype.connect = function (...args) {
      const given = Array.isArray(args[0]) ? args[0][0] : args[0];
      const { host, port } = typeof given === "object" ? given : { port: given, host: args[1] };
      if ([80, 443].includes(Number(port)) && host && !isLocal(name(host))) {
        const error = new Error(`fiskaly-mockserver: ${host} is refused: --offline lets nothing out`);
        process.nextTick(() => this.destroy(error));
        return this;
      }
      return open.apply(this, args);
    };
  }
};
