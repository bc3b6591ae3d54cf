// The objects of a project: endpoints, subscriptions, sources, portal links, and the project itself.
package compat

import (
	"testing"
	"time"

	convoy "github.com/frain-dev/convoy-go/v2"
)

func truth(value bool) *bool { return &value }

// Goal: an endpoint is made with all that the client can say, read, found, changed and deleted. Method: its calls in
// that order; what a change does not name stays.
func TestEndpoints(t *testing.T) {
	w := newWorld(t)
	made, err := w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{
		Name: "Billing", URL: "https://example.com/hook", OwnerID: "owner-1", Description: "for bills", Secret: "a secret of mine",
		SupportEmail: "help@example.com", SlackWebhookUrl: "https://example.com/slack", AdvancedSignatures: truth(true),
		HttpTimeout: "15s", RateLimit: 100, RateLimitDuration: "1m",
		Authentication: &convoy.EndpointAuth{Type: "api_key", ApiKey: &convoy.ApiKeyAuth{HeaderName: "X-Key",
			HeaderValue: "k"}},
	}, nil)
	w.ok(err)
	same(w, "title", made.Title, "Billing")
	same(w, "target_url", made.TargetUrl, "https://example.com/hook")
	same(w, "owner_id", made.OwnerID, "owner-1")
	same(w, "description", made.Description, "for bills")
	same(w, "support_email", made.SupportEmail, "help@example.com")
	same(w, "slack_webhook_url", made.SlackWebhookUrl, "https://example.com/slack")
	same(w, "status", made.Status, "active")
	same(w, "advanced_signatures", made.AdvancedSignatures, true)
	same(w, "http_timeout", made.HttpTimeout, "15s")
	same(w, "rate_limit", made.RateLimit, 100)
	same(w, "rate_limit_duration", made.RateLimitDuration, "1m0s")
	same(w, "secrets", len(made.Secrets), 1)
	same(w, "secret", made.Secrets[0].Value, "a secret of mine")
	same(w, "secret's end", made.Secrets[0].ExpiresAt.IsZero(), true)
	same(w, "authentication", made.Authentication.Type, "api_key")
	same(w, "header_name", made.Authentication.ApiKey.HeaderName, "X-Key")
	same(w, "header_value", made.Authentication.ApiKey.HeaderValue, "[REDACTED]")
	w.recent("created_at", made.CreatedAt)
	w.recent("updated_at", made.UpdatedAt)

	found, err := w.client.Endpoints.Find(w.ctx, made.UID, nil)
	w.ok(err)
	same(w, "uid", found.UID, made.UID)
	same(w, "title", found.Title, made.Title)
	same(w, "secret", found.Secrets[0], made.Secrets[0])

	changed, err := w.client.Endpoints.Update(w.ctx, made.UID, &convoy.CreateEndpointRequest{
		Name: "Renamed", URL: made.TargetUrl, OwnerID: "owner-2", Authentication: found.Authentication}, nil)
	w.ok(err)
	same(w, "title", changed.Title, "Renamed")
	same(w, "owner_id", changed.OwnerID, "owner-2")
	same(w, "description", changed.Description, "for bills")
	same(w, "rate_limit", changed.RateLimit, 100)
	same(w, "http_timeout", changed.HttpTimeout, "15s")
	same(w, "header_name", changed.Authentication.ApiKey.HeaderName, "X-Key")

	w.ok(w.client.Endpoints.Delete(w.ctx, made.UID, nil))
	_, err = w.client.Endpoints.Find(w.ctx, made.UID, nil)
	w.refused(err, "not found")
}

