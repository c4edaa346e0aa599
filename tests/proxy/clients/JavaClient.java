// Onboards a customer and signs a receipt at hard-coded hosts.
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

class JavaClient {
    static final String MANAGEMENT = "https://dashboard.fiskaly.com/api/v0";
    static final String SIGN_DE = "https://kassensichv-middleware.fiskaly.com/api/v2";
    static final String TSS = "00000000-0000-4000-8000-000000000001";
    static final String TILL = "00000000-0000-4000-8000-000000000002";
    static final String TX = "00000000-0000-4000-8000-000000000003";
    static final HttpClient CLIENT = HttpClient.newHttpClient();

    static String call(String method, String url, String token, String body) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
            .method(method, HttpRequest.BodyPublishers.ofString(body))
            .header("Content-Type", "application/json");
        if (!token.isEmpty()) {
            request.header("Authorization", "Bearer " + token);
        }
        HttpResponse<String> answer = CLIENT.send(request.build(), HttpResponse.BodyHandlers.ofString());
        if (answer.statusCode() != 200) {
            throw new IllegalStateException(answer.body());
        }
        return answer.body();
    }

    static String text(String json, String name) {
        Matcher found = Pattern.compile("\"" + name + "\":\"([^\"]+)\"").matcher(json);
        if (!found.find()) {
            throw new IllegalStateException("no " + name + " in " + json);
        }
        return found.group(1);
    }

    static String login(String key, String secret) {
        return String.format("{\"api_key\":\"%s\",\"api_secret\":\"%s\"}", key, secret);
    }

    public static void main(String[] arguments) throws Exception {
        String own = login(System.getenv("FISKALY_API_KEY"), System.getenv("FISKALY_API_SECRET"));
        String token = text(call("POST", MANAGEMENT + "/auth", "", own), "access_token");
        String at = MANAGEMENT + "/organizations";
        String customer = text(call("POST", at, token, "{\"name\":\"Bakery\",\"address_line1\":\"Ring 1\","
            + "\"zip\":\"10115\",\"town\":\"Berlin\",\"country_code\":\"DEU\","
            + "\"managed_by_organization_id\":\"" + System.getenv("FISKALY_ORGANIZATION_ID") + "\"}"), "_id");
        String key = call("POST", at + "/" + customer + "/api-keys", token,
            "{\"name\":\"till-1\",\"status\":\"enabled\"}");
        token = text(call("POST", SIGN_DE + "/auth", "", login(text(key, "key"), text(key, "secret"))),
            "access_token");
        String tss = SIGN_DE + "/tss/" + TSS;
        String puk = text(call("PUT", tss, token, "{}"), "admin_puk");
        call("PATCH", tss, token, "{\"state\":\"UNINITIALIZED\"}");
        call("PATCH", tss + "/admin", token,
            "{\"admin_puk\":\"" + puk + "\",\"new_admin_pin\":\"1234567890\"}");
        call("POST", tss + "/admin/auth", token, "{\"admin_pin\":\"1234567890\"}");
        call("PATCH", tss, token, "{\"state\":\"INITIALIZED\"}");
        call("PUT", tss + "/client/" + TILL, token, "{\"serial_number\":\"till-1\"}");
        String tx = tss + "/tx/" + TX + "?tx_revision=";
        call("PUT", tx + "1", token, "{\"state\":\"ACTIVE\",\"client_id\":\"" + TILL + "\"}");
        String finished = call("PUT", tx + "2", token, "{\"state\":\"FINISHED\",\"client_id\":\"" + TILL + "\","
            + "\"schema\":{\"standard_v1\":{\"receipt\":{\"receipt_type\":\"RECEIPT\","
            + "\"amounts_per_vat_rate\":[{\"vat_rate\":\"NORMAL\",\"amount\":\"1.19\"}],"
            + "\"amounts_per_payment_type\":[{\"payment_type\":\"CASH\",\"amount\":\"1.19\"}]}}}}");
        System.out.println(text(finished.substring(finished.indexOf("\"signature\"")), "value"));
    }
}
