// Drive fiskaly-mockserver from Java: onboarding, a receipt, faults, a jump in time, the journal.
//
// Needs JDK 11 or newer and no library: `java Recipe.java`. The environment variable
// FISKALY_MOCKSERVER may hold another command to start the server with.

import java.io.*;
import java.net.URI;
import java.net.http.*;
import java.time.Duration;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.*;

public class Recipe {
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    /** Send a request, body and token null where there is none. */
    static HttpResponse<String> send(String method, String url, String body, String token)
            throws Exception {
        var request = HttpRequest.newBuilder(URI.create(url)).timeout(Duration.ofSeconds(10));
        request.method(method, HttpRequest.BodyPublishers.ofString(body == null ? "" : body));
        if (body != null) request.header("Content-Type", "application/json");
        if (token != null) request.header("Authorization", "Bearer " + token);
        return CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Return the body of an answer that must have this status. */
    static String call(int status, String method, String url, String body, String token)
            throws Exception {
        HttpResponse<String> answer = send(method, url, body, token);
        expect(method + " " + url + " (" + answer.body() + ")", status, answer.statusCode());
        return answer.body();
    }

    static String post(String url, String body, String token) throws Exception {
        return call(200, "POST", url, body, token);
    }

    static String get(String url, String token) throws Exception {
        return call(200, "GET", url, null, token);
    }

    /** Write JSON with ' for "; a real suite takes its JSON library, here and below. */
    static String json(String text, Object... values) {
        return String.format(text.replace('\'', '"'), values);
    }

    /** Read the first such field of a JSON text, a text or a number. */
    static String take(String field, String json) {
        Matcher found = Pattern.compile("\"" + field + "\":\\s*\"?([^\",}]*)").matcher(json);
        expect(field + " in " + json, true, found.find());
        return found.group(1);
    }

    static void expect(String what, Object wanted, Object got) {
        if (!Objects.equals(wanted, got)) {
            throw new AssertionError(what + ": expected " + wanted + ", got " + got);
        }
    }

    /** Do what a client should do: on a 503 wait as long as the server asks, and try again. */
    static String createKey(String url, String body, String token) throws Exception {
        HttpResponse<String> answer = send("POST", url, body, token);
        if (answer.statusCode() == 503) {
            Thread.sleep(1000 * answer.headers().firstValueAsLong("Retry-After").orElse(0));
            return post(url, body, token);
        }
        expect("the first attempt", 200, answer.statusCode());
        return answer.body();
    }

    /** Write the body of a call on a transaction, with a receipt over one amount, paid in cash. */
    static String receipt(String state, String client, String amount) {
        return json("{'state': '%s', 'client_id': '%s', 'schema': {'standard_v1': {'receipt': {"
                + "'receipt_type': 'RECEIPT',"
                + " 'amounts_per_vat_rate': [{'vat_rate': 'NORMAL', 'amount': '%s'}],"
                + " 'amounts_per_payment_type': [{'payment_type': 'CASH', 'amount': '%s'}]}}}}",
                state, client, amount, amount);
    }

    /** Do what a till should do: if no answer comes, send the same revision and body again. */
    static String sign(String url, String body, String token) throws Exception {
        try {
            return call(200, "PUT", url, body, token);
        } catch (IOException lost) {
            return call(200, "PUT", url, body, token);
        }
    }

    static void run(String api, String signDe, String mock) throws Exception {
        // 1. Seed: the same preset and seed give the same ids, keys and secrets everywhere.
        String tree = post(mock + "/seed", json("{'preset': 'enterprise', 'seed': 42}"), null);
        String login = json("{'api_key': '%s', 'api_secret': '%s'}",
                take("key", tree), take("secret", tree));

        // 2. Onboard a customer, while the first attempt to create its key fails with 503.
        String session = post(api + "/auth", login, null);
        String token = take("access_token", session);
        String profile = json("{'name': 'Kiosk am Hafen', 'address_line1': 'Hafenstrasse 1',"
                + " 'zip': '20359', 'town': 'Hamburg', 'country_code': 'DEU',"
                + " 'managed_by_organization_id': '%s'}", take("id", tree));
        String customer = take("_id", post(api + "/organizations", profile, token));
        String own = api + "/organizations/" + customer;
        post(mock + "/faults", json("{'operation': 'createApiKey', 'when': {'first': 1}, 'effect':"
                + " {'kind': 'status', 'status': 503, 'headers': {'Retry-After': '1'}}}"), null);
        String key = json("{'name': 'till-1', 'status': 'enabled'}");
        String made = createKey(own + "/api-keys", key, token);
        expect("hits of the fault", "1", take("hits", get(mock + "/faults", null)));

        // 3. The customer's key sees the customer, and nobody else.
        String till = json("{'api_key': '%s', 'api_secret': '%s'}",
                take("key", made), take("secret", made));
        String tillToken = take("access_token", post(api + "/auth", till, null));
        String seen = get(api + "/organizations", tillToken);
        expect("how many the till sees", "1", take("count", seen));
        expect("what the till sees", customer, take("_id", seen));

        // 4. A TSS of the customer: deployed, its PIN set by the PUK, initialized, with its till.
        String tss = signDe + "/tss/" + UUID.randomUUID();
        String puk = take("admin_puk", call(200, "PUT", tss, "{}", tillToken));
        call(200, "PATCH", tss, json("{'state': 'UNINITIALIZED'}"), tillToken);
        String pin = json("{'admin_puk': '%s', 'new_admin_pin': '123456'}", puk);
        call(200, "PATCH", tss + "/admin", pin, tillToken);
        post(tss + "/admin/auth", json("{'admin_pin': '123456'}"), tillToken);
        call(200, "PATCH", tss, json("{'state': 'INITIALIZED'}"), tillToken);
        String client = UUID.randomUUID().toString();
        String serial = json("{'serial_number': 'KASSE-01'}");
        call(200, "PUT", tss + "/client/" + client, serial, tillToken);

        // 5. A receipt: started, updated, and finished, though the answer to that is lost: signed once.
        String tx = tss + "/tx/" + UUID.randomUUID();
        String active = json("{'state': 'ACTIVE', 'client_id': '%s'}", client);
        sign(tx + "?tx_revision=1", active, tillToken);
        sign(tx + "?tx_revision=2", receipt("ACTIVE", client, "2.50"), tillToken);
        post(mock + "/faults", json("{'operation': 'upsertTransaction', 'when': {'first': 1},"
                + " 'phase': 'after', 'effect': {'kind': 'empty_reply'}}"), null);
        String signed = sign(tx + "?tx_revision=3", receipt("FINISHED", client, "4.80"), tillToken);
        String qrCode = take("qr_code_data", signed);
        expect("the QR code", "V0;KASSE-01;Kassenbeleg-V1", qrCode.substring(0, 26));
        String counter = take("signature_counter", get(tss, tillToken));
        expect("the last signature", counter, take("counter", signed));

        // 6. Export everything that the TSS signed.
        String export = tss + "/export/" + UUID.randomUUID();
        call(200, "PUT", export, "{}", tillToken);
        while (!take("state", get(export, tillToken)).equals("COMPLETED")) Thread.sleep(1000);
        String log = "_No-1_Finish_Client-KASSE-01.log";
        int logs = get(export + "/file", tillToken).split(log, -1).length - 1;
        expect("logs of the receipt's end", 1, logs);

        // 7. 25 hours later the access token is over, and the refresh token is not.
        post(mock + "/clock", json("{'advance': '25h'}"), null);
        call(401, "GET", own, null, token);
        String refresh = json("{'refresh_token': '%s'}", take("refresh_token", session));
        get(own, take("access_token", post(api + "/auth", refresh, null)));

        // 8. The journal: one such organization was created, and no request broke the contract.
        String wanted = json("{'operation': 'createOrganization', 'body': {'town': 'Hamburg'}}");
        expect("created", "1", take("count", post(mock + "/journal/count", wanted, null)));
        String violations = get(mock + "/journal/violations", null);
        expect("violations", json("{'exchanges':[],'dropped':0}"), violations);

        // 9. Reset: the seeded organizations, real time, and nothing else.
        post(mock + "/reset", null, null);
        expect("after the reset", "0", take("count", post(mock + "/journal/count", "{}", null)));
        call(404, "GET", own, null, take("access_token", post(api + "/auth", login, null)));
    }

    public static void main(String[] arguments) throws Exception {
        String command = System.getenv().getOrDefault("FISKALY_MOCKSERVER", "fiskaly-mockserver");
        String serve = command + " serve --json --port 0 --log-level off";
        Process server = new ProcessBuilder(serve.split(" "))
                .redirectError(ProcessBuilder.Redirect.INHERIT).start();
        try (var output = new BufferedReader(new InputStreamReader(server.getInputStream()))) {
            String ready = output.readLine();
            if (ready == null) throw new AssertionError("the server did not start");
            run(take("base_url", ready), take("sign_de_url", ready), take("control_url", ready));
        } finally {
            server.destroy(); // SIGTERM
        }
        expect("the server's exit code", 0, server.waitFor());
        System.out.println("ok");
    }
}
