package ecm

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/smintecm/sdk/internal/rest"
)

// maxNickname is the server's limit in characters.
const maxNickname = 248

// checkNickname notes what the server would refuse.
func checkNickname(faults *rest.Problems, nickname string) {
	mayText(faults, "nickname", nickname)
	if n := utf8.RuneCountInString(nickname); n < 1 || n > maxNickname || strings.ContainsAny(nickname, "!%()-{}[]\";'<>?,./\\# `") || strings.Trim(nickname, "0123456789") == "" {
		faults.Add("nickname", nickname, "1 to 248 characters, not a number, without spaces and any of !%()-{}[]\";'<>?,./\\#`")
	}
}

// ByNickname finds the node that has a nickname, or ErrNotFound. A nickname is
// the one alias of a node that the server keeps unique by itself.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v2/nicknames/{nickname}/nodes.
func (s *NodesService) ByNickname(ctx context.Context, nickname string) (*Node, error) {
	var faults rest.Problems
	checkNickname(&faults, nickname)
	if err := faults.Err(routes.nickname.Name); err != nil {
		return nil, err
	}
	answer, err := get[v2[nodeData]](ctx, s.core, &routes.nickname, []any{nickname}, nil)
	return oneNode(&routes.nickname, answer, err)
}

// SetNickname gives a node a nickname. One that another node has is
// ErrNameTaken; repeating is safe.
//
// Errors: ErrInvalid, ErrNotFound, ErrAccessOrMissing, ErrNameTaken.
//
// API: PUT /v2/nodes/{id}/nicknames.
func (s *NodesService) SetNickname(ctx context.Context, id NodeID, nickname string) error {
	var faults rest.Problems
	wantID(&faults, "id", id)
	checkNickname(&faults, nickname)
	if err := faults.Err(routes.nicknameSet.Name); err != nil {
		return err
	}
	return s.send(ctx, &routes.nicknameSet, []any{id}, params{}.text("nickname", nickname))
}
