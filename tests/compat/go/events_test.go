// Events: sent by both planes, found, listed, paged and replayed.
package compat

import (
	"encoding/json"
	"testing"
	"time"

	convoy "github.com/frain-dev/convoy-go/v2"
)

func (w *world) events(query *convoy.EventParams) *convoy.ListEventResponse {
	w.Helper()
	list, err := w.client.Events.All(w.ctx, query)
	w.ok(err)
	return list
}

func eventUIDs(list *convoy.ListEventResponse) []string {
	return uidsOf(list.Content, func(event convoy.EventResponse) string { return event.UID })
}

// Sends events to one endpoint; gives their ids, oldest first.
func (w *world) sendSome(endpointID string, eventTypes ...string) []string {
	w.Helper()
	var sent []string
	for _, eventType := range eventTypes {
		w.send(endpointID, eventType, `{}`)
		sent = append(sent, w.events(nil).Content[0].UID)
	}
	return sent
}

// Sends an event by this client, and looks at what arrived and at what is stored.
func (w *world) sendAndRead(client *convoy.Client) {
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	data := `{"amount": 1.50, "name": "Zoë <&>", "list": [1, 2, {}]}`
	w.ok(client.Events.Create(w.ctx, &convoy.CreateEventRequest{EndpointID: endpoint.UID, EventType: "invoice.paid",
		IdempotencyKey: "key-of-mine", CustomHeaders: map[string]string{"X-Custom": "yes"}, Data: []byte(data)}))
	arrived := hook.wait(1)[0]
	var sent, came interface{}
	w.ok(json.Unmarshal([]byte(data), &sent))
	w.ok(json.Unmarshal(arrived.body, &came))
	same(w, "what arrived", text(w, came), text(w, sent))
	same(w, "the custom header", arrived.header.Get("X-Custom"), "yes")
	same(w, "the idempotency key", arrived.header.Get("X-Convoy-Idempotency-Key"), "key-of-mine")
	list := w.events(&convoy.EventParams{EndpointID: []string{endpoint.UID}})
	same(w, "listed", len(list.Content), 1)
	found, err := w.client.Events.Find(w.ctx, list.Content[0].UID)
	w.ok(err)
	for _, event := range []convoy.EventResponse{list.Content[0], *found} {
		same(w, "uid", event.UID, found.UID)
		same(w, "event_type", event.EventType, "invoice.paid")
		var stored interface{}
		w.ok(json.Unmarshal(event.Data, &stored))
		same(w, "data", text(w, stored), text(w, sent))
		w.recent("created_at", event.CreatedAt)
		w.recent("updated_at", event.UpdatedAt)
	}
}

func text(w *world, value interface{}) string {
	made, err := json.Marshal(value)
	w.ok(err)
	return string(made)
}

// Goal: the client's events are delivered and stored as it sent them. Method: one through the control plane, with all
// fields.
func TestEventThroughTheControlPlane(t *testing.T) {
	w := newWorld(t)
	w.sendAndRead(w.client)
}

// Goal: the same through a data plane, by another base URL.
func TestEventThroughTheDataPlane(t *testing.T) {
	w := newWorld(t)
	w.sendAndRead(w.data)
}

// Goal: a key that was used with the same content is a repetition, with other content an error. Method: three sends
// with one key.
func TestIdempotencyKey(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	event := convoy.CreateEventRequest{EndpointID: endpoint.UID, EventType: "a.b", IdempotencyKey: "once",
		Data: []byte(`{"n":1}`)}
	w.ok(w.client.Events.Create(w.ctx, &event))
	w.ok(w.client.Events.Create(w.ctx, &event))
	event.Data = []byte(`{"n":2}`)
	w.refused(w.client.Events.Create(w.ctx, &event), "dempotency")
	w.delivery(endpoint.UID, "Success")
	same(w, "events", len(w.events(nil).Content), 1)
	same(w, "arrivals", len(hook.seen()), 1)
}

// Goal: a fan-out reaches an owner's endpoints and no others. Method: two of one owner, one of another.
func TestFanout(t *testing.T) {
	w := newWorld(t)
	var hooks []*receiver
	for _, owner := range []string{"one", "one", "two"} {
		hook := w.receiver()
		hook.subscribed(func(request *convoy.CreateEndpointRequest) { request.OwnerID = owner })
		hooks = append(hooks, hook)
	}
	w.ok(w.client.Events.FanoutEvent(w.ctx, &convoy.CreateFanoutEventRequest{OwnerID: "one", EventType: "a.b",
		IdempotencyKey: "k", CustomHeaders: map[string]string{"X-Custom": "all"}, Data: []byte(`{"for":"all"}`)}))
	for _, hook := range hooks[:2] {
		arrived := hook.wait(1)[0]
		same(w, "body", string(arrived.body), `{"for":"all"}`)
		same(w, "the custom header", arrived.header.Get("X-Custom"), "all")
	}
	list := w.deliveries(nil)
	same(w, "deliveries", len(list.Content), 2)
	same(w, "of one event", list.Content[0].EventMetadata.UID, list.Content[1].EventMetadata.UID)
	same(w, "arrivals of the other owner", len(hooks[2].seen()), 0)
}

