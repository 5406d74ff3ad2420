package nhsa_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

const madeUpECode = "4240000000000000001230440000"

// TestECode asks a service that answers in each way, and looks for the code in what
// comes of it.
func TestECode(t *testing.T) {
	for _, test := range []struct {
		name, answer string
		status       int
		token        string
		refused      bool
	}{
		{"known", `{"code":0,"message":"成功","data":{"idNo":"4403**********0023","userName":"张小满","ecToken":"T1","ecQrCode":"x"}}`, 200, "T1", false},
		{"code as text", `{"code":"0","data":{"ecToken":"T2"}}`, 200, "T2", false},
		{"cancelled", `{"code":-2,"message":"用户取消 ` + madeUpECode + `"}`, 200, "", true},
		{"no token", `{"code":0,"data":{}}`, 200, "", false},
		{"rubbish", `<html>`, 200, "", false},
		{"broken", `{}`, 500, "", false},
		{"moved", ``, 302, "", false},
		{"long", `{"code":0,"x":"` + strings.Repeat("x", 70_000) + `"}`, 200, "", false},
	} {
		var asked struct {
			OrgID     string `json:"orgId"`
			TransType string `json:"transType"`
			Data      map[string]string
		}
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if err := json.Unmarshal(body, &asked); err != nil {
				t.Error(err)
			}
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(test.status)
			_, _ = io.WriteString(w, test.answer)
		}))
		service, err := nhsa.NewECodes(nhsa.ECodeOptions{URL: server.URL, Institution: "H44030500001", Operator: "0001"})
		if err != nil {
			t.Fatal(err)
		}
		holder, err := service.Query(t.Context(), madeUpECode)
		server.Close()
		var refused *nhsa.BusinessRefusal
		var unknown *nhsa.Unknown
		switch {
		case test.token != "" && (err != nil || string(holder.Token) != test.token):
			t.Errorf("%s: %v %v", test.name, holder, err)
		case test.refused && !errors.As(err, &refused), test.token == "" && !test.refused && !errors.As(err, &unknown):
			t.Errorf("%s: %v", test.name, err)
		}
		if asked.TransType != "ec.query" || asked.OrgID != "H44030500001" || asked.Data["ecQrCode"] != madeUpECode || asked.Data["businessType"] != "01301" {
			t.Errorf("asked %+v", asked)
		}
		if said := fmt.Sprintf("%v %+v %v", err, holder, service); strings.Contains(said, madeUpECode) || strings.Contains(said, "张小满") {
			t.Errorf("%s tells %s", test.name, said)
		}
	}
	service, err := nhsa.NewECodes(nhsa.ECodeOptions{URL: "http://127.0.0.1:1/x"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := service.Query(t.Context(), madeUpECode); err == nil || strings.Contains(err.Error(), madeUpECode) {
		t.Errorf("%v", err)
	}
	if _, err := nhsa.NewECodes(nhsa.ECodeOptions{URL: "localQrCodeQuery"}); err == nil {
		t.Error("an address without a host")
	}
}
