// Deliveries go through the client's own verifier, as a receiver would use it: what is right passes, what is not is
// named.
package compat

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	convoy "github.com/frain-dev/convoy-go/v2"
)

// What one event brings to an endpoint, and the endpoint's secret.
func (w *world) delivered(isAdvanced bool, data string) (arrival, string) {
	w.Helper()
	hook := w.receiver()
	endpoint := hook.subscribed(func(request *convoy.CreateEndpointRequest) { request.AdvancedSignatures = &isAdvanced })
	w.send(endpoint.UID, "invoice.paid", data)
	return hook.wait(1)[0], endpoint.Secrets[0].Value
}

func (w *world) fails(what string, err, expected error) {
	w.Helper()
	if !errors.Is(err, expected) {
		w.Fatalf("%s: got %v, expected %v", what, err, expected)
	}
}

// All that must be refused of a delivery that was accepted, simple or advanced.
func (w *world) refusesWhatIsChanged(options convoy.WebhookOpts, arrived arrival) {
	w.Helper()
	header := arrived.header.Get(options.SigHeader)
	verifier := convoy.NewWebhook(&options)
	w.fails("another body", verifier.VerifyPayload(append([]byte(" "), arrived.body...), header),
		convoy.ErrInvalidSignature)
	w.fails("a shorter body", verifier.VerifyPayload(arrived.body[1:], header), convoy.ErrInvalidSignature)
	w.fails("no header", verifier.VerifyRequest(&http.Request{Header: http.Header{}, Body: arrived.request().Body}),
		convoy.ErrInvalidHeader)
	options.Secret += "x"
	w.fails("another secret", convoy.NewWebhook(&options).VerifyRequest(arrived.request()), convoy.ErrInvalidSignature)
}

var bodies = map[string]string{"object": `{"amount": 1.50, "name": "Zoë"}`, "array": `[1, 2, 3]`, "text": `"a text"`,
	"number": `12345678901234567890`, "null": `null`, "emoji": `{"mood":"🎉","quote":"\u00e9"}`}

// Goal: advanced signatures of every kind of body pass; a changed body, secret, signature or time, and an old time,
// do not. Method: requests as they arrived, to VerifyRequest and VerifyPayload.
func TestAdvancedSignatures(t *testing.T) {
	w := newWorld(t)
	for name, data := range bodies {
		arrived, secret := w.delivered(true, data)
		options := convoy.WebhookOpts{Secret: secret, SigHeader: convoy.DefaultSigHeader}
		if err := convoy.NewWebhook(&options).VerifyRequest(arrived.request()); err != nil {
			w.Fatalf("%s: %v", name, err)
		}
		w.refusesWhatIsChanged(options, arrived)
	}
}

// Goal: the time of an advanced signature is part of what is signed, and bounds its use. Method: the arrived header
// with another time, an old one, and one of the signature's digits changed.
func TestSignaturesTime(t *testing.T) {
	w := newWorld(t)
	arrived, secret := w.delivered(true, `{"n":1}`)
	header := arrived.header.Get("X-Convoy-Signature")
	verifier := convoy.NewWebhook(&convoy.WebhookOpts{Secret: secret})
	w.ok(verifier.VerifyPayload(arrived.body, header))
	var signed int64
	_, err := fmt.Sscanf(header, "t=%d,v1=", &signed)
	w.ok(err)
	w.recent("the time that was signed", time.Unix(signed, 0))
	at := func(seconds int64) string {
		return strings.Replace(header, fmt.Sprintf("t=%d", signed), fmt.Sprintf("t=%d", seconds), 1)
	}
	w.fails("another time", verifier.VerifyPayload(arrived.body, at(signed-1)), convoy.ErrInvalidSignature)
	w.fails("an old time", verifier.VerifyPayload(arrived.body, at(signed-600)), convoy.ErrTimestampExpired)
	last := header[len(header)-1]
	other := map[bool]byte{true: '0', false: '1'}[last != '0']
	w.fails("another digit", verifier.VerifyPayload(arrived.body, header[:len(header)-1]+string(other)),
		convoy.ErrInvalidSignature)
	w.fails("no signature", verifier.VerifyPayload(arrived.body, header[:strings.Index(header, ",")]+",v1="),
		convoy.ErrInvalidSignature)
}

// Goal: simple signatures pass, and what is changed does not. Method: an endpoint without advanced signatures.
func TestSimpleSignatures(t *testing.T) {
	w := newWorld(t)
	for name, data := range bodies {
		arrived, secret := w.delivered(false, data)
		options := convoy.WebhookOpts{Secret: secret, SigHeader: convoy.DefaultSigHeader}
		if strings.Contains(arrived.header.Get(convoy.DefaultSigHeader), ",") {
			w.Fatal("an advanced signature for an endpoint without")
		}
		if err := convoy.NewWebhook(&options).VerifyRequest(arrived.request()); err != nil {
			w.Fatalf("%s: %v", name, err)
		}
		w.refusesWhatIsChanged(options, arrived)
	}
}

// Goal: a project's own header, hash and encoding pass the verifier that is told them. Method: a project with SHA512
// in base64 under a header of its own; both kinds of signature; a verifier with the usual hash refuses.
func TestOtherAlgorithms(t *testing.T) {
	w := newWorld(t)
	for _, isAdvanced := range []bool{true, false} {
		arrived, secret := w.delivered(isAdvanced, `{"a":1}`)
		options := convoy.WebhookOpts{Secret: secret, SigHeader: "X-Own-Signature", Hash: "SHA512",
			Encoding: convoy.Base64Encoding}
		w.ok(convoy.NewWebhook(&options).VerifyRequest(arrived.request()))
		w.refusesWhatIsChanged(options, arrived)
		options.Hash = "SHA256"
		w.fails("another hash", convoy.NewWebhook(&options).VerifyRequest(arrived.request()), convoy.ErrInvalidSignature)
	}
}
