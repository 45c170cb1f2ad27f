package ecm

import (
	"context"

	"github.com/smintecm/sdk/internal/rest"
)

// VolumesService finds the roots of the tree.
type VolumesService service

// Get returns the volume of a subtype, as SubtypeEnterpriseVolume.
//
// Errors: ErrInvalid, ErrNotFound.
//
// API: GET /v2/volumes/{type}.
func (s *VolumesService) Get(ctx context.Context, volume Subtype) (*Node, error) {
	var faults rest.Problems
	wantLeast(&faults, "volume", volume, 1)
	if err := faults.Err(routes.volumeGet.Name); err != nil {
		return nil, err
	}
	answer, err := rest.Do[v2[nodeData]](ctx, s.rest, rest.Request{Route: &routes.volumeGet, Path: []any{int(volume)}, Query: fields(nil)})
	return oneNode(&routes.volumeGet, answer, err)
}
