package nhsa

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // the CSB gateway's signature is HMAC-SHA1 by its specification
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/emmansun/gmsm/sm3"
)

// Gateway puts the address and the signature on a request: what differs between
// provinces while the body stays the same (interface 2). It is called at send time,
// since a signature holds for minutes.
type Gateway interface {
	// Sign completes a request whose body is body, at an instant, with a nonce that is
	// used once. An error means that nothing is sent.
	Sign(r *http.Request, infno string, body []byte, at time.Time, nonce string) error
}

// Gateways are the kinds that [NewGateway] makes.
const (
	GatewayTIF = "tif" // Guangdong and Shenzhen
	GatewayCSB = "csb" // Hunan, Jiangsu
	GatewayCA  = "ca"  // Zhejiang
)

// NewGateway makes a gateway of a kind, with the id and secret that the institution
// was given; "" is [GatewayTIF].
func NewGateway(kind, id string, secret Secret) (Gateway, error) {
	if id == "" || secret == "" {
		return nil, errors.New("platform gateway: id and secret are needed")
	}
	switch kind {
	case "", GatewayTIF:
		return TIF{PaasID: id, Secret: secret}, nil
	case GatewayCSB:
		return CSB{AccessKey: id, Secret: secret}, nil
	case GatewayCA:
		return CA{Key: id, Secret: secret}, nil
	}
	return nil, fmt.Errorf("platform gateway %q: want %s, %s or %s", kind, GatewayTIF, GatewayCSB, GatewayCA)
}

// TIF is Guangdong's gateway: {base}/{infno}; the body is not signed.
type TIF struct {
	PaasID string // x-tif-paasid
	Secret Secret
}

// Sign sets the address and the x-tif headers: the signature is lower-case hex of
// sha256(timestamp + secret + nonce + timestamp), the timestamp in Unix seconds.
func (g TIF) Sign(r *http.Request, infno string, _ []byte, at time.Time, nonce string) error {
	stamp := strconv.FormatInt(at.Unix(), 10)
	sum := sha256.Sum256([]byte(stamp + string(g.Secret) + nonce + stamp))
	r.URL = r.URL.JoinPath(infno)
	raw(r, "x-tif-paasid", g.PaasID)
	raw(r, "x-tif-timestamp", stamp)
	raw(r, "x-tif-nonce", nonce)
	raw(r, "x-tif-signature", hex.EncodeToString(sum[:]))
	return nil
}

// CSB is the gateway of Hunan and Jiangsu: one address, the transaction in a header.
type CSB struct {
	AccessKey string
	Secret    Secret
}

// csbVersion is the version under which the transactions are published there.
const csbVersion = "1.0.0"

// Sign sets the _api headers: the signature is base64 of HMAC-SHA1 over key=value of
// all the others, sorted and joined by &; the timestamp is in Unix milliseconds.
func (g CSB) Sign(r *http.Request, infno string, _ []byte, at time.Time, _ string) error {
	headers := map[string]string{
		"_api_name": infno, "_api_version": csbVersion, "_api_access_key": g.AccessKey,
		"_api_timestamp": strconv.FormatInt(at.UnixMilli(), 10),
	}
	var pairs []string
	for name, value := range headers {
		raw(r, name, value)
		pairs = append(pairs, name+"="+value)
	}
	sort.Strings(pairs)
	mac := hmac.New(sha1.New, []byte(g.Secret))
	mac.Write([]byte(strings.Join(pairs, "&")))
	raw(r, "_api_signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	return nil
}

// CA is Zhejiang's gateway: a path a transaction; the body is signed.
type CA struct {
	Key    string // x-ca-key
	Secret Secret
}

// Sign sets the address and the x-ca headers: the signature is the timestamp, a colon,
// and upper-case hex of HMAC-SM3 over timestamp, line feed and body. The timestamp is
// in Unix milliseconds, which is a guess.
func (g CA) Sign(r *http.Request, infno string, body []byte, at time.Time, _ string) error {
	path, ok := caPath(infno)
	if !ok {
		return fmt.Errorf("the gateway's path of transaction %s is not known", infno)
	}
	stamp := strconv.FormatInt(at.UnixMilli(), 10)
	mac := hmac.New(sm3.New, []byte(g.Secret))
	mac.Write([]byte(stamp + "\n"))
	mac.Write(body)
	r.URL = r.URL.JoinPath("fsi/api", path)
	raw(r, "x-ca-key", g.Key)
	raw(r, "x-ca-signature", stamp+":"+strings.ToUpper(hex.EncodeToString(mac.Sum(nil))))
	return nil
}

// caPath is the path of a transaction, spelt as on the wire (interface 2).
func caPath(infno string) (string, bool) {
	path, ok := map[string]string{
		"1101":  "fsiPsnInfoService/queryPsnInfo",
		"1201":  "fsiFixMedInsService/queryFixMedIns",
		"2201":  "outpatientDocInfoService/outpatientRregistration",
		"2202":  "outpatientDocInfoService/outpatientRegistrationCancel",
		"2203":  "outpatientDocInfoService/outpatientMdtrtinfoUp",
		"2203A": "outpatientDocInfoService/outpatientMdtrtinfoUpA",
		"2204":  "outpatientDocInfoService/outpatientFeeListUp",
		"2205":  "outpatientDocInfoService/outpatientFeeListUpCancel",
		"2206":  "outpatientSettleService/preSettletment",
		"2206A": "outpatientSettleService/preSettletmentA",
		"2207":  "outpatientSettleService/saveSettletment",
		"2207A": "outpatientSettleService/saveSettletmentA",
		"2208":  "outpatientSettleService/cancleSettletment",
		"2601":  "reverseService/revsMethod",
		"3201":  "ybSettlementStmtService/stmtTotal",
		"3202":  "ybSettlementStmtService/stmtDetail",
		"9001":  "signInSignOutService/signIn",
		"9002":  "signInSignOutService/signOut",
		"9101":  "fileupload/upload",
		"9102":  "fileupload/download",
	}[infno]
	return path, ok
}

// raw sets a header in the gateway's own spelling, which Set would change.
func raw(r *http.Request, name, value string) { r.Header[name] = []string{value} }

// parseBase reads the address of a gateway.
func parseBase(text string) (*url.URL, error) {
	base, err := url.Parse(text)
	if err != nil || (base.Scheme != "http" && base.Scheme != "https") || base.Host == "" {
		return nil, errors.New("platform address: want http(s)://host/path")
	}
	if base.User != nil || base.RawQuery != "" {
		return nil, errors.New("platform address: user or query in it")
	}
	return base.JoinPath("/"), nil // never without a path, to which a gateway could not add
}
