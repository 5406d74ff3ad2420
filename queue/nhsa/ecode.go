package nhsa

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// transECode is the transaction that tells whose 医保码 was scanned (interface 7).
const transECode = "ec.query"

// businessSettle is the business type of a settlement (interface 7: 01301 结算).
const businessSettle = "01301"

// ECodeOptions are the line to the province's service for the 医保码
// (localQrCodeQuery). It is not the platform's gateway, and signs nothing.
type ECodeOptions struct {
	URL          string // http://host:port/localcfc/api/hsecfc/localQrCodeQuery
	Institution  string // orgId
	Operator     string
	OperatorName string
	HTTP         *http.Client // nil: one that uses no proxy and keeps no connection
}

// ECodes asks whose 医保码 was scanned.
type ECodes struct {
	o    ECodeOptions
	http *http.Client
}

// NewECodes makes the line; nothing is sent yet.
func NewECodes(o ECodeOptions) (*ECodes, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, fmt.Errorf("ecode service: %q is no http address", o.URL)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if o.HTTP != nil {
		c := *o.HTTP
		client = &c
	}
	client.Timeout = DefaultTotal
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &ECodes{o: o, http: client}, nil
}

// ECodeHolder is who a 医保码 stands for.
type ECodeHolder struct {
	IDNumber Told // may be masked, or empty
	Name     Told // likewise
	Token    Told // ecToken: the certificate for 1101, with kind 01
}

type ecodeQuery struct {
	Institution string         `json:"orgId"`
	Transaction string         `json:"transType"`
	Data        ecodeQueryData `json:"data"`
}

// ecodeQueryData: that a code which was scanned elsewhere than by the service's own
// driver goes in as ecQrCode is inferred from the name under which it comes back.
type ecodeQueryData struct {
	Institution  string `json:"orgId"`
	Business     string `json:"businessType"`
	Operator     string `json:"operatorId"`
	OperatorName string `json:"operatorName"`
	Office       string `json:"officeId"`
	OfficeName   string `json:"officeName"`
	Device       string `json:"deviceType"`
	Code         string `json:"ecQrCode"`
}

type ecodeAnswer struct {
	Code    Text `json:"code"`
	Message Text `json:"message"`
	Data    struct {
		IDNumber Told `json:"idNo"`
		Name     Told `json:"userName"`
		Token    Told `json:"ecToken"`
	} `json:"data"`
}

// Query asks whose code it is. The error is *[Unknown] or *[BusinessRefusal], and says
// nothing of the code.
func (e *ECodes) Query(ctx context.Context, code Secret) (ECodeHolder, error) {
	body, err := json.Marshal(ecodeQuery{e.o.Institution, transECode, ecodeQueryData{
		Institution: e.o.Institution, Business: businessSettle, Operator: e.o.Operator, OperatorName: e.o.OperatorName, Code: string(code),
	}})
	if err != nil {
		return ECodeHolder{}, &Unknown{Infno: transECode, NotSent: true, Err: errors.New("the question cannot be written")}
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.o.URL, bytes.NewReader(body))
	if err != nil {
		return ECodeHolder{}, &Unknown{Infno: transECode, NotSent: true, Err: trim(err)}
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := e.http.Do(req)
	if err != nil {
		return ECodeHolder{}, &Unknown{Infno: transECode, Err: trim(err)}
	}
	defer func() { _ = resp.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(resp.Body, mostECodeAnswer+1))
	switch {
	case err != nil:
		return ECodeHolder{}, &Unknown{Infno: transECode, Status: resp.StatusCode, Err: trim(err)}
	case resp.StatusCode != http.StatusOK || len(data) > mostECodeAnswer:
		return ECodeHolder{}, &Unknown{Infno: transECode, Status: resp.StatusCode, Err: fmt.Errorf("%d bytes", len(data))}
	}
	return readECode(data, code)
}

const mostECodeAnswer = 64 << 10

func readECode(data []byte, code Secret) (ECodeHolder, error) {
	var a ecodeAnswer
	if err := json.Unmarshal(data, &a); err != nil {
		return ECodeHolder{}, &Unknown{Infno: transECode, Status: http.StatusOK, Err: errors.New("the answer is not what ec.query answers")}
	}
	if a.Code != "0" {
		return ECodeHolder{}, &BusinessRefusal{Infno: transECode, Infcode: string(a.Code), Message: strings.ReplaceAll(string(a.Message), string(code), "…")}
	}
	if a.Data.Token == "" {
		return ECodeHolder{}, &Unknown{Infno: transECode, Status: http.StatusOK, Err: errors.New("the answer has no ecToken")}
	}
	return ECodeHolder{IDNumber: a.Data.IDNumber, Name: a.Data.Name, Token: a.Data.Token}, nil
}