// Goal: events are paged forwards to the end and back again by the cursors that the client has. Method: five, two on
// a page.
func TestEventPages(t *testing.T) {
	w := newWorld(t)
	endpoint := w.receiver().subscribed(nil)
	sent := w.sendSome(endpoint.UID, "n.1", "n.2", "n.3", "n.4", "n.5")
	pages := [][]string{{sent[4], sent[3]}, {sent[2], sent[1]}, {sent[0]}}
	query := &convoy.EventParams{ListParams: convoy.ListParams{PerPage: 2}}
	var last convoy.Pagination
	for index, expected := range pages {
		page := w.events(query)
		sameList(w, "a page", eventUIDs(page), expected...)
		last = page.Pagination
		same(w, "per_page", last.PerPage, 2)
		same(w, "has_next_page", last.HasNextPage, index < 2)
		same(w, "has_prev_page", last.HasPrevPage, index > 0)
		query = &convoy.EventParams{ListParams: convoy.ListParams{PerPage: 2, NextPageCursor: last.NextPageCursor}}
	}
	for index := 1; index >= 0; index-- {
		page := w.events(&convoy.EventParams{ListParams: convoy.ListParams{PerPage: 2,
			PrevPageCursor: last.PrevPageCursor}})
		sameList(w, "a page before", eventUIDs(page), pages[index]...)
		last = page.Pagination
		same(w, "has_next_page", last.HasNextPage, true)
		same(w, "has_prev_page", last.HasPrevPage, index > 0)
	}
}

// Goal: a list without a size of pages has the usual one. Method: parameters that the client sends although they are
// not set.
func TestEventsWithoutPageSize(t *testing.T) {
	w := newWorld(t)
	endpoint := w.receiver().subscribed(nil)
	sent := w.sendSome(endpoint.UID, "n.1", "n.2", "n.3")
	page := w.events(&convoy.EventParams{})
	same(w, "per_page", page.Pagination.PerPage, 20)
	sameList(w, "events", eventUIDs(page), sent[2], sent[1], sent[0])
	same(w, "has_next_page", page.Pagination.HasNextPage, false)
}

// Goal: events are found by what the client can ask for. Method: each parameter, with a value that is there and one
// that is not.
func TestEventFilters(t *testing.T) {
	w := newWorld(t)
	endpoint := w.receiver().subscribed(nil)
	other := w.receiver().subscribed(nil)
	sent := w.sendSome(endpoint.UID, "invoice.paid", "order.made")
	source, err := w.client.Sources.Create(w.ctx, &convoy.CreateSourceRequest{Name: "s", Type: "http"})
	w.ok(err)
	now := time.Now().UTC()
	sameList(w, "by text", eventUIDs(w.events(&convoy.EventParams{Query: "invoice"})), sent[0])
	sameList(w, "by endpoints", eventUIDs(w.events(&convoy.EventParams{EndpointID: []string{other.UID,
		endpoint.UID}})), sent[1], sent[0])
	sameList(w, "of another endpoint", eventUIDs(w.events(&convoy.EventParams{EndpointID: []string{other.UID}})))
	sameList(w, "of a source", eventUIDs(w.events(&convoy.EventParams{SourceID: source.UID})))
	sameList(w, "of this hour", eventUIDs(w.events(&convoy.EventParams{StartDate: now.Add(-time.Hour),
		EndDate: now.Add(time.Hour)})),
		sent[1], sent[0])
	sameList(w, "of an earlier hour", eventUIDs(w.events(&convoy.EventParams{StartDate: now.Add(-2 * time.Hour),
		EndDate: now.Add(-time.Hour)})))
	_, err = w.client.Events.All(w.ctx, &convoy.EventParams{StartDate: now, EndDate: now.Add(-time.Hour)})
	w.refused(err, "startDate")
}

// Goal: Replay delivers an event again, as the same event. Method: replayed once it has arrived.
func TestReplay(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	w.send(endpoint.UID, "a.b", `{"n":1}`)
	first := w.delivery(endpoint.UID, "Success")
	w.ok(w.client.Events.Replay(w.ctx, first.EventMetadata.UID))
	same(w, "body", string(hook.wait(2)[1].body), `{"n":1}`)
	list := w.deliveries(&convoy.EventDeliveryParams{EventID: first.EventMetadata.UID})
	same(w, "deliveries of the event", len(list.Content), 2)
	same(w, "events", len(w.events(nil).Content), 1)
	w.refused(w.client.Events.Replay(w.ctx, first.UID), "not found")
}

// Goal: BatchReplay replays everything in a range. Method: without a range, then with one that holds nothing.
func TestBatchReplay(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	w.sendSome(endpoint.UID, "n.1", "n.2")
	hook.wait(2)
	w.ok(w.client.Events.BatchReplay(w.ctx, &convoy.BatchReplayOptions{}))
	hook.wait(4)
	longAgo := time.Now().UTC().Add(-48 * time.Hour)
	w.ok(w.client.Events.BatchReplay(w.ctx, &convoy.BatchReplayOptions{StartDate: longAgo,
		EndDate: longAgo.Add(time.Hour)}))
	w.waitUntil("there are four deliveries", func() bool { return len(w.deliveries(nil).Content) == 4 })
	same(w, "arrivals", len(hook.seen()), 4)
}