// Goal: endpoints are listed by name, by owner and in pages. Method: three of two owners; the client's parameters,
// which it sends empty if they are not set.
func TestEndpointLists(t *testing.T) {
	w := newWorld(t)
	var made []string
	for _, name := range []string{"first bill", "second bill", "other"} {
		endpoint, err := w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{
			Name: name, URL: "https://example.com/hook", OwnerID: "owner of " + name[:5]}, nil)
		w.ok(err)
		made = append(made, endpoint.UID)
	}
	uids := func(query *convoy.EndpointParams) []string {
		list, err := w.client.Endpoints.All(w.ctx, query)
		w.ok(err)
		return uidsOf(list.Content, func(endpoint convoy.EndpointResponse) string { return endpoint.UID })
	}
	sameList(w, "all", uids(nil), made[2], made[1], made[0])
	sameList(w, "with parameters that are not set", uids(&convoy.EndpointParams{}), made[2], made[1], made[0])
	sameList(w, "by name", uids(&convoy.EndpointParams{Query: "BILL"}), made[1], made[0])
	sameList(w, "by owner", uids(&convoy.EndpointParams{OwnerID: "owner of secon"[:14]}), made[1])
	sameList(w, "by an owner that nobody has", uids(&convoy.EndpointParams{OwnerID: "nobody"}))

	page, err := w.client.Endpoints.All(w.ctx, &convoy.EndpointParams{ListParams: convoy.ListParams{PerPage: 2}})
	w.ok(err)
	same(w, "per_page", page.Pagination.PerPage, 2)
	same(w, "has_next_page", page.Pagination.HasNextPage, true)
	next := &convoy.EndpointParams{ListParams: convoy.ListParams{PerPage: 2,
		NextPageCursor: page.Pagination.NextPageCursor}}
	sameList(w, "the second page", uids(next), made[0])
}

// Goal: an endpoint that is made disabled is inactive and gets nothing. Method: is_disabled, then a change without it.
func TestDisabledEndpoint(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(func(request *convoy.CreateEndpointRequest) { request.IsDisabled = true })
	same(w, "status", endpoint.Status, "inactive")
	w.send(endpoint.UID, "a.b", `{}`)
	w.delivery(endpoint.UID, "Discarded")
	changed, err := w.client.Endpoints.Update(w.ctx, endpoint.UID, &convoy.CreateEndpointRequest{Name: "on",
		URL: hook.url}, nil)
	w.ok(err)
	same(w, "status", changed.Status, "active")
	same(w, "arrivals", len(hook.seen()), 0)
}

// Goal: Pause holds deliveries back, and Pause again lets them go. Method: an event while it is paused.
func TestPauseAndGoOn(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(nil)
	paused, err := w.client.Endpoints.Pause(w.ctx, endpoint.UID)
	w.ok(err)
	same(w, "status", paused.Status, "paused")
	w.send(endpoint.UID, "a.b", `{"kept":true}`)
	w.delivery(endpoint.UID, "Scheduled")
	same(w, "arrivals", len(hook.seen()), 0)
	active, err := w.client.Endpoints.Pause(w.ctx, endpoint.UID)
	w.ok(err)
	same(w, "status", active.Status, "active")
	same(w, "body", string(hook.wait(1)[0].body), `{"kept":true}`)
}

// Goal: a credential that the client gave is sent with every delivery, and one that was redacted and sent back stays.
// Method: the header at the receiver, before and after an update with what Find gave.
func TestEndpointAuthentication(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(func(request *convoy.CreateEndpointRequest) {
		request.Authentication = &convoy.EndpointAuth{Type: "api_key",
			ApiKey: &convoy.ApiKeyAuth{HeaderName: "X-Own-Key", HeaderValue: "open sesame"}}
	})
	w.send(endpoint.UID, "a.b", `{}`)
	same(w, "the header", hook.wait(1)[0].header.Get("X-Own-Key"), "open sesame")
	_, err := w.client.Endpoints.Update(w.ctx, endpoint.UID, &convoy.CreateEndpointRequest{
		Name: "n", URL: hook.url, Authentication: endpoint.Authentication}, nil)
	w.ok(err)
	w.send(endpoint.UID, "a.b", `{}`)
	same(w, "the header", hook.wait(2)[1].header.Get("X-Own-Key"), "open sesame")
}

