// Deliveries and their attempts: read, listed, paged and sent again; and what the client is told when it is wrong.
package compat

import (
	"net/http"
	"strings"
	"testing"
	"time"

	convoy "github.com/frain-dev/convoy-go/v2"
)

func (w *world) deliveries(query *convoy.EventDeliveryParams) *convoy.ListEventDeliveryResponse {
	w.Helper()
	list, err := w.client.EventDeliveries.All(w.ctx, query)
	w.ok(err)
	return list
}

func deliveryUIDs(list *convoy.ListEventDeliveryResponse) []string {
	return uidsOf(list.Content, func(delivery convoy.EventDeliveryResponse) string { return delivery.UID })
}

// A project whose failed deliveries are soon given up.
func (w *world) giveUpSoon() {
	w.Helper()
	_, err := w.client.Projects.Update(w.ctx, w.projectID, &convoy.CreateProjectRequest{Name: "soon-" + w.projectID,
		Project: &convoy.ProjectConfig{Strategy: &convoy.StrategyConfiguration{Type: "linear", Duration: 1,
			RetryCount: 1}}})
	w.ok(err)
}

// Goal: a delivery tells of itself and of each attempt. Method: one that fails once and then arrives, read by list
// and by id.
func TestDeliveryAndAttempts(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver(http.StatusInternalServerError, http.StatusOK)
	endpoint := hook.subscribed(nil)
	w.send(endpoint.UID, "invoice.paid", `{"n":1}`)
	listed := w.delivery(endpoint.UID, "Success")
	found, err := w.client.EventDeliveries.Find(w.ctx, listed.UID, nil)
	w.ok(err)
	for _, delivery := range []*convoy.EventDeliveryResponse{listed, found} {
		same(w, "uid", delivery.UID, listed.UID)
		same(w, "status", delivery.Status, "Success")
		same(w, "event", delivery.EventMetadata.UID, w.events(nil).Content[0].UID)
		same(w, "data", string(delivery.Metadata.Data), `{"n":1}`)
		same(w, "strategy", delivery.Metadata.Strategy, "linear")
		same(w, "num_trials", delivery.Metadata.NumTrials, 2)
		same(w, "interval_seconds", delivery.Metadata.IntervalSeconds, 1)
		same(w, "retry_limit", delivery.Metadata.RetryLimit, 5)
		w.recent("created_at", delivery.CreatedAt)
		w.recent("updated_at", delivery.UpdatedAt)
	}
	attempts, err := w.client.DeliveryAttempts.All(w.ctx, listed.UID,
		&convoy.DeliveryAttemptQueryParam{GroupID: "an old name"})
	w.ok(err)
	same(w, "attempts", len(*attempts), 2)
	arrivals := hook.wait(2)
	for index, status := range []string{"500 Internal Server Error", "200 OK"} {
		attempt, err := w.client.DeliveryAttempts.Find(w.ctx, listed.UID, (*attempts)[index].UID, nil)
		w.ok(err)
		for _, each := range []convoy.DeliveryAttemptResponse{(*attempts)[index], *attempt} {
			same(w, "uid", each.UID, attempt.UID)
			same(w, "msg_id", each.MsgID, listed.UID)
			same(w, "url", each.URL, hook.url)
			same(w, "method", each.Method, http.MethodPost)
			same(w, "endpoint_id", each.EndpointID, endpoint.UID)
			same(w, "ip_address", each.IPAddress, "127.0.0.1")
			same(w, "http_status", each.HttpResponseCode, status)
			same(w, "status", each.Status, index == 1)
			same(w, "response_data", each.ResponseData, "answered "+status[:3])
			same(w, "the answer's header", each.ResponseHeader["X-Answer"], "yes")
			same(w, "the signature", each.RequestHeader["X-Convoy-Signature"],
				arrivals[index].header.Get("X-Convoy-Signature"))
			w.recent("created_at", each.CreatedAt)
		}
	}
}

// Goal: deliveries are found by what the client can ask for. Method: each parameter, with a value that is there and
// one that is not.
func TestDeliveryFilters(t *testing.T) {
	w := newWorld(t)
	w.giveUpSoon()
	good, bad := w.receiver().subscribed(nil), w.receiver(http.StatusBadGateway).subscribed(nil)
	w.send(good.UID, "a.b", `{}`)
	w.send(bad.UID, "a.b", `{}`)
	arrived, failed := w.delivery(good.UID, "Success"), w.delivery(bad.UID, "Failure")
	subscriptions, err := w.client.Subscriptions.All(w.ctx, &convoy.SubscriptionParams{EndpointID: []string{bad.UID}})
	w.ok(err)
	now := time.Now().UTC()
	for what, each := range map[string]struct {
		query    convoy.EventDeliveryParams
		expected []string
	}{
		"all":       {convoy.EventDeliveryParams{}, []string{failed.UID, arrived.UID}},
		"by event":  {convoy.EventDeliveryParams{EventID: arrived.EventMetadata.UID}, []string{arrived.UID}},
		"by status": {convoy.EventDeliveryParams{Status: []string{"Failure"}}, []string{failed.UID}},
		"by statuses": {convoy.EventDeliveryParams{Status: []string{"Failure", "Success"}},
			[]string{failed.UID, arrived.UID}},
		"by another status": {convoy.EventDeliveryParams{Status: []string{"Discarded"}}, nil},
		"by endpoint":       {convoy.EventDeliveryParams{EndpointID: []string{good.UID}}, []string{arrived.UID}},
		"by endpoints": {convoy.EventDeliveryParams{EndpointID: []string{good.UID, bad.UID}},
			[]string{failed.UID, arrived.UID}},
		"by subscription": {convoy.EventDeliveryParams{SubscriptionID: subscriptions.Content[0].UID},
			[]string{failed.UID}},
		"of this hour": {convoy.EventDeliveryParams{StartDate: now.Add(-time.Hour),
			EndDate: now.Add(time.Hour)}, []string{failed.UID, arrived.UID}},
		"of an earlier one": {convoy.EventDeliveryParams{StartDate: now.Add(-2 * time.Hour),
			EndDate: now.Add(-time.Hour)}, nil},
	} {
		sameList(w, what, deliveryUIDs(w.deliveries(&each.query)), each.expected...)
	}
}

