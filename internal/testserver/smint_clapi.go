package testserver

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"
)

func (s *Smint) serveMetadata(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopeFull) {
		return
	}
	s.mu.Lock()
	lists := make(SmintJSON, len(s.feed.Metadata))
	for name, raw := range s.feed.Metadata {
		lists[name] = raw
	}
	s.mu.Unlock()
	smintReply(w, http.StatusOK, lists)
}

// SetMetadata replaces one of the 15 lists of generic metadata. A nil list is
// sent as null, [SmintAbsent] leaves it out.
func (s *Smint) SetMetadata(name string, list any) error {
	if list == SmintAbsent {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.feed.Metadata, name)
		return nil
	}
	raw, err := smintRaw(list)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.feed.Metadata[name] = raw
	return nil
}

func (s *Smint) serveTransactions(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopeFull) {
		return
	}
	query := r.URL.Query()
	limit := s.options.PageLimit
	if text := query.Get(s.options.Paths.LimitParameter); text != "" {
		asked, err := strconv.Atoi(text)
		if err != nil || asked < 1 {
			smintRefuse(w, http.StatusBadRequest, "invalid_argument", "The limit is not a positive number", SmintJSON{"name": s.options.Paths.LimitParameter})
			return
		}
		limit = min(asked, s.options.MaxPageLimit)
	}
	asked := query.Get(s.options.Paths.ContinuationParameter)

	s.mu.Lock()
	defer s.mu.Unlock()
	place := 0
	if asked != "" {
		var ok bool
		if place, ok = s.placeOf(asked); !ok {
			smintRefuse(w, http.StatusBadRequest, "invalid_argument", "The continuation is unknown", SmintJSON{"name": s.options.Paths.ContinuationParameter})
			return
		}
	}
	if place == len(s.feed.Entries) && len(s.feed.Later) > 0 {
		change := s.feed.Later[0]
		s.feed.Later = s.feed.Later[1:]
		if err := s.apply(change); err != nil {
			smintRefuse(w, http.StatusInternalServerError, "fake", err.Error(), nil)
			return
		}
	}
	end := min(place+limit, len(s.feed.Entries))
	smintReply(w, http.StatusOK, s.page(asked, place, end))
}

// page writes the page by hand, so that seeded bytes stay what they are, even
// where they are not JSON.
func (s *Smint) page(asked string, place, end int) json.RawMessage {
	next := []byte("null")
	switch {
	case s.feed.Stuck && asked != "", end == 0:
		if asked != "" {
			next, _ = json.Marshal(asked)
		}
	default:
		next, _ = json.Marshal(s.Continuation(end))
	}
	var body bytes.Buffer
	body.WriteString(`{"count":` + strconv.Itoa(end-place) + `,"continuation_uuid":`)
	body.Write(next)
	body.WriteString(`,"license_purchase_transactions":[`)
	for i, entry := range s.feed.Entries[place:end] {
		if i > 0 {
			body.WriteByte(',')
		}
		body.Write(entry.Raw)
	}
	body.WriteString(`]}`)
	return body.Bytes()
}

func (s *Smint) serveBinaries(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopeFull) {
		return
	}
	uuid, cart := r.PathValue("licensePurchaseTransactionUuid"), r.PathValue("cartPurchaseTransactionUuid")
	s.mu.Lock()
	defer s.mu.Unlock()
	purchase := s.feed.Purchases[uuid]
	var object SmintJSON
	if purchase != nil {
		object, _ = smintObject(purchase.Raw)
	}
	if object == nil || smintString(object, "cart_purchase_transaction_uuid") != cart {
		smintRefuse(w, http.StatusNotFound, "not_found", "License purchase transaction not found",
			SmintJSON{"uuid": uuid, "name": "license_purchase_transaction"})
		return
	}
	if object["can_be_synced"] != true {
		smintRefuse(w, http.StatusConflict, "cannot_be_synced", "License purchase transaction cannot be synced",
			SmintJSON{"uuid": uuid, "name": "license_purchase_transaction"})
		return
	}
	list := make([]any, 0, len(purchase.Binaries))
	for _, one := range purchase.Binaries {
		list = append(list, one.wire(s.address(r, uuid, one.UUID, one.SmintVersion)))
	}
	smintReply(w, http.StatusOK, list)
}