// Goal: subscriptions are made, read, listed, changed and deleted. Method: the client's calls in that order, with all
// its fields.
func TestSubscriptions(t *testing.T) {
	w := newWorld(t)
	endpoint, err := w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{Name: "e",
		URL: "https://example.com/"}, nil)
	w.ok(err)
	made, err := w.client.Subscriptions.Create(w.ctx, &convoy.CreateSubscriptionRequest{
		Name: "bills", EndpointID: endpoint.UID,
		AlertConfig: &convoy.AlertConfiguration{Count: 4, Threshold: "1h"},
		RetryConfig: &convoy.RetryConfiguration{Type: "linear", Duration: "10s", RetryCount: 3},
		FilterConfig: &convoy.FilterConfiguration{EventTypes: []string{"invoice.paid"},
			Filter: convoy.Filter{Body: map[string]interface{}{"amount": map[string]interface{}{"$gt": 5}}}},
	})
	w.ok(err)
	found, err := w.client.Subscriptions.Find(w.ctx, made.UID)
	w.ok(err)
	for _, each := range []*convoy.SubscriptionResponse{made, found} {
		same(w, "uid", each.UID, made.UID)
		same(w, "name", each.Name, "bills")
		same(w, "type", each.Type, "api")
		sameList(w, "event types", each.FilterConfig.EventTypes, "invoice.paid")
		same(w, "retry_config.type", each.RetryConfig.Type, "linear")
		same(w, "retry_config.retry_count", each.RetryConfig.RetryCount, 3)
		w.recent("created_at", each.CreatedAt)
	}
	body, isMap := found.FilterConfig.Filter.Body["amount"].(map[string]interface{})
	same(w, "the filter is as it was sent", isMap && body["$gt"] == 5.0, true)

	list, err := w.client.Subscriptions.All(w.ctx, &convoy.SubscriptionParams{EndpointID: []string{endpoint.UID}})
	w.ok(err)
	same(w, "listed", len(list.Content), 1)
	same(w, "uid", list.Content[0].UID, made.UID)
	list, err = w.client.Subscriptions.All(w.ctx, &convoy.SubscriptionParams{EndpointID: []string{made.UID}})
	w.ok(err)
	same(w, "of another endpoint", len(list.Content), 0)

	changed, err := w.client.Subscriptions.Update(w.ctx, made.UID, &convoy.CreateSubscriptionRequest{
		Name: "renamed", EndpointID: endpoint.UID, FilterConfig: &convoy.FilterConfiguration{EventTypes: []string{"*"}}})
	w.ok(err)
	same(w, "name", changed.Name, "renamed")
	sameList(w, "event types", changed.FilterConfig.EventTypes, "*")
	w.ok(w.client.Subscriptions.Delete(w.ctx, made.UID))
	_, err = w.client.Subscriptions.Find(w.ctx, made.UID)
	w.refused(err, "not found")
}

// Goal: the filter of a subscription that the client made decides. Method: an owner's endpoint with a filter over the
// body and a header; of four fan-outs only one matches.
func TestSubscriptionFilterDecides(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint, err := w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{Name: "e", URL: hook.url,
		OwnerID: "o"}, nil)
	w.ok(err)
	_, err = w.client.Subscriptions.Create(w.ctx, &convoy.CreateSubscriptionRequest{Name: "s", EndpointID: endpoint.UID,
		FilterConfig: &convoy.FilterConfiguration{EventTypes: []string{"invoice.*"}, Filter: convoy.Filter{
			Body:    map[string]interface{}{"amount": map[string]interface{}{"$gte": 10}},
			Headers: map[string]interface{}{"X-Region": "eu"}}}})
	w.ok(err)
	for _, each := range []struct{ eventType, region, data string }{
		{"order.made", "eu", `{"amount":11}`}, {"invoice.paid", "us", `{"amount":12}`}, {"invoice.paid", "eu",
			`{"amount":9}`},
		{"invoice.paid", "eu", `{"amount":10}`}} {
		w.ok(w.client.Events.FanoutEvent(w.ctx, &convoy.CreateFanoutEventRequest{OwnerID: "o", EventType: each.eventType,
			CustomHeaders: map[string]string{"X-Region": each.region}, Data: []byte(each.data)}))
	}
	same(w, "body", string(hook.wait(1)[0].body), `{"amount":10}`)
	w.delivery(endpoint.UID, "Success")
	same(w, "arrivals", len(hook.seen()), 1)
}

