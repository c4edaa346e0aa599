// Onboards a customer and signs a receipt at hard-coded hosts.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
)

const (
	management = "https://dashboard.fiskaly.com/api/v0"
	signDE     = "https://kassensichv-middleware.fiskaly.com/api/v2"
	tssID      = "00000000-0000-4000-8000-000000000001"
	till       = "00000000-0000-4000-8000-000000000002"
	txID       = "00000000-0000-4000-8000-000000000003"
)

type object map[string]interface{}

func fail(what interface{}) {
	fmt.Fprintln(os.Stderr, what)
	os.Exit(1)
}

func call(method, url, token string, body object) object {
	text, _ := json.Marshal(body)
	request, err := http.NewRequest(method, url, bytes.NewReader(text))
	if err != nil {
		fail(err)
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		fail(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 200 {
		fail(answer.Status)
	}
	found := object{}
	if err := json.NewDecoder(answer.Body).Decode(&found); err != nil {
		fail(err)
	}
	return found
}

func main() {
	own := object{"api_key": os.Getenv("FISKALY_API_KEY"), "api_secret": os.Getenv("FISKALY_API_SECRET")}
	token := call("POST", management+"/auth", "", own)["access_token"].(string)
	at := management + "/organizations"
	customer := call("POST", at, token, object{
		"name": "Bakery", "address_line1": "Ring 1", "zip": "10115", "town": "Berlin",
		"country_code": "DEU", "managed_by_organization_id": os.Getenv("FISKALY_ORGANIZATION_ID"),
	})["_id"].(string)
	key := call("POST", at+"/"+customer+"/api-keys", token, object{"name": "till-1", "status": "enabled"})
	login := object{"api_key": key["key"], "api_secret": key["secret"]}
	token = call("POST", signDE+"/auth", "", login)["access_token"].(string)
	tss := signDE + "/tss/" + tssID
	puk := call("PUT", tss, token, object{})["admin_puk"]
	call("PATCH", tss, token, object{"state": "UNINITIALIZED"})
	call("PATCH", tss+"/admin", token, object{"admin_puk": puk, "new_admin_pin": "1234567890"})
	call("POST", tss+"/admin/auth", token, object{"admin_pin": "1234567890"})
	call("PATCH", tss, token, object{"state": "INITIALIZED"})
	call("PUT", tss+"/client/"+till, token, object{"serial_number": "till-1"})
	tx := tss + "/tx/" + txID + "?tx_revision="
	call("PUT", tx+"1", token, object{"state": "ACTIVE", "client_id": till})
	receipt := object{
		"receipt_type":             "RECEIPT",
		"amounts_per_vat_rate":     []object{{"vat_rate": "NORMAL", "amount": "1.19"}},
		"amounts_per_payment_type": []object{{"payment_type": "CASH", "amount": "1.19"}},
	}
	finished := call("PUT", tx+"2", token, object{
		"state": "FINISHED", "client_id": till,
		"schema": object{"standard_v1": object{"receipt": receipt}},
	})
	fmt.Println(finished["signature"].(map[string]interface{})["value"])
}