// Goal: deliveries are paged forwards to the end and back again. Method: three, two on a page.
func TestDeliveryPages(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	w.sendSome(endpoint.UID, "n.1", "n.2", "n.3")
	hook.wait(3)
	all := deliveryUIDs(w.deliveries(nil))
	same(w, "deliveries", len(all), 3)
	first := w.deliveries(&convoy.EventDeliveryParams{ListParams: convoy.ListParams{PerPage: 2}})
	sameList(w, "the first page", deliveryUIDs(first), all[:2]...)
	same(w, "has_next_page", first.Pagination.HasNextPage, true)
	second := w.deliveries(&convoy.EventDeliveryParams{
		ListParams: convoy.ListParams{PerPage: 2, NextPageCursor: first.Pagination.NextPageCursor}})
	sameList(w, "the second page", deliveryUIDs(second), all[2])
	same(w, "has_next_page", second.Pagination.HasNextPage, false)
	same(w, "has_prev_page", second.Pagination.HasPrevPage, true)
	back := w.deliveries(&convoy.EventDeliveryParams{
		ListParams: convoy.ListParams{PerPage: 2, PrevPageCursor: second.Pagination.PrevPageCursor}})
	sameList(w, "back", deliveryUIDs(back), all[:2]...)
	same(w, "has_prev_page", back.Pagination.HasPrevPage, false)
}

// Goal: Resend sends a failed delivery again, and refuses one that has arrived. Method: the receiver recovers in
// between.
func TestResend(t *testing.T) {
	w := newWorld(t)
	w.giveUpSoon()
	hook := w.receiver(http.StatusServiceUnavailable)
	endpoint := hook.subscribed(nil)
	w.send(endpoint.UID, "a.b", `{"n":1}`)
	failed := w.delivery(endpoint.UID, "Failure")
	same(w, "it says why", failed.Description != "", true)
	hook.answer(http.StatusNoContent)
	again, err := w.client.EventDeliveries.Resend(w.ctx, failed.UID, nil)
	w.ok(err)
	same(w, "uid", again.UID, failed.UID)
	same(w, "status", again.Status, "Scheduled")
	same(w, "body", string(hook.wait(2)[1].body), `{"n":1}`)
	w.delivery(endpoint.UID, "Success")
	_, err = w.client.EventDeliveries.Resend(w.ctx, failed.UID, nil)
	w.refused(err, "")
}

// Goal: BatchResend sends all failed deliveries of an endpoint again, and no others. Method: two endpoints fail; both
// recover.
func TestBatchResend(t *testing.T) {
	w := newWorld(t)
	w.giveUpSoon()
	hook, other := w.receiver(http.StatusServiceUnavailable), w.receiver(http.StatusServiceUnavailable)
	endpoint, untouched := hook.subscribed(nil), other.subscribed(nil)
	w.sendSome(endpoint.UID, "n.1", "n.2")
	w.send(untouched.UID, "n.3", `{}`)
	count := func(endpointID, status string) int {
		return len(w.deliveries(&convoy.EventDeliveryParams{EndpointID: []string{endpointID},
			Status: []string{status}}).Content)
	}
	w.waitUntil("all have failed", func() bool {
		return count(endpoint.UID, "Failure") == 2 &&
			count(untouched.UID, "Failure") == 1
	})
	hook.answer(http.StatusOK)
	other.answer(http.StatusOK)
	w.ok(w.client.EventDeliveries.BatchResend(w.ctx, &convoy.EventDeliveryParams{
		EndpointID: []string{endpoint.UID}, Status: []string{"Failure"}}))
	w.waitUntil("both have arrived", func() bool { return count(endpoint.UID, "Success") == 2 })
	same(w, "the other endpoint's", count(untouched.UID, "Failure"), 1)
	same(w, "arrivals of the other", len(other.seen()), 1)
}

// Goal: what is wrong comes back as the client's error with the server's words. Method: a wrong key, another
// project's id, an unknown id, an unusable URL, and a body without its field.
func TestErrors(t *testing.T) {
	w := newWorld(t)
	base := setting(t, "CONTROL")
	_, err := newClient(t, base, w.key[:len(w.key)-1]+"!", w.projectID).Endpoints.All(w.ctx, nil)
	w.refused(err, "")
	_, err = newClient(t, base, w.key, strings.Repeat("0", 26)).Endpoints.All(w.ctx, nil)
	w.refused(err, "not found")
	_, err = w.client.EventDeliveries.Find(w.ctx, strings.Repeat("0", 26), nil)
	w.refused(err, "not found")
	_, err = w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{Name: "n", URL: "ftp://example.com"}, nil)
	w.refused(err, "url")
	_, err = w.client.Subscriptions.Create(w.ctx, &convoy.CreateSubscriptionRequest{Name: "n"})
	w.refused(err, "endpoint_id")
	w.refused(w.client.Events.FanoutEvent(w.ctx, &convoy.CreateFanoutEventRequest{OwnerID: "o",
		Data: []byte(`{}`)}), "event_type")
	w.refused(w.data.Events.Create(w.ctx, &convoy.CreateEventRequest{EndpointID: "x", EventType: "a",
		Data: []byte(`{}`)}), "endpoint")
}
