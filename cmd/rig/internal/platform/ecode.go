package platform

import (
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"net/http"
)

// ECodePath is where the province's service for the 医保码 is served (interface 7).
const ECodePath = "/localcfc/api/hsecfc/localQrCodeQuery"

// ECodeURL is what a client of that service is given.
func (s *Simulator) ECodeURL() string {
	return "http://" + s.Addr() + ECodePath
}

// ECode gives the 医保码 that a person's app shows now: good for one question.
func (b *Books) ECode(psn string) (string, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, err := b.known(psn)
	if err != nil {
		return "", err
	}
	n, err := rand.Int(rand.Reader, new(big.Int).Exp(big.NewInt(10), big.NewInt(19), nil))
	if err != nil {
		return "", err
	}
	code := fmt.Sprintf("424%019d440000", n)
	b.ecodes[code] = p
	return code, nil
}

// ecode answers ec.query.
func (b *Books) ecode(body []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked["ec.query"]++
	n, ok := parse(body)
	data, _ := n["data"].(map[string]any)
	code := node(data).get("ecQrCode")
	p := b.ecodes[code]
	switch {
	case !ok || n.get("transType") != "ec.query" || b.data.institutions[n.get("orgId")].Code == "":
		return mustJSON(node{"code": -1, "message": "请求报文不正确", "data": nil})
	case p == nil:
		return mustJSON(node{"code": -1, "message": "电子凭证二维码已失效，请刷新后重试", "data": nil})
	}
	delete(b.ecodes, code)
	token := b.next("EC"+home, 30)
	b.tokens[token] = p
	return mustJSON(node{"code": 0, "message": "成功", "data": node{
		"idNo": p.CertNo[:4] + "**********" + p.CertNo[14:], "idType": "01", "userName": p.Name, "ecToken": token, "insuOrg": home,
		"ecIndexNo": "", "ecQrCode": code, "gender": p.Gend, "birthday": p.Brdy, "authNo": "", "chnlId": "", "extData": nil,
	}})
}

// byToken finds the person of a token.
func (b *Books) byToken(token string) (*person, error) {
	if p := b.tokens[token]; p != nil {
		return p, nil
	}
	return nil, no("FSI-电子凭证令牌已失效")
}

func (s *Simulator) serveECode(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(s.Books.ecode(body))
}

func (s *Simulator) ecodeCommand(w http.ResponseWriter, r *http.Request) {
	var who struct {
		PsnNo string `json:"psn_no"`
	}
	err := strict(r.Body, &who)
	var code string
	if err == nil {
		code, err = s.Books.ECode(who.PsnNo)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintln(w, code)
}