// Goal: sources are made, read, listed, changed and deleted. Method: one that verifies by HMAC; the client changes it
// by POST.
func TestSources(t *testing.T) {
	w := newWorld(t)
	verifier := convoy.VerifierConfig{Type: "hmac",
		HMac: &convoy.HMac{Header: "X-Signature", Hash: "SHA256", Secret: "s", Encoding: "hex"}}
	made, err := w.client.Sources.Create(w.ctx, &convoy.CreateSourceRequest{Name: "partner", Type: "http",
		Verifier: verifier})
	w.ok(err)
	found, err := w.client.Sources.Find(w.ctx, made.UID)
	w.ok(err)
	for _, each := range []*convoy.SourceResponse{made, found} {
		same(w, "uid", each.UID, made.UID)
		same(w, "name", each.Name, "partner")
		same(w, "type", each.Type, "http")
		same(w, "mask_id", len(each.MaskID), 16)
		same(w, "is_disabled", each.IsDisabled, false)
		same(w, "verifier", each.Verifier.Type, "hmac")
		same(w, "hmac", *each.Verifier.HMac, convoy.HMac{Header: "X-Signature", Hash: "SHA256",
			Secret: "[REDACTED]", Encoding: "hex"})
		w.recent("created_at", each.CreatedAt)
	}
	changed, err := w.client.Sources.Update(w.ctx, made.UID, &convoy.CreateSourceRequest{
		Name: "renamed", Type: "http", IsDisabled: true, Verifier: *found.Verifier})
	w.ok(err)
	same(w, "name", changed.Name, "renamed")
	same(w, "is_disabled", changed.IsDisabled, true)
	same(w, "mask_id", changed.MaskID, made.MaskID)

	for kind, count := range map[string]int{"http": 1, "pub_sub": 0, "": 1} {
		list, err := w.client.Sources.All(w.ctx, &convoy.SourceParams{Type: kind})
		w.ok(err)
		same(w, "sources of type "+kind, len(list.Content), count)
	}
	w.ok(w.client.Sources.Delete(w.ctx, made.UID))
	_, err = w.client.Sources.Find(w.ctx, made.UID)
	w.refused(err, "not found")
}

// Goal: portal links are made, read, listed and changed; the client's Revoke, which sends the update's request
// without fields, is refused and revokes nothing. Method: its calls in that order.
func TestPortalLinks(t *testing.T) {
	w := newWorld(t)
	endpoint, err := w.client.Endpoints.Create(w.ctx, &convoy.CreateEndpointRequest{
		Name: "e", URL: "https://example.com/", OwnerID: "customer"}, nil)
	w.ok(err)
	made, err := w.client.PortalLinks.Create(w.ctx, &convoy.CreatePortalLinkRequest{
		Name: "door", OwnerID: "customer", CanManageEndpoint: true})
	w.ok(err)
	found, err := w.client.PortalLinks.Find(w.ctx, made.UID)
	w.ok(err)
	list, err := w.client.PortalLinks.All(w.ctx)
	w.ok(err)
	same(w, "listed", len(list.Content), 1)
	for _, each := range []*convoy.PortalLinkResponse{made, found, &list.Content[0]} {
		same(w, "uid", each.UID, made.UID)
		same(w, "name", each.Name, "door")
		same(w, "project_id", each.ProjectID, w.projectID)
		same(w, "owner_id", each.OwnerID, "customer")
		same(w, "can_manage_endpoint", each.CanManageEndpoint, true)
		same(w, "token", len(each.Token), 24)
		same(w, "endpoint_count", each.EndpointCount, 1)
		sameList(w, "endpoints", each.Endpoints, endpoint.UID)
	}
	changed, err := w.client.PortalLinks.Update(w.ctx, made.UID, &convoy.UpdatePortalLinkRequest{Name: "gate",
		OwnerID: "customer"})
	w.ok(err)
	same(w, "name", changed.Name, "gate")
	same(w, "can_manage_endpoint", changed.CanManageEndpoint, false)
	w.refused(w.client.PortalLinks.Revoke(w.ctx, made.UID), "")
	_, err = w.client.PortalLinks.Find(w.ctx, made.UID)
	w.ok(err)
}

