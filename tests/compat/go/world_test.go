// The official Go client (convoy-go 2.1.8), unmodified, against both planes. What lives here: each test's client for
// a project of its own, and a receiver of deliveries. test_convoy_go.py starts the planes and runs every test by its
// name.
//
// What this version has no function for is left out: broadcasts, dynamic events, batches, counts, forced resends, and
// projects' creation. Its writers to Kafka and SQS do not speak this wire.
package compat

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	convoy "github.com/frain-dev/convoy-go/v2"
)

type world struct {
	*testing.T
	ctx       context.Context
	client    *convoy.Client // of the control plane
	data      *convoy.Client // of a data plane, which takes events
	key       string
	projectID string
}

func newWorld(t *testing.T) *world {
	key, projectID := setting(t, "KEY"), setting(t, "PROJECT")
	ctx, cancel := context.WithTimeout(context.Background(), 10*deadline(t))
	t.Cleanup(cancel)
	return &world{t, ctx, newClient(t, setting(t, "CONTROL"), key, projectID), newClient(t, setting(t, "DATA"),
		key, projectID),
		key, projectID}
}

func newClient(t *testing.T, url, key, projectID string) *convoy.Client {
	return convoy.New(url, key, projectID, convoy.OptionHTTPClient(&http.Client{Timeout: deadline(t)}))
}

func setting(t *testing.T, name string) string {
	value := os.Getenv("FAIRLEAD_COMPAT_" + name)
	if value == "" {
		t.Fatalf("FAIRLEAD_COMPAT_%s is not set", name)
	}
	return value
}

func deadline(t *testing.T) time.Duration {
	seconds, err := strconv.Atoi(setting(t, "SECONDS"))
	if err != nil {
		t.Fatal(err)
	}
	return time.Duration(seconds) * time.Second
}

// No error, or the test ends.
func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// An error that the server told in the envelope, whose message has this text.
func (w *world) refused(err error, text string) {
	w.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), "convoy error: ") || !strings.Contains(err.Error(), text) {
		w.Fatalf("expected the server to say %q, got: %v", text, err)
	}
}

func same[T comparable](w *world, what string, got, expected T) {
	w.Helper()
	if got != expected {
		w.Fatalf("%s: got %#v, expected %#v", what, got, expected)
	}
}

// These, in this order.
func sameList(w *world, what string, got []string, expected ...string) {
	w.Helper()
	same(w, what, strings.Join(got, " "), strings.Join(expected, " "))
}

// What a list holds, by their ids, in its order.
func uidsOf[T any](list []T, uid func(T) string) []string {
	var found []string
	for _, each := range list {
		found = append(found, uid(each))
	}
	return found
}

// A time that is set, and lies within the last hour.
func (w *world) recent(what string, at time.Time) {
	w.Helper()
	if age := time.Since(at); age < -time.Minute || age > time.Hour {
		w.Fatalf("%s is %v", what, at)
	}
}

// Looks again until it is so; fails at the deadline.
func (w *world) waitUntil(what string, isSo func() bool) {
	w.Helper()
	for end := time.Now().Add(deadline(w.T)); !isSo(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			w.Fatalf("waited in vain until %s", what)
		}
	}
}

// What came to the receiver, as it came.
type arrival struct {
	header http.Header
	body   []byte
}

func (a arrival) request() *http.Request {
	return &http.Request{Method: http.MethodPost, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body))}
}

type receiver struct {
	w        *world
	url      string
	lock     sync.Mutex
	statuses []int // for the next arrivals; the last one stays
	arrivals []arrival
}

// A server that answers its arrivals with these statuses; 200 if there are none.
func (w *world) receiver(statuses ...int) *receiver {
	r := &receiver{w: w, statuses: append(statuses, http.StatusOK)[:max(1, len(statuses))]}
	server := httptest.NewServer(http.HandlerFunc(r.take))
	w.Cleanup(server.Close)
	r.url = server.URL + "/hook"
	return r
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func (r *receiver) take(answer http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.lock.Lock()
	defer r.lock.Unlock()
	if err != nil {
		return
	}
	r.arrivals = append(r.arrivals, arrival{request.Header.Clone(), body})
	status := r.statuses[0]
	if len(r.statuses) > 1 {
		r.statuses = r.statuses[1:]
	}
	answer.Header().Set("X-Answer", "yes")
	answer.WriteHeader(status)
	_, _ = io.WriteString(answer, "answered "+strconv.Itoa(status))
}

// From now on it answers so.
func (r *receiver) answer(statuses ...int) {
	r.lock.Lock()
	defer r.lock.Unlock()
	r.statuses = statuses
}

func (r *receiver) seen() []arrival {
	r.lock.Lock()
	defer r.lock.Unlock()
	return append([]arrival(nil), r.arrivals...)
}

// The first arrivals, once there are so many.
func (r *receiver) wait(count int) []arrival {
	r.w.Helper()
	r.w.waitUntil(strconv.Itoa(count)+" deliveries arrived", func() bool { return len(r.seen()) >= count })
	return r.seen()[:count]
}

// An endpoint of this receiver with a subscription to everything.
func (r *receiver) subscribed(change func(*convoy.CreateEndpointRequest)) *convoy.EndpointResponse {
	r.w.Helper()
	request := &convoy.CreateEndpointRequest{Name: "by the client", URL: r.url}
	if change != nil {
		change(request)
	}
	endpoint, err := r.w.client.Endpoints.Create(r.w.ctx, request, nil)
	r.w.ok(err)
	_, err = r.w.client.Subscriptions.Create(r.w.ctx, &convoy.CreateSubscriptionRequest{Name: "all",
		EndpointID: endpoint.UID})
	r.w.ok(err)
	return endpoint
}

func (w *world) send(endpointID, eventType, data string) {
	w.Helper()
	w.ok(w.client.Events.Create(w.ctx, &convoy.CreateEventRequest{EndpointID: endpointID, EventType: eventType,
		Data: []byte(data)}))
}

// The only delivery to this endpoint, once it has this status.
func (w *world) delivery(endpointID, status string) *convoy.EventDeliveryResponse {
	w.Helper()
	var found *convoy.EventDeliveryResponse
	w.waitUntil("there is one delivery, with status "+status, func() bool {
		list := w.deliveries(&convoy.EventDeliveryParams{EndpointID: []string{endpointID}})
		if len(list.Content) != 1 || list.Content[0].Status != status {
			return false
		}
		found = &list.Content[0]
		return true
	})
	return found
}
