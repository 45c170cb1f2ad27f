package testserver

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
)

// smintReplayed is the answer kept under an Idempotency-Key.
type smintReplayed struct {
	Body   string    `json:"body"`
	Status int       `json:"status"`
	Answer SmintJSON `json:"answer"`
}

func (s *Smint) gatewayRoutes() {
	s.mux.HandleFunc("PUT /gateway/v1/assets/{externalId}", s.servePut)
	s.mux.HandleFunc("POST /gateway/v1/assets/{externalId}/lifecycle", s.serveLifecycle)
	s.mux.HandleFunc("GET /gateway/v1/assets/{externalId}", s.serveAssetState)
}

// gatewayBody reads a JSON object; a refusal has been answered.
func (s *Smint) gatewayBody(w http.ResponseWriter, r *http.Request) (SmintJSON, []byte, bool) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return nil, nil, false
	}
	raw, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		smintRefuse(w, http.StatusBadRequest, "invalid_argument", "The body cannot be read", nil)
		return nil, nil, false
	}
	object, err := smintObject(raw)
	if err != nil {
		smintRefuse(w, http.StatusBadRequest, "invalid_argument", "The body is not a JSON object", nil)
		return nil, nil, false
	}
	return object, raw, true
}

func (s *Smint) servePut(w http.ResponseWriter, r *http.Request) {
	body, _, ok := s.gatewayBody(w, r)
	if !ok {
		return
	}
	order := smintOrder{external: r.PathValue("externalId"), action: smintPublish, version: smintString(body, "version"), reason: smintString(body, "reason")}
	s.mu.Lock()
	defer s.mu.Unlock()
	current := s.portal.Commands[order.external]
	if match := r.Header.Get("If-Match"); match != "" && (current == nil || (match != "*" && match != current.etag())) {
		smintRefuse(w, http.StatusPreconditionFailed, "precondition_failed", "The asset has changed", SmintJSON{"name": order.external})
		return
	}
	if r.Header.Get("If-None-Match") == "*" && current != nil {
		smintRefuse(w, http.StatusPreconditionFailed, "precondition_failed", "The asset exists", SmintJSON{"name": order.external})
		return
	}
	order.fault = order.fill(body["sequence"], nil)
	status := http.StatusOK
	if current == nil {
		status = http.StatusCreated
	}
	s.gatewayAnswer(w, order, status, nil)
}

// gatewayAnswer carries the order out and answers; keep, if there, gets the
// answer.
func (s *Smint) gatewayAnswer(w http.ResponseWriter, order smintOrder, status int, keep func(int, SmintJSON)) {
	verdict := s.obey(order)
	var answer SmintJSON
	switch verdict.status {
	case "applied", "unchanged":
		answer = s.gatewayState(order.external)
	case "stale":
		status = http.StatusConflict
		answer = SmintJSON{"error_code": "stale", "error_message": "A later command was carried out already", "error_details": s.gatewayState(order.external)}
	case "not_found":
		status = http.StatusNotFound
		answer = SmintJSON{"error_code": "not_found", "error_message": verdict.message, "error_details": SmintJSON{"uuid": order.external, "name": "asset"}}
	default:
		status = http.StatusBadRequest
		answer = SmintJSON{"error_code": verdict.code, "error_message": verdict.message}
	}
	if keep != nil {
		keep(status, answer)
	}
	if etag := smintString(answer, "etag"); etag != "" {
		w.Header().Set("ETag", etag)
	}
	smintReply(w, status, answer)
}

func (s *Smint) gatewayState(external string) SmintJSON {
	current := s.portal.Commands[external]
	if current == nil {
		return SmintJSON{"external_id": external, "asset_id": s.assetID(external), "state": smintPublished, "sequence": 0, "etag": `"0-0"`}
	}
	return SmintJSON{
		"external_id": external, "asset_id": s.assetID(external), "state": current.now(s.now()), "sequence": current.Sequence, "etag": current.etag(),
	}
}

func (s *Smint) serveLifecycle(w http.ResponseWriter, r *http.Request) {
	body, raw, ok := s.gatewayBody(w, r)
	if !ok {
		return
	}
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		smintRefuse(w, http.StatusBadRequest, "invalid_argument", "An Idempotency-Key is expected", nil)
		return
	}
	order := smintOrder{
		external: r.PathValue("externalId"), action: smintString(body, "action"), reason: smintString(body, "reason"),
		replacement: smintString(body, "replacement_external_id"), version: smintString(body, "version"),
	}
	order.fault = order.fill(body["sequence"], body["effective_at"])
	switch order.action {
	case smintPublish, smintUpdate, smintExpire, smintRemove, smintReplace, smintRestore:
	default:
		order.fault = "The action is unknown"
	}
	sum := sha256.Sum256(append([]byte(order.external+"\x00"), raw...))
	digest := hex.EncodeToString(sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if kept, ok := s.portal.Replies[key]; ok {
		if kept.Body != digest {
			smintRefuse(w, http.StatusUnprocessableEntity, "idempotency_key_reused", "The key was used for another command", nil)
			return
		}
		smintReply(w, kept.Status, kept.Answer)
		return
	}
	s.gatewayAnswer(w, order, http.StatusOK, func(status int, answer SmintJSON) {
		s.portal.Replies[key] = smintReplayed{Body: digest, Status: status, Answer: answer}
	})
}

func (s *Smint) serveAssetState(w http.ResponseWriter, r *http.Request) {
	if !s.authorized(w, r, smintScopePortal, smintScopeFull) {
		return
	}
	external := r.PathValue("externalId")
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, indexed := s.indexed(external); !indexed && s.portal.Commands[external] == nil {
		smintRefuse(w, http.StatusNotFound, "not_found", "The asset is unknown", SmintJSON{"uuid": external, "name": "asset"})
		return
	}
	answer := s.gatewayState(external)
	w.Header().Set("ETag", smintString(answer, "etag"))
	smintReply(w, http.StatusOK, answer)
}