// Goal: the project is found, changed and deleted. Method: the client changes it by POST, with a configuration of its
// own words; its key ends with it.
func TestProject(t *testing.T) {
	w := newWorld(t)
	found, err := w.client.Projects.Find(w.ctx, w.projectID)
	w.ok(err)
	same(w, "uid", found.UID, w.projectID)
	same(w, "type", found.Type, "outgoing")
	same(w, "strategy", *found.Config.Strategy, convoy.StrategyConfiguration{Type: "linear", Duration: 1,
		RetryCount: 5})
	same(w, "signature.header", found.Config.Signature.Header, "X-Convoy-Signature")
	w.recent("created_at", found.CreatedAt)
	changed, err := w.client.Projects.Update(w.ctx, w.projectID, &convoy.CreateProjectRequest{
		Name: "renamed-" + w.projectID, Type: "outgoing", Project: &convoy.ProjectConfig{
			RateLimit:       &convoy.RateLimitConfiguration{Count: 500, Duration: 60},
			Strategy:        &convoy.StrategyConfiguration{Type: "exponential", Duration: 2, RetryCount: 7},
			Signature:       &convoy.SignatureConfiguration{Header: "X-Own-Signature", Hash: "SHA256"},
			RetentionPolicy: &convoy.RetentionPolicyConfiguration{Policy: "720h"}, DisableEndpoint: true,
		}})
	w.ok(err)
	same(w, "name", changed.Name, "renamed-"+w.projectID)
	same(w, "ratelimit", *changed.Config.RateLimit, convoy.RateLimitConfiguration{Count: 500, Duration: 60})
	same(w, "strategy", *changed.Config.Strategy, convoy.StrategyConfiguration{Type: "exponential", Duration: 2,
		RetryCount: 7})
	same(w, "signature.header", changed.Config.Signature.Header, "X-Own-Signature")
	same(w, "disable_endpoint", changed.Config.DisableEndpoint, true)
	w.ok(w.client.Projects.Delete(w.ctx, w.projectID))
	_, err = w.client.Projects.Find(w.ctx, w.projectID)
	w.refused(err, "")
}

// Goal: an endpoint's secret is replaced, and the old one signs until its time. Method: RollSecret; what arrives then
// verifies with both, and the new one is in the answer of Find.
func TestRollSecret(t *testing.T) {
	w := newWorld(t)
	hook := w.receiver()
	endpoint := hook.subscribed(func(request *convoy.CreateEndpointRequest) { request.AdvancedSignatures = truth(true) })
	w.ok(w.client.Endpoints.RollSecret(w.ctx, endpoint.UID, &convoy.RollSecretRequest{Expiration: 1,
		Secret: "the new secret"}))
	rolled, err := w.client.Endpoints.Find(w.ctx, endpoint.UID, nil)
	w.ok(err)
	same(w, "secrets", len(rolled.Secrets), 2)
	same(w, "the old one", rolled.Secrets[0].Value, endpoint.Secrets[0].Value)
	same(w, "the old one ends", rolled.Secrets[0].ExpiresAt.After(time.Now()), true)
	same(w, "the new one", rolled.Secrets[1].Value, "the new secret")
	same(w, "the new one does not end", rolled.Secrets[1].ExpiresAt.IsZero(), true)
	w.send(endpoint.UID, "a.b", `{}`)
	arrived := hook.wait(1)[0]
	for _, secret := range rolled.Secrets {
		w.ok(convoy.NewWebhook(&convoy.WebhookOpts{Secret: secret.Value}).VerifyRequest(arrived.request()))
	}
}
