package platform_test

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"settled/cmd/rig/internal/platform"
)

func TestControl(t *testing.T) {
	d := open(t, nil)
	url := "http://" + d.sim.Addr() + "/control/"
	post := func(what, body string, want int) {
		t.Helper()
		resp, err := http.Post(url+what, "application/json", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s %s: %d, want %d", what, body, resp.StatusCode, want)
		}
	}
	post("fault", `{"infno":"2206","kind":"refuse","text":"不行","times":1}`, 204)
	post("fault", `{"kind":"magic"}`, 400)
	post("fault", `{"kind":"cut","often":1}`, 400)
	if c := d.upload(visit(t), nil); c.Refusal == nil || !strings.Contains(c.Refusal.Cashier, "不行") {
		t.Errorf("not refused: %+v", c)
	}
	post("fault", `{"kind":"cut"}`, 204)
	post("clear", ``, 204)
	d.oneLive(d.upload(visit(t), nil))
	resp, err := http.Get(url + "books")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var page platform.Page
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil || page.Live != 1 || page.Settlements[0].PsnNo != child {
		t.Errorf("books %+v, %v", page, err)
	}
	post("down", `{"ms":50}`, 204)
	for {
		if _, err := d.ask(t.Context(), "5206", usage()); err == nil {
			break // it is up again
		}
	}
	http.DefaultClient.CloseIdleConnections()
}

func TestListensOnTheLoopbackOnly(t *testing.T) {
	d := open(t, nil)
	for _, addr := range []string{"0.0.0.0:0", ":0", "example.com:80"} {
		other, err := platform.New(platform.Options{Data: os.DirFS("../../../../testdata/platform")})
		if err != nil {
			t.Fatal(err)
		}
		if err := other.Start(addr, ""); err == nil {
			other.Close()
			t.Errorf("listens on %s", addr)
		}
	}
	d.sim.Close()
}
