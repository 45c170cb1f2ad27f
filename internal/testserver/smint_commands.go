package testserver

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
)

// smintCommand is what the commands of the write-back have made of an asset.
type smintCommand struct {
	Sequence    int64     `json:"sequence"`
	Action      string    `json:"action"`
	State       string    `json:"state"`
	Before      string    `json:"before"`
	EffectiveAt time.Time `json:"effective_at"`
	Version     string    `json:"version"`
	Replacement string    `json:"replacement"`
	Reason      string    `json:"reason"`
	Changes     int       `json:"changes"`
}

// The actions of the write-back, in the words of the gateway.
const (
	smintPublish = "publish"
	smintUpdate  = "update"
	smintExpire  = "expire"
	smintRemove  = "remove_access"
	smintReplace = "replace"
	smintRestore = "restore"
)

// The states that commands lead to.
const (
	smintPublished  = "published"
	smintExpired    = "expired"
	smintRemoved    = "removed"
	smintSuperseded = "superseded"
)

// smintOrder is one item of a command.
type smintOrder struct {
	external, action, reason, replacement, version string
	sequence                                       int64
	effective                                      time.Time
	fault                                          string
}

// smintVerdict is the answer to one item.
type smintVerdict struct {
	status, code, message string
}

// now is the state at an instant: a command may name a later one.
func (c *smintCommand) now(at time.Time) string {
	if at.Before(c.EffectiveAt) {
		return c.Before
	}
	return c.State
}

// obey carries one item out, idempotent by (external id, sequence): a number
// seen before changes nothing, an older one is stale, and what was removed
// comes back only by a later publish.
func (s *Smint) obey(order smintOrder) smintVerdict {
	if order.fault != "" {
		return smintVerdict{"rejected", "invalid_argument", order.fault}
	}
	current := s.portal.Commands[order.external]
	_, indexed := s.indexed(order.external)
	switch {
	case current != nil && order.sequence < current.Sequence:
		return smintVerdict{status: "stale"}
	case current != nil && order.sequence == current.Sequence && order.action != current.Action:
		return smintVerdict{"rejected", "sequence_reused", "The sequence number was used for " + current.Action}
	case current != nil && order.sequence == current.Sequence:
		return smintVerdict{status: "unchanged"}
	case order.action == smintReplace && (order.replacement == "" || order.replacement == order.external):
		return smintVerdict{"rejected", "replacement_missing", "The replacement is missing or the asset itself"}
	case current == nil && !indexed && order.action != smintPublish && order.action != smintRemove:
		return smintVerdict{"not_found", "not_found", "The asset is unknown"}
	}
	before := smintPublished
	if current == nil {
		current = &smintCommand{}
		s.portal.Commands[order.external] = current
	} else {
		before = current.now(s.now())
	}
	state := smintNext(before, order.action)
	same := state == before && current.Version == order.version && current.Replacement == order.replacement && current.Sequence > 0
	*current = smintCommand{
		Sequence: order.sequence, Action: order.action, State: state, Before: before, EffectiveAt: order.effective,
		Version: order.version, Replacement: order.replacement, Reason: order.reason, Changes: current.Changes + 1,
	}
	if order.action == smintPublish || order.action == smintRestore {
		s.wanted(order)
	}
	if same {
		return smintVerdict{status: "unchanged"}
	}
	return smintVerdict{status: "applied"}
}

func smintNext(before, action string) string {
	switch {
	case action == smintPublish || action == smintRestore:
		return smintPublished
	case action == smintRemove:
		return smintRemoved
	case before == smintRemoved || action == smintUpdate:
		return before
	case action == smintExpire:
		return smintExpired
	default:
		return smintSuperseded
	}
}

// wanted has a published asset read from the feed at the driver's next poll.
// Without a feed the index takes the bare reference.
func (s *Smint) wanted(order smintOrder) {
	if len(s.drivers) > 0 {
		for _, driver := range s.drivers {
			driver.wanted["otcs-"+order.external] = true
		}
		return
	}
	if _, ok := s.indexed(order.external); ok {
		return
	}
	id := "otcs-" + order.external
	s.portal.Index[id] = &smintIndexed{Instance: "99", Asset: SmintJSON{
		"id": id, "external_id": order.external, "version": order.version, "content_type": "document",
		"name":        SmintText("x-default", order.external),
		"permissions": []any{smintMaySearch, smintMayRead, smintMayHires}, "attributes": SmintJSON{},
	}}
}

func (s *Smint) indexed(external string) (*smintIndexed, bool) {
	for _, id := range slices.Sorted(maps.Keys(s.portal.Index)) {
		if entry := s.portal.Index[id]; smintString(entry.Asset, "external_id") == external {
			return entry, true
		}
	}
	return nil, false
}

