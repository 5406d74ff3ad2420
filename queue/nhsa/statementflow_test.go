package nhsa_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"settled/queue/nhsa"
)

// TestStatementOverTheWire takes a statement to a platform and its findings back: the file
// up with 9101, 3202, the result's file down with 9102.
func TestStatementOverTheWire(t *testing.T) {
	server := httptest.NewServer(centre(t))
	defer server.Close()
	c := client(t, server.URL, nil)
	var file bytes.Buffer
	sum, err := nhsa.WriteStatement(&file, "stmt.txt", slices.Values(refunded()))
	if err != nil {
		t.Fatal(err)
	}
	up, err := nhsa.ReadUploaded(send(t, c, nhsa.InfoUpload, nhsa.NewFileUpload(file.Bytes(), "stmt.zip", "H44030500001")))
	if err != nil {
		t.Fatal(err)
	}
	var ask nhsa.Details
	d := &ask.Data
	d.Office, d.File, d.From, d.To = "440300", string(up.No), "2026-11-01", "2026-11-21"
	d.Total, d.Fund, d.Cash, d.Count = sum.Total, sum.Fund, 2000, nhsa.Number(fmt.Sprint(sum.Count))
	note, err := nhsa.ReadDetails(send(t, c, nhsa.InfoDetails, ask))
	if err != nil {
		t.Fatal(err)
	}
	body, err := nhsa.Encode(seat(), nhsa.InfoDownload, msgID, at(), "S", nhsa.NewFileDownload(string(note.No), string(note.Name), "H44030500001"))
	if err != nil {
		t.Fatal(err)
	}
	var result bytes.Buffer
	if _, err := c.Download(t.Context(), body, &result); err != nil {
		t.Fatal(err)
	}
	text, err := nhsa.OpenText(bytes.NewReader(result.Bytes()), int64(result.Len()), 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	defer text.Close()
	var got []string
	for r, err := range nhsa.ReadStatement(text) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(r.SettlementID, " ", r.Finding))
	}
	if want := []string{"S1 equal", "S2 equal", "S3 equal", "S9 centre_only"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func send(t *testing.T, c *nhsa.Client, infno string, input any) nhsa.Reply {
	t.Helper()
	body, err := nhsa.Encode(seat(), infno, msgID, at(), "S", input)
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Send(t.Context(), infno, body)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// centre is a platform that has all that it is told of, and a settlement more.
func centre(t *testing.T) http.Handler {
	var upload atomic.Pointer[nhsa.FileUpload]
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var message struct {
			Infno string
			Input json.RawMessage
		}
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		input, err := nhsa.ReadRequest(message.Infno, message.Input)
		if err != nil {
			t.Error(err)
		}
		switch in := input.(type) {
		case *nhsa.FileUpload:
			upload.Store(in)
			_, _ = io.WriteString(w, `{"file_qury_no":"M00/up","filename":"stmt.zip"}`)
		case *nhsa.Details:
			if in.Data.File != "M00/up" || in.Data.Count != "3" {
				t.Errorf("3202 has %+v", in.Data)
			}
			_, _ = io.WriteString(w, `{"infcode":0,"output":{"fileinfo":{"file_qury_no":"M00/down","filename":"r.txt","dld_endtime":"2026-12-01 00:00:00"}}}`)
		case *nhsa.FileDownload:
			if in.In.No != "M00/down" {
				t.Errorf("9102 has %+v", in.In)
			}
			text, err := open(upload.Load().In.Content.Bytes, 1<<20)
			if err != nil {
				t.Error(err)
			}
			for line := range strings.Lines(text) {
				f := strings.Split(strings.TrimSpace(line), "\t")
				fmt.Fprintf(w, "%s\t%s\t%s\tM\t0\t%s\tnull\t%s\t%s\t%s\n", f[2], f[1], f[0], f[6], f[3], f[4], f[5])
			}
			_, _ = io.WriteString(w, "P9\tV9\tS9\tM9\t1\t0\tnull\t1.00\t1.00\t0.00\n")
		}
	})
}
