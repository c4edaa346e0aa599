"use strict";
// Onboards a customer and signs a receipt at hard-coded hosts; argument: fetch or https.
const https = require("node:https");

const MANAGEMENT = "https://dashboard.fiskaly.com/api/v0";
const SIGN_DE = "https://kassensichv-middleware.fiskaly.com/api/v2";
const [TSS, TILL, TX] = [1, 2, 3].map((number) => `00000000-0000-4000-8000-00000000000${number}`);
const env = process.env;

const headersOf = (token) => ({
  "Content-Type": "application/json",
  ...(token ? { Authorization: `Bearer ${token}` } : {}),
});

const calls = {
  async fetch(method, url, token, body) {
    const answer = await fetch(url, { method, headers: headersOf(token), body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    return answer.json();
  },
  https: (method, url, token, body) =>
    new Promise((resolve, reject) => {
      const request = https.request(url, { method, headers: headersOf(token) }, (answer) => {
        let text = "";
        answer.on("data", (chunk) => (text += chunk));
        answer.on("end", () =>
          answer.statusCode === 200 ? resolve(JSON.parse(text)) : reject(new Error(text)),
        );
      });
      request.on("error", reject);
      request.end(JSON.stringify(body));
    }),
};

async function receipt(call) {
  const own = { api_key: env.FISKALY_API_KEY, api_secret: env.FISKALY_API_SECRET };
  let token = (await call("POST", `${MANAGEMENT}/auth`, "", own)).access_token;
  const at = `${MANAGEMENT}/organizations`;
  const customer = await call("POST", at, token, {
    name: "Bakery",
    address_line1: "Ring 1",
    zip: "10115",
    town: "Berlin",
    country_code: "DEU",
    managed_by_organization_id: env.FISKALY_ORGANIZATION_ID,
  });
  const { key, secret } = await call("POST", `${at}/${customer._id}/api-keys`, token, {
    name: "till-1",
    status: "enabled",
  });
  const login = { api_key: key, api_secret: secret };
  token = (await call("POST", `${SIGN_DE}/auth`, "", login)).access_token;
  const tss = `${SIGN_DE}/tss/${TSS}`;
  const { admin_puk } = await call("PUT", tss, token, {});
  await call("PATCH", tss, token, { state: "UNINITIALIZED" });
  await call("PATCH", `${tss}/admin`, token, { admin_puk, new_admin_pin: "1234567890" });
  await call("POST", `${tss}/admin/auth`, token, { admin_pin: "1234567890" });
  await call("PATCH", tss, token, { state: "INITIALIZED" });
  await call("PUT", `${tss}/client/${TILL}`, token, { serial_number: "till-1" });
  const tx = `${tss}/tx/${TX}?tx_revision=`;
  await call("PUT", `${tx}1`, token, { state: "ACTIVE", client_id: TILL });
  const finished = await call("PUT", `${tx}2`, token, {
    state: "FINISHED",
    client_id: TILL,
    schema: {
      standard_v1: {
        receipt: {
          receipt_type: "RECEIPT",
          amounts_per_vat_rate: [{ vat_rate: "NORMAL", amount: "1.19" }],
          amounts_per_payment_type: [{ payment_type: "CASH", amount: "1.19" }],
        },
      },
    },
  });
  return finished.signature.value;
}

receipt(calls[process.argv[2]]).then(console.log, (error) => {
  console.error(error);
  process.exit(1);
});
