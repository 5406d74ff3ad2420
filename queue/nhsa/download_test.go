package nhsa_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"settled/queue/nhsa"
)

func TestDownload(t *testing.T) {
	zeros := strings.Repeat("0", 5000)
	for _, c := range []struct {
		name   string
		status int
		header string // Content-Encoding
		body   string
		want   string // kind of the failure, or the file
	}{
		{"a file", 200, "", "P\tV\n", "P\tV\n"},
		{"of the limit", 200, "", zeros[:1000], zeros[:1000]},
		{"packed for the way", 200, "gzip", packed("P\tV\n"), "P\tV\n"},
		{"over the limit", 200, "", zeros[:1001], "too big"},
		{"a bomb", 200, "gzip", packed(zeros), "too big"},
		{"packed otherwise", 200, "br", "x", "unknown"},
		{"not packed", 200, "gzip", "P\tV\n", "unknown"},
		{"half packed", 200, "gzip", packed(zeros[:500])[:20], "unknown"},
		{"nothing", 200, "", "", "unknown"},
		{"no", 200, "", `{"infcode":-1,"err_msg":"文件不存在"}`, "business"},
		{"no, packed", 200, "gzip", packed(`{"infcode":-1,"err_msg":"文件不存在"}`), "business"},
		{"a yes without a file", 200, "", ` {"infcode":0}`, "unknown"},
		{"gateway", 401, "", `{"code":401,"message":"签名不一致!"}`, "access"},
		{"server failure", 502, "", "<html>", "unknown"},
		{"moved", 302, "", "", "access"},
		{"another status", 206, "", "P\tV\n", "unknown"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path != "/hgs/9102" {
					t.Errorf("asked for %s", r.URL.Path)
				}
				w.Header().Set("Content-Type", "application/octet-stream")
				if c.header != "" {
					w.Header().Set("Content-Encoding", c.header)
				}
				if c.status == http.StatusFound {
					w.Header().Set("Location", "/elsewhere")
				}
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.body)
			}))
			defer server.Close()
			var file bytes.Buffer
			small := func(o *nhsa.Options) { o.MaxFile = 1000 }
			n, err := client(t, server.URL+"/hgs", small).Download(t.Context(), []byte("{}"), &file)
			got := file.String()
			switch {
			case errors.Is(err, nhsa.ErrTooBig) && kind(err) == "unknown" && file.Len() <= 1000:
				got = "too big"
			case err != nil:
				got = kind(err)
			case n != int64(file.Len()):
				t.Errorf("%d bytes, were %d", n, file.Len())
			}
			if got != c.want {
				t.Errorf("%.60q, want %.60q: %v", got, c.want, err)
			}
		})
	}
}

func packed(s string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = io.WriteString(z, s)
	_ = z.Close()
	return b.String()
}

func TestDownloadCutOrNotKept(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "half")
	}))
	defer server.Close()
	if _, err := client(t, server.URL, nil).Download(t.Context(), nil, io.Discard); kind(err) != "unknown" {
		t.Errorf("a file that is cut: %v", err)
	}
	full := errors.New("full")
	_, err := client(t, server.URL, nil).Download(t.Context(), nil, iotestWriter{full})
	if !errors.Is(err, full) || kind(err) == "unknown" {
		t.Errorf("a disk that is full: %v", err)
	}
	server.Close()
	if _, err := client(t, server.URL, nil).Download(t.Context(), nil, io.Discard); kind(err) != "not sent" {
		t.Errorf("nobody listens: %v", err)
	}
}

// 9101 answers without an envelope; no other transaction may.
func TestUpload(t *testing.T) {
	bare := []byte("\xef\xbb\xbf" + `{"file_qury_no":"M00/00/00/x","filename":"a.zip","fixmedins_code":"H1","dld_endtime":"2026-12-01 00:00:00"}`)
	r, err := nhsa.ReadReply(nhsa.InfoUpload, 200, bare)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := nhsa.ReadUploaded(r); err != nil || got.No != "M00/00/00/x" || got.Expires == "" {
		t.Errorf("%+v, %v", got, err)
	}
	enveloped := `{"infcode":0,"output":{"file_qury_no":7}}`
	if got, err := nhsa.ReadUploaded(yes(t, nhsa.InfoUpload, enveloped)); err != nil || got.No != "7" {
		t.Errorf("%+v, %v", got, err)
	}
	if _, err := nhsa.ReadUploaded(yes(t, nhsa.InfoUpload, `{"infcode":0}`)); kind(err) != "unknown" {
		t.Errorf("no file number: %v", err)
	}
	for infno, status := range map[string]int{nhsa.InfoSettle: 200, nhsa.InfoUpload: 500} {
		if _, err := nhsa.ReadReply(infno, status, bare); kind(err) != "unknown" {
			t.Errorf("%s %d: %v", infno, status, err)
		}
	}
	if _, err := nhsa.ReadReply(nhsa.InfoUpload, 200, []byte(`{"infcode":-1,"file_qury_no":"1"}`)); kind(err) != "business" {
		t.Errorf("a refusal: %v", err)
	}
}

func TestFileBytes(t *testing.T) {
	file := []byte{0, 127, 128, 255}
	for form, want := range map[nhsa.FileForm]string{
		nhsa.SignedBytes: `[0,127,-128,-1]`, nhsa.PlainBytes: `[0,127,128,255]`, nhsa.Base64: `"AH+A/w=="`,
	} {
		got, err := json.Marshal(nhsa.FileBytes{Bytes: file, Form: form})
		if err != nil || string(got) != want {
			t.Errorf("%s, %v, want %s", got, err, want)
		}
		var back nhsa.FileBytes
		if err := json.Unmarshal(got, &back); err != nil || !bytes.Equal(back.Bytes, file) || back.Form != form {
			t.Errorf("%s read as %v %v, %v", got, back.Bytes, back.Form, err)
		}
	}
	for _, bad := range []string{`[256]`, `[-129]`, `[1.5]`, `["1"]`, `"*"`, `{}`} {
		var f nhsa.FileBytes
		if err := json.Unmarshal([]byte(bad), &f); err == nil {
			t.Errorf("%s was read: %v", bad, f.Bytes)
		}
	}
	var fe *nhsa.FieldError
	_, err := nhsa.Encode(seat(), nhsa.InfoUpload, msgID, at(), "", nhsa.NewFileUpload(nil, "a.zip", "H44030500001"))
	if !errors.As(err, &fe) || fe.Field != "input.fsUploadIn.in" {
		t.Errorf("an empty file: %v", err)
	}
	big := nhsa.NewFileUpload(make([]byte, nhsa.MaxBody), "a.zip", "H44030500001")
	if _, err := nhsa.Encode(seat(), nhsa.InfoUpload, msgID, at(), "", big); err != nil {
		t.Errorf("a file of %d bytes: %v", nhsa.MaxBody, err)
	}
	big.In.Content.Bytes = make([]byte, nhsa.MaxUpload/2)
	if _, err := nhsa.Encode(seat(), nhsa.InfoUpload, msgID, at(), "", big); !errors.As(err, &fe) {
		t.Errorf("a message over the limit: %v", err)
	}
}
