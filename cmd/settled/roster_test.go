package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"golang.org/x/text/encoding/simplifiedchinese"

	"settled/cmd/settled/internal/api"
)

// TestRosterLoad: a list as Excel writes it goes to the daemon in UTF-8, and again to one that
// was started anew meanwhile; one in no encoding that is known is refused.
func TestRosterLoad(t *testing.T) {
	k := newKept(t)
	k.write(t, k.dir+"/token", "t")
	const list = "id_number,name\r\n440305201806010023,张小满\r\n"
	var orders []api.RosterOrder
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, `{"id":0}`)
			return
		}
		var o api.RosterOrder
		if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
			t.Error(err)
		}
		if orders = append(orders, o); len(orders) == 1 {
			_, _ = io.WriteString(w, `{"id":5,"total":1,"left":1}`)
			return
		}
		_, _ = io.WriteString(w, `{"id":6,"total":1,"fresh":1,"ended":"2026-11-22T14:01:00Z","why":"done"}`)
	}))
	t.Cleanup(web.Close)
	text, err := simplifiedchinese.GB18030.NewEncoder().Bytes([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"gb.csv": text, "bad.csv": []byte("id_number,name\n440305201806010023,\xff\xff\n")} {
		if err := os.WriteFile(k.dir+"/"+name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verb := func(want int, file string) (out, errOut string) {
		return k.verb(t, want, "roster", "load", k.dir+"/"+file, "--token-file", k.dir+"/token", "--api", web.URL)
	}
	out, _ := verb(0, "gb.csv")
	contains(t, out, "名单 1 人：新查询 0，已有 1")
	if len(orders) != 2 || orders[0].List != list || orders[1].List != list {
		t.Errorf("the daemon got %+v", orders)
	}
	_, errOut := verb(2, "bad.csv")
	contains(t, errOut, "bad.csv: 名单既不是 UTF-8 也不是 GB18030 编码")
}