// commanded lays what was commanded over an asset; nil is a removed one.
func (s *Smint) commanded(asset SmintJSON) SmintJSON {
	command := s.portal.Commands[smintString(asset, "external_id")]
	if command == nil {
		return asset
	}
	state := command.now(s.now())
	switch state {
	case smintRemoved:
		return nil
	case smintExpired, smintSuperseded:
	default:
		return asset
	}
	may := []any{}
	for _, permission := range smintStrings(asset["permissions"]) {
		if permission != smintMayHires && permission != smintMayLayout {
			may = append(may, permission)
		}
	}
	patch := SmintJSON{
		"permissions": may, "attributes": SmintJSON{"ecm_lifecycle_state": state},
		"indicator": SmintJSON{"icon": "alert", "color": "#ff9800", "text": SmintText("en", map[string]string{smintExpired: "Expired", smintSuperseded: "Superseded"}[state])},
	}
	if state == smintExpired && !command.EffectiveAt.IsZero() {
		patch["publish_until"] = SmintTime(command.EffectiveAt)
	}
	if state == smintSuperseded {
		patch["attributes"] = SmintJSON{"ecm_lifecycle_state": state, "ecm_replaced_by": command.Replacement}
	}
	return SmintMerge(asset, patch)
}

// assetID is the scoped id under which the portal knows an external one.
func (s *Smint) assetID(external string) any {
	if entry, ok := s.indexed(external); ok {
		return entry.scoped()
	}
	return nil
}

// orderOf reads an item of the custom interface.
func orderOf(action string, item SmintJSON) smintOrder {
	order := smintOrder{
		action: action, external: smintMemberText(item, "externalId"), reason: smintMemberText(item, "reason"),
		replacement: smintMemberText(item, "replacementExternalId"), version: smintMemberText(item, "version"),
	}
	order.fault = order.fill(smintMember(item, "sequence"), smintMember(item, "effectiveAt"))
	return order
}

// fill reads the two members that can be wrong and says what is.
func (o *smintOrder) fill(sequence, effective any) string {
	if o.external == "" {
		return "externalId is missing"
	}
	number, ok := sequence.(json.Number)
	if !ok {
		return "sequence is missing or not a number"
	}
	var err error
	if o.sequence, err = number.Int64(); err != nil || o.sequence < 1 {
		return "sequence is not a positive whole number"
	}
	if text, ok := effective.(string); ok && text != "" {
		if o.effective, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return "effectiveAt is not a date with time and zone"
		}
	} else if effective != nil {
		return "effectiveAt is not a text"
	}
	return ""
}

// commandMethods are the methods of the custom interface with their actions.
func commandMethods() map[string]string {
	return map[string]string{
		"upsertAssetsAsync": smintPublish, "expireAssetsAsync": smintExpire, "removeAccessAsync": smintRemove,
		"replaceAssetsAsync": smintReplace, "getAssetStatesAsync": "",
	}
}

// runCommand answers one call of the custom interface.
func (s *Smint) runCommand(call *smintCall, action string) {
	items, ok := call.member("items").([]any)
	if !ok || (action != "" && smintMemberText(call.arguments, "commandId") == "") {
		call.refuse(400, "invalid_argument", "commandId and items are expected")
		return
	}
	results := make([]any, 0, len(items))
	for _, one := range items {
		item, _ := one.(SmintJSON)
		order := orderOf(action, item)
		verdict := smintVerdict{status: "applied"}
		if action != "" {
			verdict = s.obey(order)
		}
		result := SmintJSON{"externalId": order.external, "assetId": s.assetID(order.external), "errorCode": smintOrNull(verdict.code), "errorMessage": smintOrNull(verdict.message)}
		current := s.portal.Commands[order.external]
		switch _, indexed := s.indexed(order.external); {
		case current != nil:
			result["sequence"], result["state"] = current.Sequence, current.now(s.now())
		case indexed && action == "":
			result["sequence"], result["state"] = 0, smintPublished
		default:
			result["sequence"], result["state"] = order.sequence, nil
			if action == "" {
				verdict.status = "not_found"
			}
		}
		result["status"] = verdict.status
		if verdict.status == "rejected" || verdict.status == "not_found" {
			call.failed++
		}
		results = append(results, result)
	}
	call.steps, call.result = len(items), SmintJSON{"results": results}
}

// CommandState tells the state and the highest sequence that commands have led
// to for an external id; an empty state is an asset that none ever named.
func (s *Smint) CommandState(external string) (state string, sequence int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if command := s.portal.Commands[external]; command != nil {
		return command.now(s.now()), command.Sequence
	}
	return "", 0
}

func (c *smintCommand) etag() string { return fmt.Sprintf(`"%d-%d"`, c.Sequence, c.Changes) }
